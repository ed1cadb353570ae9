package introspection_test

import (
	"context"
	"fmt"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/introspection"
)

// Tokens that no other verifier takes are asked about, so introspection comes last.
func ExampleNew() {
	keys, err := auth.NewAPIKeys([]string{"secret-key-0123456789"})
	if err != nil {
		fmt.Println(err)
		return
	}
	opaque, err := introspection.New(introspection.Config{
		Issuer:       "https://login.example.com",
		ClientID:     "inventory-service",
		ClientSecret: tandem.Secret("from a file or the environment"),
		Audiences:    []string{"https://api.example.com/mcp"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer opaque.Close()
	verifier := auth.Any(keys, opaque)
	for _, verdict := range auth.Explain(context.Background(), verifier, "secret-key-0123456789") {
		fmt.Println(verdict.Verifier, verdict.Took, verdict.Err == nil)
	}
	// Output: API_KEYS true true
}
