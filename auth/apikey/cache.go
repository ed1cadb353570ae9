package apikey

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	// cacheTTL is how long a record is remembered, and that there is none.
	cacheTTL = time.Second
	// maxCached bounds how many records are remembered, and how many IDs of none.
	maxCached = 10_000
	// maxUnknown bounds how many look-ups of IDs that are not known to exist go on
	// at the same time, so that a flood of made-up keys leaves the database, and its
	// connections, to others.
	maxUnknown = 4
	// findTimeout bounds a look-up, its wait for others included.
	findTimeout = 5 * time.Second
)

// cache remembers records for a short time. Those who ask for one ID at the same
// time share one look-up.
type cache struct {
	find   func(ctx context.Context, id string) (*Record, error)
	places chan struct{} // one for each look-up of an unknown ID

	mu      sync.Mutex
	known   generations // those that ran out included: their IDs exist
	unknown generations // apart, so that a flood cannot push out the known ones
	flights map[string]*flight
}

// flight is a look-up. Its result can be read once done is closed.
type flight struct {
	record *Record
	err    error
	done   chan struct{}
}

func newCache(find func(context.Context, string) (*Record, error)) *cache {
	return &cache{find: find, places: make(chan struct{}, maxUnknown), flights: map[string]*flight{}}
}

// get returns the record with this ID, nil if there is none.
func (c *cache) get(ctx context.Context, id string) (*Record, error) {
	c.mu.Lock()
	found, exists := c.known.get(id)
	if !exists {
		found, _ = c.unknown.get(id)
	}
	if now := time.Now(); now.Before(found.until) {
		c.mu.Unlock()
		return found.record, nil
	}
	f, ok := c.flights[id]
	if !ok {
		f = &flight{err: errUnfinished, done: make(chan struct{})}
		c.flights[id] = f
	}
	c.mu.Unlock()
	if !ok {
		c.fly(context.WithoutCancel(ctx), f, id, exists)
		return f.record, f.err
	}
	select {
	case <-f.done:
		return f.record, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var (
	errUnfinished = errors.New("the look-up was not finished")
	errBusy       = errors.New("too many unknown API keys are being looked up")
)

// fly looks a record up and remembers it, from when it was asked for. An error is
// not remembered.
func (c *cache) fly(ctx context.Context, f *flight, id string, exists bool) {
	ctx, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	defer close(f.done)
	until := time.Time{}
	defer func() { c.land(f, id, until) }()
	if !exists {
		select {
		case c.places <- struct{}{}:
			defer func() { <-c.places }()
		case <-ctx.Done():
			f.err = errBusy
			return
		}
	}
	until = time.Now().Add(cacheTTL)
	f.record, f.err = c.find(ctx, id)
}

func (c *cache) land(f *flight, id string, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.flights, id)
	switch {
	case f.err != nil:
	case f.record != nil:
		c.known.put(id, cached{f.record, until})
	default:
		c.known.delete(id)
		c.unknown.put(id, cached{nil, until})
	}
}

type cached struct {
	record *Record
	until  time.Time
}

// generations is a map that forgets. What is neither put nor read while as many
// others are put as half of what it may hold is gone. Its zero value is empty.
type generations struct {
	young, old map[string]cached
}

func (g *generations) get(id string) (cached, bool) {
	if v, ok := g.young[id]; ok {
		return v, true
	}
	v, ok := g.old[id]
	if ok {
		g.put(id, v)
	}
	return v, ok
}

func (g *generations) put(id string, v cached) {
	if g.young == nil || len(g.young) >= maxCached/2 {
		g.young, g.old = map[string]cached{}, g.young
	}
	g.young[id] = v
}

func (g *generations) delete(id string) {
	delete(g.young, id)
	delete(g.old, id)
}
