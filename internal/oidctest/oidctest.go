// Package oidctest runs a real OAuth 2.1 and OpenID Connect authorization server
// for tests: npm's oidc-provider, on a free loopback port, stopped when the test
// ends. It grants tokens by client credentials and by authorization code with
// PKCE, whose consent needs no person, for any resource (RFC 8707); it
// introspects and revokes opaque ones, lets clients register, rotates its keys
// and fails on demand.
package oidctest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// The formats of access tokens that [Server.Token] takes. The first two are
// at+jwt (RFC 9068); the last is opaque, to be introspected.
const (
	RS256  = "rs256"
	ES256  = "es256"
	Opaque = "opaque"
)

const (
	// Introspector is the client, with [Server.Secret], that may introspect.
	Introspector = "introspector"
	// PublicClient is a client without a secret for authorization codes. Its
	// redirect URI is http://127.0.0.1/callback, with any port.
	PublicClient = "public"
	// Account is who consents to every authorization: the tokens' subject.
	Account = "alice"
)

// Server is an authorization server that belongs to one test.
type Server struct {
	issuer string
	secret string
	child  *child
}

// Start starts a server that grants these scopes and stops it when tb ends.
// Without oidc-provider, or node 22 to run it, it skips the test with the reason,
// or fails it if TANDEM_REQUIRE_SERVICES is 1. Starting takes about a second.
func Start(tb testing.TB, scopes ...string) *Server {
	tb.Helper()
	s, err := start(tb, scopes)
	if err != nil {
		tb.Fatalf("start the authorization server: %v", err)
	}
	return s
}

// Issuer returns the issuer, which is the URL of the server.
func (s *Server) Issuer() string { return s.issuer }

// Secret returns the secret of the clients that have one.
func (s *Server) Secret() string { return s.secret }

// JWKSURL returns where the keys are published.
func (s *Server) JWKSURL() string { return s.issuer + "/jwks" }

// IntrospectionURL returns where opaque tokens are introspected (RFC 7662).
func (s *Server) IntrospectionURL() string { return s.issuer + "/token/introspection" }

// Token returns an access token of this format, [RS256], [ES256] or [Opaque],
// by client credentials: its subject is the client, which is named as the
// format. It is for this resource, which becomes its audience, and lasts ten minutes.
func (s *Server) Token(tb testing.TB, format, resource string, scopes ...string) string {
	tb.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "resource": {resource}, "scope": {strings.Join(scopes, " ")}}
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(s.post(tb, format, "/token", form), &granted); err != nil || granted.AccessToken == "" {
		tb.Fatalf("no token was granted: %v", err)
	}
	return granted.AccessToken
}

// Revoke revokes an opaque token of [Server.Token] (RFC 7009).
func (s *Server) Revoke(tb testing.TB, token string) {
	tb.Helper()
	s.post(tb, Opaque, "/token/revocation", url.Values{"token": {token}})
}

// Rotate makes new keys, with which tokens are signed from now on. The former
// ones stay published until [Server.Withdraw].
func (s *Server) Rotate(tb testing.TB) { s.command(tb, "rotate", nil) }

// Withdraw publishes the newest keys only.
func (s *Server) Withdraw(tb testing.TB) { s.command(tb, "withdraw", nil) }

// Stop closes the server's port and connections, as an outage would. Keys and
// tokens are kept.
func (s *Server) Stop(tb testing.TB) { s.command(tb, "stop", nil) }

// Restart ends the outage, on the same port.
func (s *Server) Restart(tb testing.TB) { s.command(tb, "start", nil) }

// Requests returns how many requests each path got since the start, or since
// they were last forgotten.
func (s *Server) Requests(tb testing.TB) map[string]int {
	var counts map[string]int
	s.command(tb, "requests", &counts)
	return counts
}

// Forget sets the counts of requests to zero.
func (s *Server) Forget(tb testing.TB) { s.command(tb, "forget", nil) }

func (s *Server) command(tb testing.TB, name string, answer any) {
	tb.Helper()
	if err := s.child.ask(name, answer); err != nil {
		tb.Fatalf("authorization server: %s: %v", name, err)
	}
}

// post sends a form as a client and returns the answer.
func (s *Server) post(tb testing.TB, client, path string, form url.Values) []byte {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	body, err := s.send(ctx, client, path, form)
	if err != nil {
		tb.Fatalf("authorization server: %s: %v", path, err)
	}
	return body
}

func (s *Server) send(ctx context.Context, client, path string, form url.Values) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client, s.secret)
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return body, err
}
