package health_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/health"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// resource is a managed resource whose check the test decides.
type resource struct {
	ping func(context.Context) error
}

func (r resource) Ping(ctx context.Context) error { return r.ping(ctx) }

type pool struct{ resource }

func (pool) PoolStats() tandem.PoolStats {
	return tandem.PoolStats{Max: 9, Open: 3, InUse: 2, Idle: 1, WaitCount: 4, WaitDuration: 1500 * time.Millisecond}
}

func fine(context.Context) error { return nil }

func report(t *testing.T, h http.Handler) (int, health.Report) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/health", nil))
	var r health.Report
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Error("a balancer may read a kept answer")
	}
	return w.Code, r
}

// A healthy service says who it is, how each resource is, and how full its pools are.
func TestReadinessOK(t *testing.T) {
	svc := tandem.New("shop", "1.2.3")
	svc.Manage("db", pool{resource{fine}})
	svc.Manage("cache", resource{fine})
	code, r := report(t, health.NewReadiness(svc, health.ReadinessConfig{}))
	if code != 200 || r.Status != health.OK || r.Service != "shop" || r.Version != "1.2.3" {
		t.Errorf("%d %+v", code, r)
	}
	if len(r.Components) != 2 || r.Components["db"].Status != health.OK {
		t.Errorf("components %+v", r.Components)
	}
	if want := (health.Pool{Max: 9, Open: 3, InUse: 2, Idle: 1, Waits: 4, WaitSeconds: 1.5}); r.Pools["db"] != want || len(r.Pools) != 1 {
		t.Errorf("pools %+v", r.Pools)
	}
}

// A resource that fails, panics or hangs makes the whole 503 and is named; its
// cause is in the log alone, and the others are still reported.
func TestReadinessFailing(t *testing.T) {
	const secret = "postgres://app:hunter2@db/stock"
	for name, ping := range map[string]func(context.Context) error{
		"error": func(context.Context) error { return errors.New(secret) },
		"private cause": func(context.Context) error {
			return tandem.Errorf(tandem.Unavailable, "the database is away").WithCause(errors.New(secret))
		},
		"panic": func(context.Context) error { panic(secret) },
		"hang": func(ctx context.Context) error {
			<-ctx.Done()
			return errors.New(secret)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			svc := tandem.New("shop", "1")
			svc.Manage("db", resource{ping})
			svc.Manage("cache", resource{fine})
			code, r := report(t, health.NewReadiness(svc, health.ReadinessConfig{
				Timeout: 20 * time.Millisecond,
				Logger:  slog.New(slog.NewJSONHandler(&log, nil)),
			}))
			if code != 503 || r.Status != health.Failing || r.Components["db"].Status != health.Failing || r.Components["cache"].Status != health.OK {
				t.Errorf("%d %+v", code, r)
			}
			if text := r.Components["db"].Error; text == "" || strings.Contains(text, "hunter2") {
				t.Errorf("the caller reads %q", text)
			}
			if !strings.Contains(log.String(), `"component":"db"`) || name != "hang" && !strings.Contains(log.String(), secret) {
				t.Errorf("the log lacks the cause: %s", &log)
			}
		})
	}
}

// A drain turns the readiness to 503 while every component is fine.
func TestReadinessDraining(t *testing.T) {
	svc := tandem.New("shop", "1")
	svc.Manage("db", resource{fine})
	code, r := report(t, health.NewReadiness(svc, health.ReadinessConfig{Draining: func() bool { return true }}))
	if code != 503 || r.Status != health.Draining || r.Components["db"].Status != health.OK {
		t.Errorf("%d %+v", code, r)
	}
}

// However many ask, a check runs once per TTL, and a check that hangs for ever
// is not joined by another.
func TestReadinessLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var pings atomic.Int32
		release := make(chan struct{})
		svc := tandem.New("shop", "1")
		svc.Manage("db", resource{func(context.Context) error { pings.Add(1); return nil }})
		svc.Manage("stuck", resource{func(context.Context) error {
			pings.Add(1)
			<-release // deaf to its context
			return nil
		}})
		h := health.NewReadiness(svc, health.ReadinessConfig{Timeout: 100 * time.Millisecond, TTL: time.Second})
		ask := func() {
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					if code, _ := report(t, h); code != 503 {
						t.Errorf("got %d while a resource is stuck", code)
					}
				})
			}
			wg.Wait()
		}
		ask()
		if n := pings.Load(); n != 2 {
			t.Errorf("%d checks ran for 50 callers at once", n)
		}
		time.Sleep(2 * time.Second)
		ask()
		if n := pings.Load(); n != 3 {
			t.Errorf("%d checks ran; the stuck one must not be joined by another", n)
		}
		close(release)
		time.Sleep(2 * time.Second)
		if code, r := report(t, h); code != 200 {
			t.Errorf("it did not recover: %+v", r)
		}
	})
}

// A caller that goes away does not spoil the result for the others.
func TestReadinessCallerGone(t *testing.T) {
	svc := tandem.New("shop", "1")
	svc.Manage("db", resource{func(ctx context.Context) error { return ctx.Err() }})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if r := health.NewReadiness(svc, health.ReadinessConfig{}).Check(ctx); r.Status != health.OK {
		t.Errorf("got %+v", r)
	}
}

// Liveness asks nothing of the resources.
func TestLive(t *testing.T) {
	w := httptest.NewRecorder()
	health.Live().ServeHTTP(w, httptest.NewRequest("GET", "/health/live", nil))
	if w.Code != 200 || w.Body.String() != `{"status":"ok"}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
