package redisstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tandem-go/tandem/session"
)

// placesPage is about how many places are looked at in one turn.
const placesPage = 256

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

// eachPage calls do for all places, page by page.
func (s *Store) eachPage(ctx context.Context, do func([]place) error) error {
	cursor := "0"
	for {
		page, err := s.eval(ctx, &placesScript, s.registryKeys(), cursor, placesPage)
		if err != nil {
			return err
		}
		var places []place
		for i := 1; i+1 < len(page); i += 2 {
			places = append(places, place{token: page.text(i), session: page.text(i + 1)})
		}
		if err := do(places); err != nil {
			return err
		}
		if cursor = page.text(0); cursor == "0" {
			return nil
		}
	}
}

// onEach runs a script on the session of each place, in one turn.
func (s *Store) onEach(ctx context.Context, sc *script, places []place, args func(place) []any) ([]reply, error) {
	cmds := make([]*redis.Cmd, len(places))
	err := s.step(ctx, true, func(ctx context.Context) error {
		pipe := s.client.Pipeline()
		for i, p := range places {
			cmds[i] = redis.NewCmd(ctx, command("evalsha", sc.sum, s.sessionKey(p.session), args(p))...)
			_ = pipe.Process(ctx, cmds[i]) // it is sent by Exec
		}
		_, err := pipe.Exec(ctx)
		if redis.HasErrorPrefix(err, "NOSCRIPT") {
			return nil // see below
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	replies := make([]reply, len(places))
	for i, cmd := range cmds {
		if replies[i], err = replyOf(cmd); err != nil { // the engine does not know the script yet
			if replies[i], err = s.eval(ctx, sc, s.sessionKey(places[i].session), args(places[i])...); err != nil {
				return nil, err
			}
		}
	}
	return replies, nil
}

// Sweep implements [session.Records]. It also gives back places that have no
// session, and renews what this replica watches.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	living, err := s.living(ctx)
	if err != nil {
		return 0, err
	}
	deleted := 0
	err = s.eachPage(ctx, func(places []place) error {
		replies, err := s.onEach(ctx, &sweepScript, places, func(p place) []any { return s.sweepArgs(p, living) })
		for i, r := range replies {
			switch r.status() {
			case "deleted":
				deleted++
				s.ended(ctx, places[i].session, places[i].token)
			case "gone":
				if err := s.releaseOlder(ctx, places[i].token, 4*s.options.Timeout); err != nil { // Create takes less
					return err
				}
			}
		}
		return err
	})
	return deleted, err
}

func (s *Store) sweepArgs(p place, living []any) []any {
	l := &s.options.Limits
	watcher := ""
	if s.watches.has(p.session) {
		watcher = s.id
	}
	return append([]any{p.token, s.channelStart(), endMessage(p.session), l.IdleAfter.Milliseconds(), s.options.expiry().Milliseconds(),
		l.KeepCalls, l.KeepBytes, l.KeepFor.Milliseconds(), watcher}, living...)
}

// living returns the replicas that are not known to be dead.
func (s *Store) living(ctx context.Context) ([]any, error) {
	all, err := s.replicas(ctx)
	if err != nil {
		return nil, err
	}
	living := []any{s.id}
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
