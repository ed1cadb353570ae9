package pgstore

import (
	"context"
	"time"

	"github.com/tandem-go/tandem/session"
)

const (
	sweepBatch = 200 // sessions that one transaction of a sweep takes

	// forgetAfter is how long the row of a dead replica is kept, with the signals
	// that it has not taken: it may only have been out of reach.
	forgetAfter = time.Minute
)

// Sweep implements [session.Records]. A watch counts as a sign of life.
func (s *Store) Sweep(ctx context.Context) (deleted int, err error) {
	if err := s.markWatched(ctx); err != nil {
		return 0, err
	}
	if err := s.forgetFinished(ctx); err != nil {
		return 0, err
	}
	if err := s.forgetBuckets(ctx); err != nil {
		return 0, err
	}
	if err := s.exec(ctx, s.sql.forgetReplicas, s.me, forgetAfter); err != nil {
		return 0, err
	}
	for {
		ids, err := s.sweepIdle(ctx)
		deleted += len(ids)
		if err != nil || len(ids) < sweepBatch {
			return deleted, err
		}
	}
}

func (s *Store) markWatched(ctx context.Context) error {
	ids := s.watches.sessions()
	if len(ids) == 0 {
		return nil
	}
	return s.exec(ctx, s.sql.markWatched, ids, s.Limits.IdleAfter/4)
}

func (s *Store) forgetFinished(ctx context.Context) error {
	for {
		var n int
		err := s.step(ctx, repeatable, func(ctx context.Context) error {
			return s.pool.QueryRow(ctx, s.sql.sweepFinished, s.Limits.KeepFor, sweepBatch).Scan(&n)
		})
		if err != nil || n < sweepBatch {
			return err
		}
	}
}

func (s *Store) sweepIdle(ctx context.Context) (ids [][]byte, err error) {
	err = s.step(ctx, once, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, s.sql.sweepIdle, s.me, s.Limits.IdleAfter, sweepBatch).Scan(&ids)
	})
	for i, id := range ids {
		gone := session.Signal{Session: string(id), Kind: session.Deleted}
		if err := s.exec(ctx, s.sql.broadcast, s.me, id, []byte(gone.Kind), s.sealSignal(&gone)); err != nil {
			return ids[:i], err
		}
		s.ended(gone)
	}
	return ids, err
}

// exec runs a statement that may run again.
func (s *Store) exec(ctx context.Context, statement string, args ...any) error {
	return s.step(ctx, repeatable, func(ctx context.Context) error {
		_, err := s.pool.Exec(ctx, statement, args...)
		return err
	})
}
