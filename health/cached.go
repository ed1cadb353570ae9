package health

import (
	"context"
	"sync"
	"time"
)

// defaultTTL is how long a result serves further callers.
const defaultTTL = time.Second

// cached keeps the last result of one check. Callers that come while the check
// runs wait for its result, which is bounded by the check's own timeout.
type cached[T any] struct {
	ttl time.Duration

	mu    sync.Mutex
	at    time.Time // when value was found; zero before the first time
	value T
}

// get returns the kept result, or a new one. The check does not end with the
// request that happened to start it, since others wait for it too.
func (c *cached[T]) get(ctx context.Context, check func(context.Context) T) T {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.at.IsZero() && time.Since(c.at) < c.ttl {
		return c.value
	}
	c.value = check(context.WithoutCancel(ctx))
	c.at = time.Now()
	return c.value
}
