package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/tandem-go/tandem"
)

// gate counts the requests that are served, and refuses new ones once it is full
// or shut.
type gate struct {
	most int

	mu       sync.Mutex
	inFlight int
	shut     bool
	idle     chan struct{} // closed when the gate is shut and nothing is in flight
}

func newGate(most int) *gate { return &gate{most: most, idle: make(chan struct{})} }

// entry is what the gate says to a request.
type entry uint8

const (
	entered entry = iota // it is counted in, and must leave
	full
	closed
)

// enter counts a request in, if there is room and the gate is open.
func (g *gate) enter() entry {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.shut:
		return closed
	case g.inFlight >= g.most:
		return full
	}
	g.inFlight++
	return entered
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

// gateRetry is when a refused caller may find room, another replica, or this
// one's successor.
const gateRetry = time.Second

// throughGate lets a request in unless the server is full or drains. The MCP door
// refuses by itself while draining: it still has to hear of cancellations.
func (s *Server) throughGate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		detail := "the service has as many requests as it can take"
		switch s.gate.enter() {
		case entered:
			defer s.gate.leave()
			next.ServeHTTP(w, r)
			return
		case closed:
			if requestFrom(r.Context()).route.kind == kindMCP {
				next.ServeHTTP(w, r)
				return
			}
			detail = "the service is shutting down"
		}
		writeProblem(w, tandem.Errorf(tandem.Unavailable, "%s", detail).WithRetryAfter(gateRetry))
	})
}
