package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-go/tandem/internal/redistest"
	"github.com/tandem-go/tandem/session"
)

// Whoever watches the engine sees its failures apart from what the contract refuses.
func TestStepOutcome(t *testing.T) {
	for want, err := range map[string]error{
		"ok":          nil,
		"refused":     fmt.Errorf("it is gone: %w", session.ErrNotFound),
		"unavailable": fmt.Errorf("%w: %w", session.ErrUnavailable, context.DeadlineExceeded),
		"cancelled":   context.Canceled,
		"error":       errors.New("syntax"),
	} {
		if got := stepOutcome(err); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
}

// The steps of the shared state are measured, and its outage is seen.
func TestStateMetrics(t *testing.T) {
	engine := redistest.Start(t)
	s := replica(t, engine.URL(), Config{})
	if w := ask(s, "POST", "/mcp", initialize, "Accept", "application/json, text/event-stream"); w.Code != 200 {
		t.Fatalf("initialize: %d %s", w.Code, w.Body)
	}
	sees := func(series string) {
		t.Helper()
		if got := ask(s, "GET", "/metrics", "").Body.String(); !strings.Contains(got, series) {
			t.Errorf("there is no %s", series)
		}
	}
	sees(`tandem_state_operation_duration_seconds_count{operation="create",outcome="ok"} 1`)
	sees("tandem_draining 0")
	engine.Stop(t)
	if w := ask(s, "POST", "/mcp", initialize, "Accept", "application/json, text/event-stream"); w.Code != 503 {
		t.Errorf("without the engine: %d %s", w.Code, w.Body)
	}
	sees(`operation="create",outcome="unavailable"`)
	engine.Restart(t)
}
