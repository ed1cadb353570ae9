package health_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/health"
	"github.com/tandem-go/tandem/mcp"
)

type nothing struct{}

// newService has n operations that MCP lists, and one that it does not.
func newService(n int) *tandem.Service {
	svc := tandem.New("shop", "1")
	do := func(context.Context, nothing) (nothing, error) { return nothing{}, nil }
	for i := range n {
		tandem.Register(svc, tandem.Operation{Name: fmt.Sprintf("op_%d", i), Summary: "Do it"}, do)
	}
	tandem.Register(svc, tandem.Operation{Name: "rest_only", Summary: "Do it", Doors: tandem.REST}, do)
	return svc
}

// mount serves the door at the paths that clients use, below base.
func mount(t *testing.T, svc *tandem.Service, base string, cfg mcp.Config) *http.ServeMux {
	t.Helper()
	cfg.MessagesURL = base + "/mcp/messages"
	door, err := mcp.New(svc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := door.Close(); err != nil {
			t.Error(err)
		}
	})
	mux := http.NewServeMux()
	mux.Handle(base+"/mcp", door)
	mux.Handle(base+"/mcp/sse", door.SSE())
	mux.Handle(base+"/mcp/messages", door.Messages())
	return mux
}

func quietly(c health.ProtocolConfig) health.ProtocolConfig {
	c.Logger = slog.New(slog.DiscardHandler)
	return c
}

// Every era is spoken from handshake to the last page of the list.
func TestProtocolOK(t *testing.T) {
	svc := newService(7)
	for name, c := range map[string]struct {
		base string
		cfg  mcp.Config
	}{
		"root":  {"", mcp.Config{}},
		"base":  {"/x/y", mcp.Config{}},
		"pages": {"", mcp.Config{PageSize: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			p := health.NewProtocol(svc, health.ProtocolConfig{Handler: mount(t, svc, c.base, c.cfg), Base: c.base})
			r := p.Check(t.Context())
			if r.Status != health.OK || len(r.Eras) != 3 {
				t.Fatalf("got %+v", r)
			}
			for era, verdict := range r.Eras {
				if verdict.Status != health.OK || verdict.Tools != 7 || verdict.LatencyMS <= 0 {
					t.Errorf("%s: %+v", era, verdict)
				}
			}
		})
	}
}

// Checks do not fill the session store, however many there are: the 2025 sessions
// are ended, and the one of the legacy stream, which cannot be, is used again. It
// is replaced when the server has forgotten it.
func TestProtocolLeavesNothing(t *testing.T) {
	svc := newService(1)
	newMux := func() (*http.ServeMux, *mcp.Door) {
		door, err := mcp.New(svc, mcp.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = door.Close() })
		mux := http.NewServeMux()
		mux.Handle("/mcp", door)
		mux.Handle("/mcp/sse", door.SSE())
		mux.Handle("/mcp/messages", door.Messages())
		return mux, door
	}
	mux, door := newMux()
	p := health.NewProtocol(svc, health.ProtocolConfig{TTL: time.Nanosecond, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r)
	})})
	check := func() {
		for range 20 {
			if r := p.Check(t.Context()); r.Status != health.OK {
				t.Fatalf("got %+v", r)
			}
		}
		if n := door.Stats().Sessions; n != 1 {
			t.Errorf("%d sessions after 20 checks", n)
		}
	}
	check()
	mux, door = newMux() // which has never heard of the session
	check()
}

// A door that clients cannot reach or use is red, with the era and the step, and
// turns the readiness red as well: that one green and the other broken cannot be.
func TestProtocolBroken(t *testing.T) {
	svc := newService(2)
	for name, c := range map[string]struct {
		handler func(http.Handler) http.Handler
		base    string
		broken  []string // the eras; all of them if nil
		want    string   // in their errors
	}{
		"mounted under another path": {
			handler: func(h http.Handler) http.Handler { return h },
			base:    "/inventory", want: "HTTP 404",
		},
		"mounted twice": {
			handler: func(h http.Handler) http.Handler { return http.StripPrefix("/mcp", h) },
			want:    "HTTP ",
		},
		"refused by a middleware": {
			handler: func(http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					http.Error(w, "invalid host", http.StatusMisdirectedRequest)
				})
			},
			want: "HTTP 421",
		},
		"redirected": {
			handler: func(http.Handler) http.Handler {
				return http.RedirectHandler("/mcp/", http.StatusTemporaryRedirect)
			},
			want: "HTTP 307",
		},
		"panicking": {
			handler: func(http.Handler) http.Handler {
				return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") })
			},
			want: "HTTP 500",
		},
		"no SSE": {
			handler: func(h http.Handler) http.Handler { return without(h, "/mcp/sse") },
			broken:  []string{health.EraSSE}, want: "connect: HTTP 404",
		},
		"no messages": {
			handler: func(h http.Handler) http.Handler { return without(h, "/mcp/messages") },
			broken:  []string{health.EraSSE}, want: "initialize: HTTP 404",
		},
		"era header lost": {
			handler: func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					r.Header.Del("Mcp-Method")
					h.ServeHTTP(w, r)
				})
			},
			broken: []string{health.EraModern}, want: "server/discover: HTTP 400",
		},
		"session header lost": {
			handler: func(h http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					r.Header.Del("Mcp-Session-Id")
					h.ServeHTTP(w, r)
				})
			},
			broken: []string{health.Era2025}, want: "notifications/initialized: HTTP 400",
		},
		"hanging": {
			handler: func(http.Handler) http.Handler {
				return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
			},
			want: "no answer in time",
		},
		"another kind of service": {
			handler: func(http.Handler) http.Handler {
				return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) })
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := health.NewProtocol(svc, quietly(health.ProtocolConfig{
				Handler: c.handler(mount(t, svc, "", mcp.Config{})), Base: c.base, Timeout: 300 * time.Millisecond,
			}))
			w := httptest.NewRecorder()
			p.ServeHTTP(w, httptest.NewRequest("GET", "/health/mcp", nil))
			var r health.ProtocolReport
			if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || w.Code != 503 || r.Status != health.Failing {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
			for era, verdict := range r.Eras {
				wantBroken := c.broken == nil || contains(c.broken, era)
				if broken := verdict.Status != health.OK; broken != wantBroken {
					t.Errorf("%s: %+v", era, verdict)
				}
				if wantBroken && !strings.Contains(verdict.Error, c.want) {
					t.Errorf("%s: %q does not contain %q", era, verdict.Error, c.want)
				}
			}
			ready := health.NewReadiness(svc, health.ReadinessConfig{Protocol: p, Logger: slog.New(slog.DiscardHandler)})
			if whole := ready.Check(t.Context()); whole.Status != health.Failing {
				t.Errorf("the readiness is %+v", whole)
			}
		})
	}
}

// A door that lists fewer tools than the service has operations is broken.
func TestProtocolMissingTools(t *testing.T) {
	door := mount(t, newService(1), "", mcp.Config{})
	p := health.NewProtocol(newService(2), quietly(health.ProtocolConfig{Handler: door}))
	for era, verdict := range p.Check(t.Context()).Eras {
		if verdict.Status != health.Failing || verdict.Tools != 1 || verdict.Error != "tools/list: 1 tools of 2 operations" {
			t.Errorf("%s: %+v", era, verdict)
		}
	}
}

// An outer router's mount is part of the check: the legacy stream has to announce
// an address that is reached through it.
func TestProtocolOuterMount(t *testing.T) {
	svc := newService(1)
	for announced, want := range map[string]health.Status{"/x/y": health.OK, "": health.Failing} {
		inner := http.NewServeMux()
		door, err := mcp.New(svc, mcp.Config{MessagesURL: announced + "/mcp/messages"})
		if err != nil {
			t.Fatal(err)
		}
		defer door.Close()
		inner.Handle("/mcp", door)
		inner.Handle("/mcp/sse", door.SSE())
		inner.Handle("/mcp/messages", door.Messages())
		inner.Handle("/health/mcp", health.NewProtocol(svc, quietly(health.ProtocolConfig{Handler: inner})))
		outer := httptest.NewServer(http.StripPrefix("/x/y", inner))
		defer outer.Close()
		response, err := outer.Client().Get(outer.URL + "/x/y/health/mcp")
		if err != nil {
			t.Fatal(err)
		}
		var r health.ProtocolReport
		if err := json.NewDecoder(response.Body).Decode(&r); err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		outer.Client().CloseIdleConnections()
		if r.Eras[health.EraSSE].Status != want || r.Eras[health.EraModern].Status != health.OK {
			t.Errorf("announcing %q: %+v", announced, r)
		}
	}
}

// Nobody turns the health red, which others share, by the way in which they write
// the address: RFC 9112, section 3.2.2, lets a request line hold the host.
func TestProtocolAbsoluteForm(t *testing.T) {
	svc := newService(1)
	for _, line := range []string{"http://evil.example/health/mcp", "http://localhost/health/mcp?x", "*", ""} {
		p := health.NewProtocol(svc, quietly(health.ProtocolConfig{Handler: mount(t, svc, "", mcp.Config{})}))
		r := httptest.NewRequest("GET", "/health/mcp", nil)
		r.RequestURI = line
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if w.Code != 200 {
			t.Errorf("%q: %d %s", line, w.Code, w.Body)
		}
	}
}

// However many ask, the handshakes run once per TTL.
func TestProtocolLoad(t *testing.T) {
	svc := newService(1)
	var discovers atomic.Int32
	door := mount(t, svc, "", mcp.Config{})
	p := health.NewProtocol(svc, health.ProtocolConfig{TTL: time.Hour, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Method") == "server/discover" {
			discovers.Add(1)
		}
		door.ServeHTTP(w, r)
	})})
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			if r := p.Check(t.Context()); r.Status != health.OK {
				t.Errorf("got %+v", r)
			}
		})
	}
	wg.Wait()
	if n := discovers.Load(); n != 1 {
		t.Errorf("%d handshakes for 100 callers", n)
	}
}

// The check's requests carry the mark that lets the handler know them.
func TestProtocolContext(t *testing.T) {
	type mark struct{}
	svc := newService(1)
	door := mount(t, svc, "", mcp.Config{})
	p := health.NewProtocol(svc, health.ProtocolConfig{
		Host:    "shop.example.com",
		Context: func(ctx context.Context) context.Context { return context.WithValue(ctx, mark{}, true) },
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Context().Value(mark{}) == nil || r.Host != "shop.example.com" {
				t.Errorf("%s %s has no mark or Host %q", r.Method, r.URL, r.Host)
			}
			door.ServeHTTP(w, r)
		}),
	})
	if r := p.Check(t.Context()); r.Status != health.OK {
		t.Errorf("got %+v", r)
	}
}

func without(h http.Handler, path string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func contains(list []string, s string) bool {
	for _, item := range list {
		if item == s {
			return true
		}
	}
	return false
}
