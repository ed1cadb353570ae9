package pgstore

import (
	"context"
	"time"
)

// Spend takes tokens from a bucket that all replicas share, at most n, and returns
// how many it took and in which time the bucket will be full again. The bucket
// begins full, with burst tokens, and fills within per, evenly, by the database's
// clock. It takes whole tokens only; not all that are wanted may be there, or none.
// A crash of the server fills the buckets.
func (s *Store) Spend(ctx context.Context, key string, n, burst int, per time.Duration) (granted int, debt time.Duration, err error) {
	var micros int64
	err = s.step(ctx, once, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, s.sql.spend, []byte(key), n, burst, per).Scan(&granted, &micros)
	})
	return granted, time.Duration(micros) * time.Microsecond, err
}

// forgetBuckets removes buckets that are full, which is what one that is not there is.
func (s *Store) forgetBuckets(ctx context.Context) error {
	for {
		var n int
		err := s.step(ctx, repeatable, func(ctx context.Context) error {
			return s.pool.QueryRow(ctx, s.sql.forgetBuckets, sweepBatch).Scan(&n)
		})
		if err != nil || n < sweepBatch {
			return err
		}
	}
}
