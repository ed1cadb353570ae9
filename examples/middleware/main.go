// Command middleware guards a handler of net/http by API keys, without a service
// of Tandem. docs/auth.md shows its code.
package main

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/apikey"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "middleware:", err)
		os.Exit(1)
	}
}

func run() error {
	keys, err := apikey.Open("keys", apikey.Options{})
	if err != nil {
		return err
	}
	defer keys.Close()
	protect := auth.Middleware(keys, auth.Options{})
	mux := http.NewServeMux()
	mux.Handle("/reports", protect(http.HandlerFunc(report)))
	front := &http.Server{
		Addr: cmp.Or(os.Getenv("ADDR"), "127.0.0.1:8000"), Handler: mux,
		ReadHeaderTimeout: 10 * time.Second,
	}
	return front.ListenAndServe()
}

func report(w http.ResponseWriter, r *http.Request) {
	p := tandem.PrincipalFrom(r.Context())
	if !p.Has("reports:read") {
		http.Error(w, "this needs the scope reports:read", http.StatusForbidden)
		return
	}
	fmt.Fprintln(w, "a report for", p.Subject)
}
