package auth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// A handler behind the middleware knows who calls.
func ExampleMiddleware() {
	keys, err := auth.NewAPIKeys([]string{"secret-key-0123456789"})
	if err != nil {
		fmt.Println(err)
		return
	}
	handler := auth.Middleware(keys, auth.Options{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, tandem.PrincipalFrom(r.Context()).Issuer)
	}))
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer secret-key-0123456789")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
	// Output: 200 api-key
}
