package redisstore

import (
	"context"
	"net/url"
	"time"
)

// Spend takes tokens from a bucket that all replicas share, at most n, and returns
// how many it took and in which time the bucket will be full again. The bucket
// begins full, with burst tokens, and fills within per, evenly, by the engine's
// clock. It takes whole tokens only; not all that are wanted may be there, or none.
func (s *Store) Spend(ctx context.Context, key string, n, burst int, per time.Duration) (granted int, debt time.Duration, err error) {
	reply, err := s.eval(ctx, &spendScript, []string{s.options.Prefix + "{l:" + url.QueryEscape(key) + "}"}, n, burst, per.Microseconds())
	if err != nil {
		return 0, 0, err
	}
	return int(reply.number(1)), time.Duration(reply.number(2)) * time.Microsecond, nil
}
