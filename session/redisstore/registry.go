package redisstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/tandem-go/tandem/session"
)

const (
	placesPage   = 256 // places that are looked at in one step
	sweepers     = 8   // sessions that are looked at at once
	placeTimeout = 60  // seconds after which a place without a session is given back
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

func (s *Store) releaseOlder(ctx context.Context, token string, seconds int) error {
	_, err := s.eval(ctx, &releaseScript, s.registryKeys(), token, seconds)
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
		return false, s.releaseOlder(ctx, p.token, placeTimeout)
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

// Orphans implements [session.Log]. It looks at the sessions only if a replica
// is dead, and takes the dead one off the list once it has left no call.
func (s *Store) Orphans(ctx context.Context, max int) ([]session.Orphan, error) {
	dead, err := s.deadReplicas(ctx)
	if err != nil || len(dead) == 0 || max <= 0 {
		return nil, err
	}
	var mu sync.Mutex
	var found []session.Orphan
	full := errors.New("enough")
	err = s.eachPlace(ctx, func(ctx context.Context, p place) error {
		calls, err := s.Calls(ctx, p.session)
		if err != nil && !errors.Is(err, session.ErrNotFound) {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, c := range calls {
			if c.Orphaned && len(found) < max {
				found = append(found, session.Orphan{Session: p.session, Call: c})
			}
		}
		if len(found) >= max {
			return full
		}
		return nil
	})
	if errors.Is(err, full) {
		return found, nil
	}
	if err == nil && len(found) == 0 {
		err = s.forgetReplicas(ctx, dead)
	}
	return found, err
}
