package pgstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-go/tandem/session"
)

// Create implements [session.Records].
func (s *Store) Create(ctx context.Context, r session.Record) error {
	if err := r.Validate(); err != nil {
		return err
	}
	record, err := s.sealRecord(r)
	if err != nil {
		return err
	}
	var outcome int
	err = s.step(ctx, once, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, s.sql.create, s.Relaxed, []byte(r.ID), []byte(r.Principal), record,
			integer(s.Limits.SessionsPerPrincipal), integer(s.Limits.Sessions)).Scan(&outcome)
	})
	switch {
	case err != nil:
		return err
	case outcome == 1:
		return session.ErrExists
	case outcome == 2:
		return fmt.Errorf("%w: %d sessions of one principal", session.ErrTooMany, s.Limits.SessionsPerPrincipal)
	case outcome == 3:
		return fmt.Errorf("%w: %d", session.ErrFull, s.Limits.Sessions)
	}
	return nil
}

// stored is a record with its version.
type stored struct {
	session.Record
	version int64
}

func (s *Store) load(ctx context.Context, id string) (r stored, err error) {
	var principal []byte
	var record string
	err = s.step(ctx, repeatable, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, s.sql.load, []byte(id)).Scan(&principal, &record, &r.version, &r.Created, &r.LastSeen)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = session.ErrNotFound
	}
	if err != nil {
		return stored{}, err
	}
	created, seen := r.Created, r.LastSeen
	r.Record, err = s.openRecord(id, string(principal), record)
	r.Created, r.LastSeen = created, seen
	return r, err
}

// Load implements [session.Records].
func (s *Store) Load(ctx context.Context, id string) (session.Record, error) {
	r, err := s.load(ctx, id)
	return r.Record, err
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
		if swapped, err := s.swap(ctx, old.version, changed); swapped || err != nil {
			return err
		}
	}
}

// swap reports whether the record was still of the version.
func (s *Store) swap(ctx context.Context, version int64, changed *session.Record) (swapped bool, err error) {
	record, err := s.sealRecord(*changed)
	if err != nil {
		return false, err
	}
	err = s.step(ctx, once, func(ctx context.Context) error {
		tag, err := s.pool.Exec(ctx, s.sql.update, []byte(changed.ID), version, record)
		swapped = tag.RowsAffected() == 1
		return err
	})
	return swapped, err
}

// Touch implements [session.Records].
func (s *Store) Touch(ctx context.Context, id string) error {
	var found bool
	err := s.step(ctx, repeatable, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, s.sql.touch, []byte(id)).Scan(&found)
	})
	if err == nil && !found {
		err = session.ErrNotFound
	}
	return err
}

// Delete implements [session.Records].
func (s *Store) Delete(ctx context.Context, id string) error {
	gone := session.Signal{Session: id, Kind: session.Deleted}
	var found bool
	err := s.step(ctx, once, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, s.sql.delete, s.Relaxed, []byte(id), s.me, []byte(gone.Kind), s.sealSignal(&gone)).Scan(&found)
	})
	switch {
	case errors.Is(err, session.ErrUnavailable):
		s.news(sessionKey(id)) // it may be gone
		return err
	case err != nil:
		return err
	case !found:
		return session.ErrNotFound
	}
	s.ended(gone)
	return nil
}

// ended tells everybody, this replica included, of a session that has ended.
func (s *Store) ended(gone session.Signal) {
	s.news(sessionKey(gone.Session))
	s.link.mail(everyone)
	s.listeners.deliver(gone)
}
