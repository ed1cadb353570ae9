package mcp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
)

type greetIn struct {
	Name string `json:"name" doc:"Whom to greet" minLength:"1"`
}

type greetOut struct {
	Text string `json:"text"`
}

type countIn struct {
	To int `json:"to" minimum:"0"`
}

type whoOut struct {
	Subject   string `json:"subject"`
	RequestID string `json:"request_id"`
}

// probeCalls lets a test watch and steer the operation "wait".
type probeCalls struct {
	started   chan string          // the name that a call of "wait" was given
	release   chan struct{}        // lets calls of "wait" finish
	cancelled chan context.Context // the contexts of calls that were cancelled
}

// testService has one operation for each thing that a door must get right.
func testService(t testing.TB) (*tandem.Service, *probeCalls) {
	t.Helper()
	probe := &probeCalls{started: make(chan string, 100), release: make(chan struct{}), cancelled: make(chan context.Context, 100)}
	svc := tandem.New("test-service", "1.2.3")
	svc.Info.Title = "Test service"
	svc.Info.Instructions = "Greet people."
	svc.Logger = slog.New(slog.DiscardHandler)
	tandem.Register(svc, tandem.Operation{Name: "greet", Summary: "Greet somebody", ReadOnly: true}, func(_ context.Context, in greetIn) (greetOut, error) {
		return greetOut{Text: "Hello, " + in.Name + "!"}, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "list", Summary: "Return a list"}, func(_ context.Context, in countIn) ([]int, error) {
		list := make([]int, in.To)
		for i := range list {
			list[i] = i
		}
		return list, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "silent", Summary: "Return nothing"}, func(context.Context, struct{}) (struct{}, error) {
		return struct{}{}, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "fail", Summary: "Fail"}, func(_ context.Context, in greetIn) (greetOut, error) {
		return greetOut{}, tandem.Errorf(tandem.NotFound, "no %q", in.Name)
	})
	tandem.Register(svc, tandem.Operation{Name: "secret", Summary: "Fail with a cause"}, func(context.Context, struct{}) (greetOut, error) {
		return greetOut{}, errors.New("postgres://user:password@host/db")
	})
	tandem.Register(svc, tandem.Operation{Name: "panic", Summary: "Panic"}, func(context.Context, struct{}) (greetOut, error) {
		panic("postgres://user:password@host/db")
	})
	tandem.Register(svc, tandem.Operation{Name: "count", Summary: "Count with progress"}, func(ctx context.Context, in countIn) (greetOut, error) {
		for i := 1; i <= in.To; i++ {
			tandem.Progress(ctx, float64(i), float64(in.To), "counting")
		}
		return greetOut{Text: "done"}, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "wait", Summary: "Wait"}, func(ctx context.Context, in greetIn) (greetOut, error) {
		tandem.Progress(ctx, 1, 0, "waiting")
		probe.started <- in.Name
		select {
		case <-probe.release:
			return greetOut{Text: in.Name}, nil
		case <-ctx.Done():
			probe.cancelled <- ctx
			return greetOut{}, ctx.Err()
		}
	})
	tandem.Register(svc, tandem.Operation{Name: "who", Summary: "Say who calls"}, func(ctx context.Context, _ struct{}) (whoOut, error) {
		out := whoOut{RequestID: tandem.RequestID(ctx)}
		if p := tandem.PrincipalFrom(ctx); p != nil {
			out.Subject = p.Subject
		}
		return out, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "guarded", Summary: "Need a scope", Scopes: []string{"secrets:read"}}, func(context.Context, struct{}) (greetOut, error) {
		return greetOut{Text: "secret"}, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "rest_only", Summary: "Not a tool", Doors: tandem.REST}, func(context.Context, struct{}) (struct{}, error) {
		return struct{}{}, nil
	})
	return svc, probe
}

func newDoor(t testing.TB, cfg Config) (*Door, *probeCalls) {
	t.Helper()
	svc, probe := testService(t)
	d, err := New(svc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return d, probe
}

// newServer serves the door at /mcp, /mcp/sse and /mcp/messages. The header
// X-User stands for credentials, and X-Scopes for what they allow.
func newServer(t testing.TB, cfg Config) (*httptest.Server, *Door, *probeCalls) {
	t.Helper()
	d, probe := newDoor(t, cfg)
	mux := http.NewServeMux()
	mux.Handle("/mcp", d)
	mux.Handle("/mcp/sse", d.SSE())
	mux.Handle("/mcp/messages", d.Messages())
	srv := httptest.NewServer(authenticate(mux))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { d.refuse(); d.running.close(); d.endLife() })
	return srv, d, probe
}

func authenticate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		if user := r.Header.Get("X-User"); user != "" {
			ctx = tandem.WithPrincipal(ctx, &tandem.Principal{Subject: user, Issuer: "test", Scopes: strings.Fields(r.Header.Get("X-Scopes"))})
		}
		if id := r.Header.Get("X-Request-Id"); id != "" {
			ctx = tandem.WithRequestID(ctx, id)
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// answerOf is a response as a test looks at it.
type answerOf struct {
	status int
	header http.Header
	body   string
}

// post sends a body with headers given as "Name: value"; the usual ones are there
// unless they are given, and absent where the value is "-".
func post(t testing.TB, url, body string, headers ...string) answerOf {
	t.Helper()
	return do(t, http.MethodPost, url, body, headers...)
}

func do(t testing.TB, method, url, body string, headers ...string) answerOf {
	t.Helper()
	resp, err := http.DefaultClient.Do(newRequest(t, method, url, body, headers...))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answerOf{resp.StatusCode, resp.Header, string(content)}
}

func newRequest(t testing.TB, method, url, body string, headers ...string) *http.Request {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader([]byte(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if value == "-" {
			r.Header.Del(name)
			continue
		}
		r.Header.Set(name, value)
	}
	return r
}

// modernMeta is the _meta that a modern request must have.
const modernMeta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`

// modernHeaders are the headers that go with it.
func modernHeaders(method, name string) []string {
	h := []string{"MCP-Protocol-Version: 2026-07-28", "Mcp-Method: " + method}
	if name != "" {
		h = append(h, "Mcp-Name: "+name)
	}
	return h
}

// initialize opens a session and returns the headers that name it.
func initialize(t testing.TB, url, revision string, headers ...string) []string {
	t.Helper()
	a := post(t, url, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"`+revision+`","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`, headers...)
	if a.status != http.StatusOK {
		t.Fatalf("initialize: status %d: %s", a.status, a.body)
	}
	session := append([]string{"Mcp-Session-Id: " + a.header.Get("Mcp-Session-Id"), "MCP-Protocol-Version: " + revision}, headers...)
	if a := post(t, url, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, session...); a.status != http.StatusAccepted {
		t.Fatalf("initialized: status %d: %s", a.status, a.body)
	}
	return session
}
