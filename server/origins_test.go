package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

// doorRequests are one request through each transport.
var doorRequests = []struct {
	name, method, path, body string
	mcp                      bool
	headers                  []string
}{
	{"REST", "POST", "/api/v1/echo", `{"text":"hi"}`, false, nil},
	{"REST, GET", "GET", "/api/v1/echo/hi", "", false, nil},
	{"modern", "POST", "/mcp", callEcho, true, modern},
	{"2025", "POST", "/mcp", initialize, true, modern[:2]},
	{"2025 stream", "GET", "/mcp", "", true, []string{"Accept", "text/event-stream", "Mcp-Session-Id", "x"}},
	{"2025 end", "DELETE", "/mcp", "", true, []string{"Mcp-Session-Id", "x"}},
	{"SSE messages", "POST", "/mcp/messages?sessionId=x", initialize, true, nil},
}

// DNS rebinding: whoever arrives under a foreign name is refused on both doors,
// whatever its Origin claims, and reads which setting to change.
func TestForeignHost(t *testing.T) {
	for name, c := range map[string]struct {
		config  Config
		refused []string
		served  []string
	}{
		"loopback": {
			Config{},
			[]string{"evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.5:8000", "inventory:8000", ""},
			[]string{"localhost", "LOCALHOST:9", "127.0.0.1:8000", "[::1]:8000", "localhost."},
		},
		"public URL": {
			Config{PublicURL: "https://shop.example.com/inventory", APIKeys: []tandem.Secret{testKey}},
			[]string{"evil.example", "shop.example.com.evil.example", "example.com", "xshop.example.com"},
			[]string{"shop.example.com", "Shop.Example.com:443", "localhost:8000"},
		},
		"public URL beyond loopback": {
			Config{Addr: ":8000", PublicURL: "https://shop.example.com", APIKeys: []tandem.Secret{testKey}, AllowedHosts: []string{"shop.internal"}},
			[]string{"evil.example", "shop.internal.evil.example"},
			[]string{"shop.example.com", "shop.internal:8000", "10.0.0.5:8000", "inventory:8000"},
		},
		"no name, no credentials": {
			Config{Addr: ":8000", InsecureNoAuth: true},
			[]string{"evil.example"},
			[]string{"10.0.0.5:8000", "[fd00::1]:8000", "inventory"},
		},
		// A rebound page has no credentials to send.
		"no name, credentials": {
			Config{Addr: ":8000", APIKeys: []tandem.Secret{testKey}},
			nil,
			[]string{"shop.example.com", "10.0.0.5:8000"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, newService(t), c.config)
			for _, q := range doorRequests {
				for _, host := range c.refused {
					for _, origin := range []string{"", "http://" + host} {
						headers := append([]string{"Host", host, "Authorization", "Bearer " + testKey}, q.headers...)
						if origin != "" {
							headers = append(headers, "Origin", origin)
						}
						w := ask(s, q.method, q.path, q.body, headers...)
						if w.Code != 403 {
							t.Errorf("%s, Host %q, Origin %q: %d", q.name, host, origin, w.Code)
							continue
						}
						if p := problem(t, w); !strings.Contains(p.Detail, "PUBLIC_URL") {
							t.Errorf("%q does not say what to set", p.Detail)
						}
					}
				}
				for _, host := range c.served {
					w := ask(s, q.method, q.path, q.body, append([]string{"Host", host, "Authorization", "Bearer " + testKey}, q.headers...)...)
					if w.Code == 403 || w.Code == 421 {
						t.Errorf("%s, Host %q: %d %s", q.name, host, w.Code, w.Body)
					}
				}
			}
			for _, host := range c.refused {
				if w := ask(s, "GET", "/health", "", "Host", host); w.Code != 200 {
					t.Errorf("a probe under %q gets %d", host, w.Code)
				}
			}
		})
	}
}

// foreignOrigins are none of the allowed one, however alike.
var foreignOrigins = []string{
	"https://evil.example", "null", "https://app.example.com.evil.example", "https://evil-app.example.com",
	"https://app.example.com:8443", "http://app.example.com", "https://app.example.com/", "https://APP.example.com",
	"https://sub.app.example.com", "app.example.com", "*", "", "https://app.example.com https://evil.example",
	"http://localhost:3000", "http://127.0.0.1:8001",
}

// A foreign Origin is refused on MCP; on REST it gets no CORS headers, so that its
// browser shows it nothing. An allowed one gets them, on errors too.
func TestOrigins(t *testing.T) {
	const app = "https://app.example.com"
	s := newServer(t, newService(t), Config{
		PublicURL: "https://shop.example.com", AllowedOrigins: []string{app}, APIKeys: []tandem.Secret{testKey},
	})
	for _, q := range doorRequests {
		for _, origin := range foreignOrigins {
			w := ask(s, q.method, q.path, q.body, append([]string{"Origin", origin, "Authorization", "Bearer " + testKey}, q.headers...)...)
			if cors := w.Header().Get("Access-Control-Allow-Origin"); cors != "" {
				t.Errorf("%s, Origin %q: may read the answer (%q)", q.name, origin, cors)
			}
			if q.mcp && (w.Code != 403 || !strings.Contains(problem(t, w).Detail, "ALLOWED_ORIGINS")) {
				t.Errorf("%s, Origin %q: %d %s", q.name, origin, w.Code, w.Body)
			}
			if !q.mcp && w.Code != 200 {
				t.Errorf("%s, Origin %q: %d %s", q.name, origin, w.Code, w.Body)
			}
		}
		for _, origin := range []string{app, "https://shop.example.com", "http://localhost:8000"} {
			for _, token := range []string{testKey, "wrong-key-0123456789"} {
				w := ask(s, q.method, q.path, q.body, append([]string{"Origin", origin, "Authorization", "Bearer " + token}, q.headers...)...)
				if w.Code == 403 || (token != testKey) != (w.Code == 401) {
					t.Errorf("%s, Origin %q: %d %s", q.name, origin, w.Code, w.Body)
				}
				h := w.Header()
				if h.Get("Access-Control-Allow-Origin") != origin || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "WWW-Authenticate") ||
					!strings.Contains(h.Get("Access-Control-Expose-Headers"), "Mcp-Session-Id") || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Origin") {
					t.Errorf("%s, Origin %q, %d: headers %v", q.name, origin, w.Code, h)
				}
			}
		}
	}
}

// Two Origins are none.
func TestTwoOrigins(t *testing.T) {
	s := newServer(t, newService(t), Config{})
	w := ask(s, "POST", "/mcp", callEcho, append([]string{"Origin", "http://localhost:8000", "Origin", "https://evil.example"}, modern...)...)
	if w.Code != 403 {
		t.Errorf("got %d", w.Code)
	}
}

// Under a name that is not known to be the service's, a page of that name is not
// the service's own.
func TestSameOriginNeedsKnownName(t *testing.T) {
	s := newServer(t, newService(t), Config{Addr: ":8000", APIKeys: []tandem.Secret{testKey}})
	same := func(host string) int {
		headers := append([]string{"Host", host, "Origin", "http://" + host, "Authorization", "Bearer " + testKey}, modern...)
		return ask(s, "POST", "/mcp", callEcho, headers...).Code
	}
	if code := same("evil.example"); code != 403 {
		t.Errorf("a foreign name: %d", code)
	}
	if code := same("10.0.0.5:8000"); code != 200 {
		t.Errorf("an address: %d", code)
	}
}

// The scheme counts: what a proxy says of it, if it is trusted.
func TestSameOriginScheme(t *testing.T) {
	s := newServer(t, newService(t), Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	for _, c := range []struct {
		origin, proto string
		want          int
	}{
		{"https://localhost:8000", "https", 200},
		{"https://localhost:8000", "", 403},
		{"http://localhost:8000", "https", 403},
		{"http://localhost:8000", "", 200},
	} {
		headers := append([]string{"Origin", c.origin, "X-Forwarded-Proto", c.proto}, modern...)
		if w := ask(s, "POST", "/mcp", callEcho, headers...); w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
	}
}

// A page cannot make a browser post without asking first, by a request that needs
// no preflight.
func TestFormPost(t *testing.T) {
	s := newServer(t, newService(t), Config{})
	for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""} {
		w := ask(s, "POST", "/api/v1/fail", "", "Origin", "https://evil.example", "Content-Type", kind)
		if w.Code != 403 {
			t.Errorf("%q: %d", kind, w.Code)
		}
	}
}

// A preflight is answered before credentials are looked at, with the headers that
// both doors need, those of operations and of MCP parameters among them.
func TestPreflight(t *testing.T) {
	const app = "https://app.example.com"
	s := newServer(t, newService(t), Config{AllowedOrigins: []string{app}, APIKeys: []tandem.Secret{testKey}})
	preflight := func(path, origin, headers string) (int, http.Header) {
		w := ask(s, "OPTIONS", path, "", "Origin", origin, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", headers)
		return w.Code, w.Header()
	}
	for _, path := range []string{"/api/v1/echo", "/mcp", "/mcp/", "/mcp/sse", "/mcp/messages"} {
		code, h := preflight(path, app, "authorization, trace, mcp-param-region, x-evil, mcp-param-\x01")
		if code != 204 || h.Get("Access-Control-Allow-Origin") != app || h.Get("Access-Control-Max-Age") == "" {
			t.Errorf("%s: %d %v", path, code, h)
		}
		allowed := strings.ToLower(h.Get("Access-Control-Allow-Headers"))
		for _, name := range []string{
			"authorization", "content-type", "mcp-protocol-version", "mcp-session-id", "mcp-method", "mcp-name",
			"last-event-id", "idempotency-key", "mcp-param-region", "trace", "tandem-request-state", "tandem-input-responses",
		} {
			if !strings.Contains(", "+allowed+",", ", "+name+",") {
				t.Errorf("%s: %q is not allowed by %q", path, name, allowed)
			}
		}
		if strings.Contains(allowed, "x-evil") || strings.Contains(allowed, "\x01") {
			t.Errorf("%s: too much is allowed: %q", path, allowed)
		}
		for _, method := range []string{"GET", "POST", "DELETE", "PUT", "PATCH"} {
			if !strings.Contains(h.Get("Access-Control-Allow-Methods"), method) {
				t.Errorf("%s: %s is not allowed", path, method)
			}
		}
		if h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: cookies are invited", path)
		}
		for _, origin := range foreignOrigins {
			code, h := preflight(path, origin, "authorization")
			if h.Get("Access-Control-Allow-Origin")+h.Get("Access-Control-Allow-Headers") != "" {
				t.Errorf("%s, %q: %v", path, origin, h)
			}
			if strings.HasPrefix(path, "/mcp") && code != 403 {
				t.Errorf("%s, %q: %d", path, origin, code)
			}
		}
	}
}

// A plain OPTIONS is the door's, and needs credentials.
func TestPlainOptions(t *testing.T) {
	s := newServer(t, newService(t), Config{APIKeys: []tandem.Secret{testKey}})
	if w := ask(s, "OPTIONS", "/api/v1/echo", ""); w.Code != 401 {
		t.Errorf("without credentials: %d", w.Code)
	}
	w := ask(s, "OPTIONS", "/api/v1/echo", "", "Authorization", "Bearer "+testKey)
	if w.Code != 204 || !strings.Contains(w.Header().Get("Allow"), "POST") {
		t.Errorf("with credentials: %d %v", w.Code, w.Header())
	}
}

// Wildcards and near-origins do not start, with credentials or without.
func TestOriginsRefuseToStart(t *testing.T) {
	for _, list := range [][]string{
		{}, {"*"}, {"null"}, {""}, {"https://app.example.com/"}, {"https://app.example.com/x"}, {"https://*.example.com"},
		{"https://app.example.com", "*"}, {"//app.example.com"}, {"https://app.example.com?x"}, {"https://a b"}, {"https://app.example.com:"},
	} {
		for _, keys := range [][]tandem.Secret{nil, {testKey}} {
			if _, err := New(newService(t), Config{AllowedOrigins: list, APIKeys: keys}); err == nil {
				t.Errorf("%q started", list)
			}
		}
	}
}

// The document's own routes are listed in the index with paths that work.
func TestIndex(t *testing.T) {
	s := newServer(t, newService(t), Config{Doors: tandem.REST})
	w := ask(s, "GET", "/", "", "Accept", "text/html")
	if body := w.Body.String(); w.Code != 200 || !strings.Contains(body, `<a href="/docs">`) || strings.Contains(body, "/mcp") {
		t.Errorf("%d %s", w.Code, body)
	}
}

// A page of another origin can GET without an Origin, as an image does. Its
// browser says so, and no stream is opened for it; the service's own pages, typed
// addresses and other programs are served.
func TestCrossSiteGETWithoutOrigin(t *testing.T) {
	s := newServer(t, newService(t), Config{})
	for site, refused := range map[string]bool{"cross-site": true, "same-site": true, "same-origin": false, "none": false, "": false} {
		for _, q := range doorRequests {
			w := ask(s, q.method, q.path, q.body, append([]string{"Sec-Fetch-Site", site}, q.headers...)...)
			if got := w.Code == 403; got != (refused && q.mcp) {
				t.Errorf("%s, %q: %d %s", q.name, site, w.Code, w.Body)
			}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // or a stream that is opened stays open
	r := httptest.NewRequestWithContext(ctx, "GET", "/mcp/sse", nil)
	r.Host = "localhost:8000"
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	if w.Code != 403 {
		t.Errorf("an image opened a stream: %d", w.Code)
	}
}

// A cache must not give one origin's answer to another, whatever else varies.
func TestVaryOrigin(t *testing.T) {
	s := newServer(t, newService(t), Config{})
	for _, path := range []string{"/", "/docs", "/openapi.json", "/api/v1/echo/hi", "/nothing"} {
		w := ask(s, "GET", path, "", "Origin", "http://localhost:8000")
		if vary := strings.Join(w.Header().Values("Vary"), ", "); !strings.Contains(vary, "Origin") {
			t.Errorf("%s varies by %q", path, vary)
		}
	}
}

// The docs take no other method, and say so as every route does.
func TestDocsMethod(t *testing.T) {
	s := newServer(t, newService(t), Config{})
	if w := ask(s, "POST", "/docs", "{}"); w.Code != 405 || problem(t, w).Status != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
}
