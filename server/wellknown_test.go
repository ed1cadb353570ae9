package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

const testIssuer = "https://id.example.com/realms/shop"

// newScoped has an operation with scopes, and a broader scope that implies one.
func newScoped(t *testing.T) *tandem.Service {
	svc := newService(t)
	tandem.Register(svc, tandem.Operation{Name: "restock", Scopes: []string{"stock:write", "stock:read"}},
		func(context.Context, none) (none, error) { return none{}, nil })
	return svc
}

// The documents are where clients look for them: between the host and the path of
// the public address (RFC 9728, section 3.1), and below the base path, as behind a
// proxy that strips it. Each names its resource exactly as clients address it.
func TestResourceMetadata(t *testing.T) {
	for name, c := range map[string]struct {
		config        Config
		rest, mcp     []string // paths of each document
		restAt, mcpAt string   // what they call their resource
		none          []string
	}{
		"at the root": {
			Config{PublicURL: "https://shop.example.com"},
			[]string{wellKnown, wellKnown + "/"}, []string{wellKnown + "/mcp", wellKnown + "/mcp/", wellKnown + "/mcp/sse"},
			"https://shop.example.com", "https://shop.example.com/mcp",
			[]string{wellKnown + "/api/v1", wellKnown + "/mcp/messages", "/mcp" + wellKnown + "x"},
		},
		"below a path": {
			Config{PublicURL: "https://example.com/shop/"},
			[]string{wellKnown + "/shop", "/shop" + wellKnown, wellKnown},
			[]string{wellKnown + "/shop/mcp", wellKnown + "/shop/mcp/sse", "/shop" + wellKnown + "/mcp", wellKnown + "/mcp"},
			"https://example.com/shop", "https://example.com/shop/mcp",
			[]string{wellKnown + "/other/mcp", wellKnown + "/shop/shop"},
		},
		"below a path that is told": {
			Config{PublicURL: "https://example.com/shop", BasePath: "/inner"},
			[]string{wellKnown + "/shop", wellKnown + "/inner", "/inner" + wellKnown},
			[]string{wellKnown + "/shop/mcp", wellKnown + "/inner/mcp", "/inner" + wellKnown + "/mcp"},
			"https://example.com/shop", "https://example.com/shop/mcp",
			[]string{wellKnown, wellKnown + "/mcp"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.Auth, c.config.Verifier = Auth{Issuer: testIssuer}, byScopes
			s := newServer(t, newScoped(t), c.config)
			check := func(paths []string, resource string) {
				for _, path := range paths {
					w := ask(s, "GET", path, "", "Host", s.config.publicHost(), "Origin", "https://inspector.example")
					if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Access-Control-Allow-Origin") != "*" {
						t.Errorf("%s: %d %v", path, w.Code, w.Header())
						continue
					}
					m := decode[auth.ResourceMetadata](t, w.Body.String())
					if m.Resource != resource || !slices.Equal(m.AuthorizationServers, []string{testIssuer}) ||
						!slices.Equal(m.ScopesSupported, []string{"stock:read", "stock:write"}) || !slices.Equal(m.BearerMethodsSupported, []string{"header"}) {
						t.Errorf("%s: %s", path, w.Body)
					}
				}
			}
			check(c.rest, c.restAt)
			check(c.mcp, c.mcpAt)
			for _, path := range c.none {
				if w := ask(s, "GET", path, "", "Host", s.config.publicHost()); w.Code != 404 {
					t.Errorf("%s: %d %s", path, w.Code, w.Body)
				}
			}
		})
	}
}

// Mounted in a program's own router that strips a path, the documents are still
// found, since the router hands on the well-known path as it is.
func TestResourceMetadataMounted(t *testing.T) {
	s := newServer(t, newScoped(t), Config{PublicURL: "https://example.com/shop", Auth: Auth{Issuer: testIssuer}, Verifier: byScopes})
	outer := http.NewServeMux()
	outer.Handle("/shop/", http.StripPrefix("/shop", s))
	outer.Handle(wellKnown+"/", s)
	for path, want := range map[string]string{
		wellKnown + "/shop": "https://example.com/shop", wellKnown + "/shop/mcp": "https://example.com/shop/mcp",
		"/shop" + wellKnown + "/mcp": "https://example.com/shop/mcp",
	} {
		w := ask(outer, "GET", path, "", "Host", "example.com")
		if w.Code != 200 || decode[auth.ResourceMetadata](t, w.Body.String()).Resource != want {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// A challenge names the document of what was asked for: MCP clients find that of
// /mcp, others the root one. Without an authorization server it names none.
func TestChallengesNameMetadata(t *testing.T) {
	const rest, mcp = `resource_metadata="https://example.com` + wellKnown + `/shop"`, `resource_metadata="https://example.com` + wellKnown + `/shop/mcp"`
	config := Config{PublicURL: "https://example.com/shop", Auth: Auth{Issuer: testIssuer}, Verifier: byScopes}
	s := newServer(t, newScoped(t), config)
	s.failures = nil
	config.Auth = Auth{}
	silent := newServer(t, newScoped(t), config)
	for _, q := range routesOfAll {
		if q.open > 0 {
			continue
		}
		want := rest
		if strings.HasPrefix(q.path, "/mcp") {
			want = mcp
		}
		for _, token := range []string{"bad", ""} {
			headers := append([]string{"Host", "example.com"}, q.headers...)
			if token != "" {
				headers = append(headers, "Authorization", "Bearer "+token)
			}
			w := ask(s, q.method, q.path, q.body, headers...)
			if challenge := w.Header().Get("WWW-Authenticate"); w.Code != 401 || !strings.Contains(challenge, want) {
				t.Errorf("%s %s, %q: %d %q", q.method, q.path, token, w.Code, challenge)
			}
			w = ask(silent, q.method, q.path, q.body, headers...)
			if challenge := w.Header().Get("WWW-Authenticate"); w.Code != 401 || strings.Contains(challenge, "resource_metadata") {
				t.Errorf("%s %s without an authorization server: %d %q", q.method, q.path, w.Code, challenge)
			}
		}
	}
	w := ask(s, "POST", "/api/v1/restock", "{}", "Host", "example.com", "Authorization", "Bearer other")
	challenge := w.Header().Get("WWW-Authenticate")
	if w.Code != 403 || !strings.Contains(challenge, rest) || !strings.Contains(challenge, `scope="stock:write stock:read"`) {
		t.Errorf("REST, a missing scope: %d %q", w.Code, challenge)
	}
	call := strings.Replace(callEcho, `"echo","arguments":{"text":"hi"}`, `"restock","arguments":{}`, 1)
	headers := append([]string{"Host", "example.com", "Authorization", "Bearer other"}, modern...)
	headers[len(headers)-1] = "restock"
	w = ask(s, "POST", "/mcp", call, headers...)
	challenge = w.Header().Get("WWW-Authenticate")
	if w.Code != 403 || !strings.Contains(challenge, mcp) || !strings.Contains(challenge, `scope="stock:write stock:read"`) {
		t.Errorf("MCP, a missing scope: %d %q %s", w.Code, challenge, w.Body)
	}
}

// The document tells the scopes that are configured, else those of the operations
// of now; where operations are hidden, theirs are too.
func TestScopesSupported(t *testing.T) {
	svc := newScoped(t)
	scopes := func(s *Server) string {
		w := ask(s, "GET", wellKnown+"/mcp", "", "Host", "shop.example.com")
		return strings.Join(decode[auth.ResourceMetadata](t, w.Body.String()).ScopesSupported, " ")
	}
	config := Config{PublicURL: "https://shop.example.com", Auth: Auth{Issuer: testIssuer}, Verifier: byScopes}
	s := newServer(t, svc, config)
	tandem.Register(svc, tandem.Operation{Name: "late", Scopes: []string{"late"}}, func(context.Context, none) (none, error) { return none{}, nil })
	if got := scopes(s); got != "late stock:read stock:write" {
		t.Errorf("got %q", got)
	}
	config.HideForbidden = true
	if got := scopes(newServer(t, newScoped(t), config)); got != "" {
		t.Errorf("hidden operations need %q", got)
	}
	config.Auth.ScopesSupported = []string{"stock:read"}
	if got := scopes(newServer(t, newScoped(t), config)); got != "stock:read" {
		t.Errorf("got %q", got)
	}
}

// Without an authorization server, or without a name for the resource, there is no
// document; it answers reading alone, and browsers of every origin.
func TestResourceMetadataMethods(t *testing.T) {
	silent := newServer(t, newScoped(t), Config{PublicURL: "https://shop.example.com", Verifier: byScopes})
	if w := ask(silent, "GET", wellKnown, "", "Host", "shop.example.com"); w.Code != 404 {
		t.Errorf("without an authorization server: %d", w.Code)
	}
	s := newServer(t, newScoped(t), Config{PublicURL: "https://shop.example.com", Auth: Auth{Issuer: testIssuer}, Verifier: byScopes})
	if w := ask(s, "POST", wellKnown, "{}", "Host", "shop.example.com"); w.Code != 405 {
		t.Errorf("POST: %d", w.Code)
	}
	w := ask(s, "OPTIONS", wellKnown+"/mcp", "", "Host", "shop.example.com", "Origin", "https://inspector.example",
		"Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "mcp-protocol-version")
	if w.Code != 204 || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("preflight: %d %v", w.Code, w.Header())
	}
	if w := ask(s, "GET", wellKnown, "", "Host", "evil.example"); w.Code != 403 {
		t.Errorf("under a foreign name: %d", w.Code)
	}
	if w := ask(s, "GET", "/", "", "Host", "shop.example.com"); !strings.Contains(w.Body.String(), wellKnown+"/mcp") {
		t.Errorf("the index does not tell of it: %s", w.Body)
	}
}
