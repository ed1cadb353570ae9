package server

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

const testKey = "test-key-0123456789"

// routesOfAll are all routes with what answers them without credentials: 0 means
// that they need some.
var routesOfAll = []struct {
	method, path, body string
	open               int
	headers            []string
}{
	{"GET", "/", "", 200, nil},
	{"GET", "/docs", "", 200, nil},
	{"GET", "/docs/", "", 200, nil},
	{"GET", "/docs/mcp", "", 200, nil},
	{"GET", "/openapi.json", "", 200, nil},
	{"GET", "/openapi.yaml", "", 200, nil},
	{"GET", "/health", "", 200, nil},
	{"GET", "/health/live", "", 200, nil},
	{"GET", "/health/mcp", "", 200, nil},
	{"GET", "/nothing/here", "", 404, nil},
	{"GET", "/metrics", "", 0, nil},
	{"GET", "/api/v1/status", "", 0, nil},
	{"GET", "/api/v1/echo/x", "", 0, nil},
	{"POST", "/api/v1/echo", `{"text":"hi"}`, 0, nil},
	{"OPTIONS", "/api/v1/echo", "", 0, nil},
	{"GET", "/api/v1/no/such/operation", "", 0, nil},
	{"GET", "/api/v1", "", 0, nil},
	{"POST", "/mcp", initialize, 0, modern[:2]},
	{"POST", "/mcp", callEcho, 0, modern},
	{"GET", "/mcp", "", 0, []string{"Accept", "text/event-stream"}},
	{"DELETE", "/mcp", "", 0, []string{"Mcp-Session-Id", "x"}},
	{"GET", "/mcp/sse", "", 0, []string{"Accept", "text/event-stream"}},
	{"POST", "/mcp/messages?sessionId=x", initialize, 0, nil},
}

// Every route but health, docs and the OpenAPI document needs credentials, with
// a trailing slash and without, and whatever is wrong with them.
func TestEveryRouteNeedsCredentials(t *testing.T) {
	s := newServer(t, newService(t), Config{APIKeys: []tandem.Secret{testKey}})
	s.failures = nil // this caller fails more often than it may
	for _, route := range routesOfAll {
		for _, path := range []string{route.path, slashed(route.path)} {
			t.Run(route.method+" "+path, func(t *testing.T) {
				for _, header := range []string{"", "Bearer wrong-key-0123456789", "Basic " + testKey} {
					headers := route.headers
					if header != "" {
						headers = append([]string{"Authorization", header}, route.headers...)
					}
					w := ask(s, route.method, path, route.body, headers...)
					if route.open > 0 {
						if w.Code != route.open {
							t.Errorf("%q: got %d", header, w.Code)
						}
						continue
					}
					if w.Code != 401 || !strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
						t.Errorf("%q: got %d %q", header, w.Code, w.Header().Get("WWW-Authenticate"))
					}
					problem(t, w)
				}
				if route.open > 0 || strings.Contains(path, "/sse") {
					return
				}
				w := ask(s, route.method, path, route.body, append([]string{"Authorization", "Bearer " + testKey}, route.headers...)...)
				if w.Code == 401 || w.Code == 403 || w.Code >= 300 && w.Code < 400 {
					t.Errorf("with the key: %d %s", w.Code, w.Body)
				}
			})
		}
	}
}

// slashed returns the path with one trailing slash more, before the query.
func slashed(path string) string {
	p, query, found := strings.Cut(path, "?")
	p = strings.TrimSuffix(p, "/") + "/"
	if found {
		return p + "?" + query
	}
	return p
}

// A path that only looks like an open one is not open (security by route, not by
// prefix).
func TestOpenRoutesAreExact(t *testing.T) {
	s := newServer(t, newService(t), Config{APIKeys: []tandem.Secret{testKey}})
	for _, path := range []string{
		"/docs/../api/v1/status", "/docs/..%2fapi/v1/status", "/health/../metrics", "/docs/../mcp",
		"/api/v1/status?/docs", "/api/v1/status;/docs", "/api/v1/%2e%2e/docs",
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path, r.Host, r.RemoteAddr = path, "localhost", "127.0.0.1:1"
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code == 200 {
			t.Errorf("%s answers %s", path, w.Body)
		}
	}
}

// The same principal reaches the handler through both doors.
func TestPrincipalReachesHandler(t *testing.T) {
	s := newServer(t, newService(t), Config{APIKeys: []tandem.Secret{testKey}})
	keys, _ := auth.NewAPIKeys([]string{testKey})
	p, _ := keys.Verify(t.Context(), testKey)
	bearer := []string{"Authorization", "Bearer " + testKey}
	for name, w := range map[string]*httptest.ResponseRecorder{
		"REST": ask(s, "POST", "/api/v1/echo", `{"text":"hi"}`, bearer...),
		"MCP":  ask(s, "POST", "/mcp", callEcho, append(bearer, modern...)...),
	} {
		if w.Code != 200 || !strings.Contains(w.Body.String(), p.Subject) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), testKey) {
			t.Errorf("%s: the key is shown", name)
		}
	}
}

// A mark in the context cannot come over a connection: no header makes a
// stranger the self-check.
func TestSelfCheckIsNotForgeable(t *testing.T) {
	s := newServer(t, newService(t), Config{APIKeys: []tandem.Secret{testKey}})
	w := ask(s, "POST", "/mcp", callEcho, append([]string{"User-Agent", "tandem-health", "X-Request-Id", "health"}, modern...)...)
	if w.Code != 401 {
		t.Errorf("got %d", w.Code)
	}
}

// Without credentials a handler that is mounted in another server serves only
// connections that came to loopback, wherever that server listens.
func TestAnonymousOnLoopbackOnly(t *testing.T) {
	arrive := func(s *Server, local net.Addr) int {
		r := httptest.NewRequest("GET", "/api/v1/status", nil)
		r.Host = "localhost"
		r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local))
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code
	}
	loopback := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8000}
	network := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 8000}
	closed := newServer(t, newService(t), Config{})
	if code := arrive(closed, loopback); code != 204 {
		t.Errorf("on loopback: %d", code)
	}
	if code := arrive(closed, network); code != 403 {
		t.Errorf("beyond loopback: %d", code)
	}
	open := newServer(t, newService(t), Config{InsecureNoAuth: true})
	if code := arrive(open, network); code != 204 {
		t.Errorf("told to let everybody in: %d", code)
	}
}

// Somebody who tries many tokens is slowed down; others are not.
func TestFailedCredentialsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where no time passes in which tries come back
		s := newServer(t, newService(t), Config{APIKeys: []tandem.Secret{testKey}})
		last := 0
		for range failureRate.Requests + 1 {
			last = ask(s, "GET", "/api/v1/status", "", "Authorization", "Bearer guess", "peer", "192.0.2.1:1").Code
		}
		if last != 429 {
			t.Errorf("after %d failures: %d", failureRate.Requests, last)
		}
		if code := ask(s, "GET", "/api/v1/status", "", "Authorization", "Bearer guess", "peer", "192.0.2.2:1").Code; code != 401 {
			t.Errorf("another address: %d", code)
		}
		if code := ask(s, "GET", "/api/v1/status", "", "Authorization", "Bearer "+testKey, "peer", "192.0.2.1:1").Code; code != 204 {
			t.Errorf("good credentials from the same address: %d", code)
		}
	})
}
