package apikey

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// writeInterval is how often at most it is written when keys were used.
	writeInterval = time.Minute
	// writeTimeout bounds each time that it is written.
	writeTimeout = 10 * time.Second
)

// uses gathers when keys were last used and has that written from time to time,
// on a timer, so that no request waits for it.
type uses struct {
	write  func(ctx context.Context, last map[string]time.Time) error
	logger *slog.Logger

	mu      sync.Mutex
	pending map[string]time.Time
	timer   *time.Timer // nil if there is nothing to write
	next    time.Time   // when it may be written next
	failing bool        // it could not be written last time
	closed  bool
	writing sync.WaitGroup // counts the timer
}

func newUses(logger *slog.Logger, write func(context.Context, map[string]time.Time) error) *uses {
	return &uses{write: write, logger: logger, pending: map[string]time.Time{}}
}

// mark notes a use.
func (u *uses) mark(id string, at time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return
	}
	u.pending[id] = at
	u.schedule(at)
}

func (u *uses) schedule(now time.Time) {
	if u.timer != nil {
		return
	}
	u.writing.Add(1)
	u.timer = time.AfterFunc(max(0, u.next.Sub(now)), func() {
		defer u.writing.Done()
		u.flush()
	})
}

// flush writes what is pending, and keeps it for the next time if that fails.
func (u *uses) flush() {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	u.mu.Lock()
	last := u.pending
	u.pending = map[string]time.Time{}
	u.mu.Unlock()
	var err error
	if len(last) > 0 {
		err = u.write(ctx, last)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.timer, u.next = nil, time.Now().Add(writeInterval)
	if err != nil {
		u.putBack(last)
	}
	if !u.closed && len(u.pending) > 0 {
		u.schedule(time.Now())
	}
	if failing := err != nil; failing != u.failing {
		u.failing = failing
		u.report(ctx, err)
	}
}

func (u *uses) putBack(last map[string]time.Time) {
	for id, at := range last {
		if _, newer := u.pending[id]; !newer {
			u.pending[id] = at
		}
	}
}

func (u *uses) report(ctx context.Context, err error) {
	if err != nil {
		u.logger.WarnContext(ctx, "it cannot be written when API keys were last used; the keys work all the same", "cause", err)
		return
	}
	u.logger.InfoContext(ctx, "it can be written again when API keys were last used")
}

// close writes what is pending and waits for what is being written. Later marks
// are ignored.
func (u *uses) close() {
	u.mu.Lock()
	closed := u.closed
	u.closed = true
	if u.timer != nil && u.timer.Stop() {
		u.writing.Done()
	}
	u.mu.Unlock()
	if closed {
		return
	}
	u.writing.Wait()
	u.flush()
}
