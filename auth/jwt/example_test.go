package jwt_test

import (
	"fmt"
	"net/http"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/jwt"
)

// A verifier is a resource of a service, and a middleware for any handler.
func ExampleNew() {
	verifier, err := jwt.New(jwt.Config{
		Issuer:    "https://login.example.com/realms/shop",
		Audiences: []string{"https://inventory.example.com/mcp"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	svc := tandem.New("inventory", "1.0.0")
	svc.Manage("login", verifier) // its keys are fetched before the service listens

	handler := auth.Middleware(verifier, auth.Options{})(http.NotFoundHandler())
	fmt.Println(verifier.Name(), handler != nil)
	// Output: https://login.example.com/realms/shop true
}
