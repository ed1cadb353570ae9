package health

import (
	"context"
	"time"
)

// defaultTTL is how long a result serves further callers.
const defaultTTL = time.Second

// cached keeps the last result of one check. Callers that come while the check
// runs wait for its result, which is bounded by the check's own timeout.
type cached[T any] struct {
	ttl  time.Duration
	turn chan struct{} // holds a token while the fields below are in use

	at    time.Time // when value was found; zero before the first time
	value T
}

func newCached[T any](ttl time.Duration) *cached[T] {
	return &cached[T]{ttl: ttl, turn: make(chan struct{}, 1)}
}

// get returns the kept result, or a new one. The check does not end with the
// request that happened to start it, since others wait for it too.
func (c *cached[T]) get(ctx context.Context, check func(context.Context) T) T {
	c.turn <- struct{}{}
	defer func() { <-c.turn }()
	if !c.at.IsZero() && time.Since(c.at) < c.ttl {
		return c.value
	}
	c.value = check(context.WithoutCancel(ctx))
	c.at = time.Now()
	return c.value
}
