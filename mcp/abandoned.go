package mcp

import (
	"context"
	"sync"
	"time"

	"github.com/tandem-go/tandem/session"
)

// abandoned are the SSE sessions whose client closed the stream. Most clients of
// that transport never come back to a session, so that it ends, with its calls,
// unless there is a sign of life between two sweeps.
type abandoned struct {
	mu         sync.Mutex
	fresh, old map[string]time.Time // session → its last sign of life when the stream closed
}

func (a *abandoned) add(id string, lastSeen time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.fresh == nil {
		a.fresh = map[string]time.Time{}
	}
	a.fresh[id] = lastSeen
}

// due returns the sessions that were added before the last call of due.
func (a *abandoned) due() map[string]time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	due := a.old
	a.old, a.fresh = a.fresh, nil
	return due
}

// abandon notes that the client of an SSE session closed its stream.
func (d *Door) abandon(ctx context.Context, id string) {
	if r, err := d.store.Load(context.WithoutCancel(ctx), id); err == nil {
		d.abandoned.add(id, r.LastSeen)
	}
}

// dropAbandoned ends the sessions that nobody came back to.
func (d *Door) dropAbandoned(ctx context.Context) error {
	for id, lastSeen := range d.abandoned.due() {
		r, err := d.store.Load(ctx, id)
		if err == nil && r.LastSeen.Equal(lastSeen) {
			err = d.store.Delete(ctx, id)
		}
		if err = ignore(err, session.ErrNotFound); err != nil {
			return err
		}
	}
	return nil
}
