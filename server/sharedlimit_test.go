package server

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/redistest"
)

// A rate holds over all replicas together, of all requests and of a class of operations.
func TestRateOverReplicas(t *testing.T) {
	onEngines(t, func(t *testing.T, url string) {
		for name, cfg := range map[string]Config{
			"requests": {RateLimit: Rate{Requests: 4, Per: time.Hour}},
			"class":    {RateLimits: map[string]Rate{"write": {Requests: 4, Per: time.Hour}}},
		} {
			t.Run(name, func(t *testing.T) {
				replicas := []*Server{replica(t, url, cfg), replica(t, url, cfg)}
				for i := range 6 {
					w := ask(replicas[i%2], "POST", "/api/v1/echo", `{"text":"hi"}`)
					want := 200
					if i >= 4 {
						want = 429
					}
					if w.Code != want {
						t.Errorf("request %d: %d %s", i+1, w.Code, w.Body)
					}
					if want == 429 && w.Header().Get("Retry-After") == "" {
						t.Error("it does not say when to come again")
					}
				}
			})
		}
	})
}

// While the engine is away each replica counts for itself, says so once, and works.
func TestRateWithoutEngine(t *testing.T) {
	engine := redistest.Start(t)
	var logs syncBuffer
	svc := newService(t)
	svc.Logger = slog.New(slog.NewTextHandler(&logs, nil))
	s, err := New(svc, Config{
		StateURL: tandem.Secret(engine.URL()), StateKeys: stateKeys, StateDrivers: stateDrivers,
		RateLimit: Rate{Requests: 3, Per: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop() }) // it cannot say goodbye to the engine
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	engine.Stop(t)
	for i, want := range []int{200, 200, 200, 429} {
		if w := ask(s, "POST", "/api/v1/echo", `{"text":"hi"}`); w.Code != want {
			t.Errorf("request %d: %d, want %d", i+1, w.Code, want)
		}
	}
	if got := strings.Count(logs.String(), "rate limits count on this replica alone"); got != 1 {
		t.Errorf("said %d times: %s", got, logs.String())
	}
	if w := ask(s, "GET", "/health", ""); w.Code != 200 || !strings.Contains(w.Body.String(), `"status":"degraded"`) {
		t.Errorf("readiness: %d %s", w.Code, w.Body)
	}
	if w := ask(s, "POST", "/mcp", initialize, "peer", "192.0.2.7:1", "Accept", "application/json, text/event-stream"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("a session is answered %d %v", w.Code, w.Header())
	}
}

// fakeTokens grants what it has, and counts how often it is asked.
type fakeTokens struct {
	left, asked int
	err         error
}

func (f *fakeTokens) Spend(_ context.Context, _ string, n, burst int, per time.Duration) (int, time.Duration, error) {
	f.asked++
	if f.err != nil {
		return 0, 0, f.err
	}
	granted := min(n, f.left)
	f.left -= granted
	return granted, per * time.Duration(burst-f.left) / time.Duration(burst), nil
}

// The engine is asked once for a batch, and not at all while it is known to have no token.
func TestTokensComeInBatches(t *testing.T) {
	tokens := &fakeTokens{left: 100}
	l := newSharedLimit(tokens, "p", Rate{Requests: 100, Per: time.Second}, &outage{logger: slog.New(slog.DiscardHandler)})
	now := time.Now()
	for i := range 100 {
		if s, ok := l.take(t.Context(), caller{}, now); !ok || s.wait != 0 || s.left != 99-i {
			t.Fatalf("token %d: %+v, %v", i+1, s, ok)
		}
	}
	if tokens.asked != 20 {
		t.Errorf("asked %d times for 100 tokens", tokens.asked)
	}
	for range 10 {
		if s, ok := l.take(t.Context(), caller{}, now); !ok || s.wait != 10*time.Millisecond || s.left != 0 {
			t.Errorf("beyond: %+v, %v", s, ok)
		}
	}
	if tokens.asked != 21 {
		t.Errorf("asked %d times while there was nothing", tokens.asked-20)
	}
}

// An engine that failed is asked again after a pause, not by every request.
func TestOutagePauses(t *testing.T) {
	tokens := &fakeTokens{left: 1, err: errors.New("away")}
	l := newSharedLimit(tokens, "p", Rate{Requests: 1, Per: time.Second}, &outage{logger: slog.New(slog.DiscardHandler)})
	now := time.Now()
	for range 5 {
		if _, ok := l.take(t.Context(), caller{}, now); ok {
			t.Error("it counted without an engine")
		}
	}
	if tokens.asked != 1 {
		t.Errorf("asked %d times", tokens.asked)
	}
	tokens.err = nil
	if s, ok := l.take(t.Context(), caller{}, now.Add(outagePause)); !ok || s.wait != 0 {
		t.Errorf("after the pause: %+v, %v", s, ok)
	}
}
