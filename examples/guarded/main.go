// Command guarded is a service whose callers are established by what no variable
// can say: API keys in its own database, and client certificates. docs/auth.md
// shows its code.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"

	_ "modernc.org/sqlite"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth/apikey"
	"github.com/tandem-go/tandem/auth/mtls"
	"github.com/tandem-go/tandem/server"
)

type nothing struct{}

type caller struct {
	Issuer  string   `json:"issuer" doc:"Who vouches for the caller" example:"api-key"`
	Subject string   `json:"subject" doc:"Who calls" example:"key-abcdefghij"`
	Scopes  []string `json:"scopes" doc:"What the caller may do" example:"[\"callers:read\"]"`
}

func whoAmI(ctx context.Context, _ nothing) (caller, error) {
	p := tandem.PrincipalFrom(ctx)
	return caller{Issuer: p.Issuer, Subject: p.Subject, Scopes: append([]string{}, p.Scopes...)}, nil
}

func main() {
	db, err := sql.Open("sqlite", "file:guarded.db?_pragma=busy_timeout(10000)")
	if err != nil {
		fail(err)
	}
	svc := tandem.New("guarded", "1.0.0")
	svc.Manage("db", db)
	tandem.Register(svc, tandem.Operation{
		Name: "who_am_i", Summary: "Tell who calls",
		Method: http.MethodGet, Path: "/me",
		Scopes: []string{"callers:read"},
	}, whoAmI)

	keys := apikey.NewSQL(db, apikey.Options{})
	svc.Manage("api keys", keys)

	certificates, err := services()
	if err != nil {
		fail(err)
	}
	server.Main(svc, func(c *server.Config) {
		c.Verifier = apikey.New(keys)
		c.Certificates = certificates
	})
}

// services returns the verifier of the services that may call.
func services() (*mtls.Verifier, error) {
	return mtls.New(mtls.Config{
		Name: mtls.URI,
		Identities: map[string][]string{
			"spiffe://example.org/billing": {"callers:read"},
		},
	})
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "guarded:", err)
	os.Exit(1)
}
