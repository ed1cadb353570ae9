package redisstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-go/tandem/session"
)

const (
	placesPage = 256 // places that are looked at in one step
	sweepers   = 8   // sessions that are looked at at once
)

// reserve takes a place for a session, all caps in one step.
func (s *Store) reserve(ctx context.Context, token string, r *session.Record) error {
	principal := sha256.Sum256([]byte(r.Principal))
	reply, err := s.eval(ctx, &reserveScript, s.registryKeys(), token, r.ID, hex.EncodeToString(principal[:16]),
		s.options.Limits.SessionsPerPrincipal, s.options.Limits.Sessions)
	if err != nil {
		return err
	}
	return reply.failure()
}

// release gives the place back; if it cannot, Sweep does.
func (s *Store) release(ctx context.Context, token string) {
	if err := s.releaseOlder(ctx, token, 0); err != nil {
		s.options.Logger.WarnContext(ctx, "redisstore: the place of a session was not given back yet", "error", err)
	}
}

// releaseOlder gives the place back if it was taken so long ago.
func (s *Store) releaseOlder(ctx context.Context, token string, age time.Duration) error {
	_, err := s.eval(ctx, &releaseScript, s.registryKeys(), token, age.Milliseconds())
	return err
}

// place is a session's place under the caps.
type place struct{ token, session string }

// eachPlace calls do for every place, several at once, until one fails.
func (s *Store) eachPlace(ctx context.Context, do func(context.Context, place) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	places := make(chan place, sweepers)
	for range sweepers {
		workers.Go(func() {
			for p := range places {
				if ctx.Err() != nil {
					continue
				}
				if err := do(ctx, p); err != nil {
					cancel(err)
				}
			}
		})
	}
	err := s.listPlaces(ctx, places)
	close(places)
	workers.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (s *Store) listPlaces(ctx context.Context, to chan<- place) error {
	cursor := "0"
	for {
		page, err := s.eval(ctx, &placesScript, s.registryKeys(), cursor, placesPage)
		if err != nil {
			return err
		}
		for i := 1; i+1 < len(page); i += 2 {
			to <- place{token: page.text(i), session: page.text(i + 1)}
		}
		if cursor = page.text(0); cursor == "0" {
			return nil
		}
	}
}

// Sweep implements [session.Records]. It also gives back places that have no
// session, and renews what this replica watches.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	living, err := s.living(ctx)
	if err != nil {
		return 0, err
	}
	var deleted atomic.Int64
	err = s.eachPlace(ctx, func(ctx context.Context, p place) error {
		gone, err := s.sweep(ctx, p, living)
		if gone {
			deleted.Add(1)
		}
		return err
	})
	return int(deleted.Load()), err
}

// sweep reports whether it deleted the session.
func (s *Store) sweep(ctx context.Context, p place, living []string) (bool, error) {
	l := &s.options.Limits
	watcher := ""
	if s.watches.has(p.session) {
		watcher = s.id
	}
	args := []any{p.token, s.channelStart(), endMessage(p.session), l.IdleAfter.Milliseconds(), s.options.expiry().Milliseconds(),
		l.KeepCalls, l.KeepBytes, l.KeepFor.Milliseconds(), watcher}
	for _, replica := range living {
		args = append(args, replica)
	}
	reply, err := s.eval(ctx, &sweepScript, s.sessionKey(p.session), args...)
	if err != nil {
		return false, err
	}
	switch reply.status() {
	case "gone":
		return false, s.releaseOlder(ctx, p.token, 4*s.options.Timeout) // Create takes less
	case "deleted":
		s.ended(ctx, p.session, p.token)
		return true, nil
	}
	return false, nil
}

// living returns the replicas that are not known to be dead.
func (s *Store) living(ctx context.Context) ([]string, error) {
	all, err := s.replicas(ctx)
	if err != nil {
		return nil, err
	}
	living := []string{s.id}
	for _, replica := range all {
		dead, err := s.dead(ctx, replica)
		if err != nil {
			return nil, err
		}
		if !dead {
			living = append(living, replica)
		}
	}
	return living, nil
}
