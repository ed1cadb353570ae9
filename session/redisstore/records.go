package redisstore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/tandem-go/tandem/session"
)

// Create implements [session.Records]. The session's place is taken first, so
// that the caps hold; a place whose session was not created is given back.
func (s *Store) Create(ctx context.Context, r session.Record) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	if err := r.Validate(); err != nil {
		return err
	}
	sealed, err := s.sealRecord(r)
	if err != nil {
		return err
	}
	token, began := rand.Text(), time.Now()
	if err := s.reserve(ctx, token, &r); err != nil {
		return s.orExists(ctx, r.ID, err)
	}
	if time.Since(began) > 2*s.options.Timeout { // this process was halted: Sweep may have given the place back
		return fmt.Errorf("%w: creating a session took too long", session.ErrUnavailable)
	}
	reply, err := s.eval(ctx, &createScript, s.sessionKey(r.ID), token, rand.Text(), sealed, s.options.expiry().Milliseconds())
	if err != nil {
		return err
	}
	if err := reply.failure(); err != nil {
		s.release(ctx, token)
		return err
	}
	return nil
}

// orExists says that an id is in use even where the caps are reached.
func (s *Store) orExists(ctx context.Context, id string, err error) error {
	if !errors.Is(err, session.ErrTooMany) && !errors.Is(err, session.ErrFull) {
		return err
	}
	_, loading := s.load(ctx, id)
	switch {
	case loading == nil:
		return session.ErrExists
	case errors.Is(loading, session.ErrNotFound):
		return err
	}
	return loading
}

// stored is a record with the version that the engine has of it.
type stored struct {
	session.Record
	version string
}

// Load implements [session.Records].
func (s *Store) Load(ctx context.Context, id string) (session.Record, error) {
	r, err := s.load(ctx, id)
	return r.Record, err
}

func (s *Store) load(ctx context.Context, id string) (stored, error) {
	var fields reply
	err := s.step(ctx, true, func(ctx context.Context) error {
		cmd := redis.NewSliceCmd(ctx, "hmget", s.sessionKey(id)[0], "r", "v", "c", "s")
		err := s.client.Process(ctx, cmd)
		fields = cmd.Val()
		return err
	})
	if err != nil {
		return stored{}, err
	}
	return s.openRecord(id, fields)
}

func (s *Store) sealRecord(r session.Record) ([]byte, error) {
	r.Created, r.LastSeen = time.Time{}, time.Time{} // the engine's clock sets them
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("redisstore: record of a session: %w", err)
	}
	return s.secrets.seal(text, "record", r.ID), nil
}

// openRecord finds nothing in a record that it cannot verify.
func (s *Store) openRecord(id string, fields reply) (stored, error) {
	if fields.text(0) == "" {
		return stored{}, session.ErrNotFound
	}
	text, ok := s.secrets.open(fields.text(0), "record", id)
	if !ok {
		s.options.Logger.Warn("redisstore: a session's record was not written with our secret; it counts as not found")
		return stored{}, session.ErrNotFound
	}
	r := stored{version: fields.text(1)}
	if err := json.Unmarshal(text, &r.Record); err != nil {
		return stored{}, fmt.Errorf("redisstore: record of a session: %w", err)
	}
	r.Created, r.LastSeen = fields.time(2), fields.time(3)
	return r, nil
}

// time reads milliseconds.
func (r reply) time(i int) time.Time {
	ms, err := strconv.ParseInt(r.text(i), 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// Update implements [session.Records].
func (s *Store) Update(ctx context.Context, id string, change func(*session.Record) error) error {
	for {
		old, err := s.load(ctx, id)
		if err != nil {
			return err
		}
		changed, err := old.Changed(change)
		if err != nil {
			return err
		}
		swapped, err := s.swap(ctx, old.version, changed)
		if swapped || err != nil {
			return err
		}
	}
}

// swap reports whether the record was still of the version.
func (s *Store) swap(ctx context.Context, version string, changed *session.Record) (bool, error) {
	sealed, err := s.sealRecord(*changed)
	if err != nil {
		return false, err
	}
	reply, err := s.eval(ctx, &updateScript, s.sessionKey(changed.ID), version, rand.Text(), sealed)
	if err != nil {
		return false, err
	}
	return reply.status() == "ok", reply.failure()
}

// Touch implements [session.Records].
func (s *Store) Touch(ctx context.Context, id string) error {
	reply, err := s.eval(ctx, &touchScript, s.sessionKey(id), s.options.expiry().Milliseconds())
	if err != nil {
		return err
	}
	return reply.failure()
}

// Delete implements [session.Records].
func (s *Store) Delete(ctx context.Context, id string) error {
	reply, err := s.eval(ctx, &deleteScript, s.sessionKey(id), s.channelStart(), endMessage(id))
	if err != nil {
		return err
	}
	if err := reply.failure(); err != nil {
		return err
	}
	s.ended(ctx, id, reply.text(1))
	return nil
}

// ended gives the place of a session that is gone back, and tells all replicas.
// What fails here is made good by Sweep, or is a signal that was lost.
func (s *Store) ended(ctx context.Context, id, token string) {
	ctx = context.WithoutCancel(ctx)
	s.release(ctx, token)
	if err := s.broadcast(ctx, session.Signal{Session: id, Kind: session.Deleted}); err != nil {
		s.options.Logger.WarnContext(ctx, "redisstore: the end of a session was not told to all replicas", "error", err)
	}
}
