package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/tandem-go/tandem"
)

// gate counts the requests that are served, and refuses new ones once it is shut.
type gate struct {
	mu       sync.Mutex
	inFlight int
	shut     bool
	idle     chan struct{} // closed when the gate is shut and nothing is in flight
}

func newGate() *gate { return &gate{idle: make(chan struct{})} }

// enter counts a request in, or reports that the gate is shut.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return false
	}
	g.inFlight++
	return true
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inFlight--
	if g.shut && g.inFlight == 0 {
		close(g.idle)
	}
}

// close shuts the gate; a second time is without effect.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return
	}
	g.shut = true
	if g.inFlight == 0 {
		close(g.idle)
	}
}

// wait returns when the gate is shut and the last request has left, or ctx ends.
func (g *gate) wait(ctx context.Context) error {
	select {
	case <-g.idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.inFlight
}

// drainRetry is when a refused caller may find another replica, or this one's
// successor.
const drainRetry = time.Second

// throughGate lets a request in unless the server drains. The MCP door refuses
// by itself: it still has to hear of cancellations.
func (s *Server) throughGate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.gate.enter() {
			defer s.gate.leave()
			next.ServeHTTP(w, r)
			return
		}
		if requestFrom(r.Context()).route.kind == kindMCP {
			next.ServeHTTP(w, r)
			return
		}
		writeProblem(w, tandem.Errorf(tandem.Unavailable, "the service is shutting down").WithRetryAfter(drainRetry))
	})
}
