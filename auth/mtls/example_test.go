package mtls_test

import (
	"fmt"
	"net/http"

	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/mtls"
)

// Two services of a mesh may call, each with its scopes; there are no tokens.
func ExampleNew() {
	certificates, err := mtls.New(mtls.Config{
		Name: mtls.URI,
		Identities: map[string][]string{
			"spiffe://example.org/billing":  {"items:read"},
			"spiffe://example.org/importer": {"items:read", "items:write"},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	protect := auth.Middleware(nil, auth.Options{Certificates: certificates})
	handler := protect(http.NotFoundHandler()) // served by a TLS server that asks for certificates
	fmt.Println(handler != nil)
	// Output: true
}
