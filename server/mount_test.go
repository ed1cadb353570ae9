package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/health"
)

// mounts are the ways in which a service hangs below /x/y.
var mounts = map[string]struct {
	config Config
	outer  func(http.Handler) http.Handler // the program's own router
	below  string
}{
	"root":           {Config{}, func(h http.Handler) http.Handler { return h }, ""},
	"base path":      {Config{BasePath: "/x/y"}, mux("/x/y/", nil), "/x/y"},
	"base path, /":   {Config{BasePath: "/x/y/"}, mux("/x/y/", nil), "/x/y"},
	"public URL":     {Config{PublicURL: "http://localhost/x/y/"}, mux("/x/y/", nil), "/x/y"},
	"stripped":       {Config{PublicURL: "http://localhost/x/y"}, mux("/x/y/", strip), "/x/y"},
	"stripped alone": {Config{}, mux("/x/y/", strip), "/x/y"}, // nobody told the server
	"explicit root":  {Config{PublicURL: "http://localhost/x/y", BasePath: "/"}, func(h http.Handler) http.Handler { return h }, ""},
	"REST elsewhere": {Config{RESTPrefix: "/v2"}, func(h http.Handler) http.Handler { return h }, ""},
}

func strip(h http.Handler) http.Handler { return http.StripPrefix("/x/y", h) }

func mux(pattern string, around func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		if around != nil {
			h = around(h)
		}
		m := http.NewServeMux()
		m.Handle(pattern, h)
		return m
	}
}

// Below any mount each route is where it should be, with a trailing slash and
// without, nothing redirects, and the links within are right.
func TestMounts(t *testing.T) {
	for name, m := range mounts {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, newService(t), m.config)
			outer := m.outer(s.Handler())
			api := m.below + s.config.RESTPrefix
			for _, path := range []string{
				m.below + "/docs", m.below + "/docs/mcp", m.below + "/openapi.json", m.below + "/openapi.yaml",
				m.below + "/health", m.below + "/health/live", m.below + "/metrics", api + "/echo/hi",
			} {
				for _, p := range []string{path, path + "/"} {
					if w := ask(outer, "GET", p, ""); w.Code != 200 {
						t.Errorf("GET %s: %d", p, w.Code)
					}
				}
			}
			for _, p := range []string{m.below + "/mcp", m.below + "/mcp/"} {
				if w := ask(outer, "POST", p, callEcho, modern...); w.Code != 200 {
					t.Errorf("POST %s: %d %s", p, w.Code, w.Body)
				}
			}
			if w := ask(outer, "POST", api+"/echo/", `{"text":"hi"}`); w.Code != 200 {
				t.Errorf("POST with a slash: %d %s", w.Code, w.Body)
			}
			checkIndex(t, outer, m.below)
			if m.config.BasePath == "/" {
				return // the announced addresses are those behind a proxy
			}
			w := ask(outer, "GET", m.below+"/health/mcp", "")
			if report := decode[health.ProtocolReport](t, w.Body.String()); w.Code != 200 || len(report.Eras) != 3 {
				t.Errorf("the self-check: %d %s", w.Code, w.Body)
			}
			checkDocument(t, ask(outer, "GET", m.below+"/openapi.json", "").Body.Bytes(), m.below, api)
		})
	}
}

// checkIndex follows every link of the index.
func checkIndex(t *testing.T, outer http.Handler, below string) {
	t.Helper()
	shown := decode[index](t, ask(outer, "GET", below+"/", "").Body.String())
	if len(shown.Routes) < 8 {
		t.Errorf("the index is %+v", shown)
	}
	for _, l := range shown.Routes {
		if !strings.HasPrefix(l.Path, below+"/") {
			t.Errorf("%s is outside the mount", l.Path)
		}
		if w := ask(outer, "GET", l.Path, "", "Accept", "application/json"); w.Code >= 300 && w.Code < 400 || w.Code == 404 && l.What != "REST" {
			t.Errorf("the index links %s: %d", l.Path, w.Code)
		}
	}
}

// checkDocument resolves the document's server as a client would.
func checkDocument(t *testing.T, document []byte, below, api string) {
	t.Helper()
	var d struct {
		Servers []struct{ URL string }
	}
	if err := json.Unmarshal(document, &d); err != nil || len(d.Servers) != 1 {
		t.Fatalf("%v: %s", err, document)
	}
	at := httptest.NewRequest("GET", "http://localhost"+below+"/openapi.json", nil).URL
	server, err := at.Parse(d.Servers[0].URL)
	if err != nil || server.Path != api {
		t.Errorf("the document's server %q is %v, want the path %s", d.Servers[0].URL, server, api)
	}
}

// Outside of an explicit base path there is nothing.
func TestOutsideBasePath(t *testing.T) {
	s := newServer(t, newService(t), Config{BasePath: "/x/y"})
	for _, path := range []string{"/", "/x", "/docs", "/mcp", "/x/yz/docs", "/x/y.", "/X/Y/docs", "/x/y/x/y/docs"} {
		if w := ask(s, "GET", path, ""); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// Where the mount is wrong, agents cannot work: the self-check says so, and the
// health of the whole is not green beside it.
func TestWrongMountIsRed(t *testing.T) {
	s := newServer(t, newService(t), Config{PublicURL: "http://localhost/elsewhere"})
	outer := mux("/x/y/", strip)(s.Handler())
	for _, path := range []string{"/x/y/health/mcp", "/x/y/health"} {
		if w := ask(outer, "GET", path, ""); w.Code != 503 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// A base path that is the address of the MCP route is noticed at start-up.
func TestBasePathOfMCP(t *testing.T) {
	for url, want := range map[string]bool{"http://localhost/mcp": true, "http://localhost/shop": false} {
		var log syncBuffer
		svc := newService(t)
		svc.Logger = logging{}.logger(&log)
		newServer(t, svc, Config{PublicURL: url})
		if got := strings.Contains(log.String(), "/mcp/mcp"); got != want {
			t.Errorf("%s: %s", url, log.String())
		}
	}
}

// A program's middleware that keeps clients out turns the health red, too.
func TestBrokenMiddlewareIsRed(t *testing.T) {
	s := newServer(t, newService(t), Config{Middleware: map[string][]func(http.Handler) http.Handler{
		"/mcp": {func(http.Handler) http.Handler { return http.NotFoundHandler() }},
	}})
	for _, path := range []string{"/health/mcp", "/health"} {
		if w := ask(s, "GET", path, ""); w.Code != 503 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

// A service that is reached under another name than the ones it knows is found by
// its self-check, which comes under the public one.
func TestSelfCheckUnderPublicName(t *testing.T) {
	s := newServer(t, newService(t), Config{PublicURL: "https://shop.example.com", APIKeys: []tandem.Secret{testKey}, RateLimit: Rate{1, 1e9}})
	if w := ask(s, "GET", "/health/mcp", "", "Host", "10.0.0.1:8000"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// DOORS opens what it names, and nothing of the other door is left.
func TestDoors(t *testing.T) {
	for door, c := range map[tandem.Doors]struct{ there, gone []string }{
		tandem.REST: {
			[]string{"/api/v1/echo/hi", "/openapi.json", "/openapi.yaml", "/docs", "/health", "/metrics"},
			[]string{"/mcp", "/mcp/sse", "/mcp/messages", "/docs/mcp", "/health/mcp"},
		},
		tandem.MCP: {
			[]string{"/docs", "/docs/mcp", "/health", "/health/mcp", "/metrics"},
			[]string{"/api/v1/echo/hi", "/openapi.json", "/openapi.yaml"},
		},
	} {
		s := newServer(t, newService(t), Config{Doors: door})
		for _, path := range c.there {
			if w := ask(s, "GET", path, ""); w.Code != 200 {
				t.Errorf("%s alone, %s: %d", door, path, w.Code)
			}
		}
		for _, path := range c.gone {
			if w := ask(s, "GET", path, ""); w.Code != 404 {
				t.Errorf("%s alone, %s: %d", door, path, w.Code)
			}
		}
	}
}

// Documents and health take GET and HEAD.
func TestMethods(t *testing.T) {
	s := newServer(t, newService(t), Config{})
	for _, path := range []string{"/", "/openapi.json", "/health", "/health/live", "/health/mcp", "/metrics"} {
		if w := ask(s, "POST", path, "{}"); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %d %v", path, w.Code, w.Header())
		}
		if w := ask(s, "HEAD", path, ""); w.Code != 200 {
			t.Errorf("HEAD %s: %d", path, w.Code)
		}
	}
}

// Escaped segments reach the operation decoded, below a base path too.
func TestEscapedPath(t *testing.T) {
	for _, base := range []string{"", "/x/y"} {
		s := newServer(t, newService(t), Config{BasePath: base})
		for escaped, want := range map[string]string{"%2e%2e": "..", "..%2fmetrics": "../metrics", "a%20b": "a b", "%E2%82%AC": "€"} {
			w := ask(s, "GET", base+"/api/v1/echo/"+escaped, "")
			if w.Code != 200 || decode[echoOut](t, w.Body.String()).Text != want {
				t.Errorf("%s: %d %s", escaped, w.Code, w.Body)
			}
		}
	}
}
