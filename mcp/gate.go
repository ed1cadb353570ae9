package mcp

import (
	"context"
	"sync"
)

// gate counts the work in flight and lets no new work in while the door drains.
// The zero value is open.
type gate struct {
	mu     sync.Mutex
	count  int
	closed bool
	idle   chan struct{} // closed when the gate is closed and the count is zero; nil before
}

// enter counts one piece of work in; false means that the gate is closed.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	g.count++
	return true
}

// again counts in one more piece of work that one under way has begun.
func (g *gate) again() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count++
}

// leave counts it out.
func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.count--
	if g.closed && g.count == 0 {
		close(g.idle)
	}
}

// shut lets no more work in.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	g.closed, g.idle = true, make(chan struct{})
	if g.count == 0 {
		close(g.idle)
	}
}

// wait waits until the gate is shut and nothing is in flight.
func (g *gate) wait(ctx context.Context) error {
	select {
	case <-g.idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) isShut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

func (g *gate) inFlight() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.count
}
