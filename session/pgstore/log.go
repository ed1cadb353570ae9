package pgstore

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-go/tandem/session"
)

// Begin implements [session.Log].
func (s *Store) Begin(ctx context.Context, c session.CallStart) (session.Begun, error) {
	if c.Call == "" || c.Stream == "" || c.Owner == "" {
		return session.Begun{}, errors.New("session: CallStart needs Call, Stream and Owner")
	}
	var (
		outcome       int
		stream, owner []byte
		after, final  *uint64
		rerun         *string
		orphaned      *bool
	)
	err := s.step(ctx, repeatable, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, s.sql.begin, s.Relaxed, []byte(c.Session), []byte(c.Stream), []byte(c.Call), c.Hash[:],
			[]byte(c.Owner), s.sealRerun(&c), s.me, integer(s.Limits.CallsPerSession)).
			Scan(&outcome, &stream, &owner, &after, &final, &rerun, &orphaned)
	})
	switch {
	case err != nil:
		return session.Begun{}, err
	case outcome == 0:
		return session.Begun{}, session.ErrNotFound
	case outcome == -1:
		return session.Begun{}, session.ErrReused
	case outcome == -2:
		return session.Begun{}, fmt.Errorf("%w: %d calls in flight", session.ErrTooMany, s.Limits.CallsPerSession)
	}
	return session.Begun{Outcome: session.Outcome(outcome), Call: session.Call{
		ID: c.Call, Stream: string(stream), Owner: string(owner), After: value(after), Final: value(final),
		Orphaned: value(orphaned), Rerun: s.openRerun(c.Session, c.Call, rerun),
	}}, nil
}

// integer is n as the server has it.
func integer(n int) int32 { return int32(max(0, min(n, math.MaxInt32))) }

// value is that of a column, or zero for null.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// Append implements [session.Log].
func (s *Store) Append(ctx context.Context, o session.Output, messages ...[]byte) (uint64, error) {
	data := make([][]byte, len(messages))
	for i, m := range messages {
		data[i] = nonNil(m)
	}
	var owner []byte // null for none
	if o.Owner != "" {
		owner = []byte(o.Owner)
	}
	final := o.Final && owner != nil
	var n int64
	var stream []byte
	err := s.step(ctx, repetition(final), func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, s.sql.append, s.Relaxed, []byte(o.Session), []byte(o.Stream), []byte(o.Call), owner,
			final, data, integer(s.Limits.StreamEvents), s.Limits.StreamBytes, integer(s.Limits.KeepCalls), s.Limits.KeepBytes).Scan(&n, &stream)
	})
	switch {
	case errors.Is(err, session.ErrUnavailable):
		s.news(sessionKey(o.Session)) // it may be there
		return 0, err
	case err != nil:
		return 0, err
	case n == -1:
		return 0, session.ErrNotFound
	case n == -2:
		return 0, session.ErrFenced
	}
	s.news(streamKey(o.Session, string(stream)))
	return uint64(n), nil
}

// Take implements [session.Log].
func (s *Store) Take(ctx context.Context, t session.Takeover) (session.Call, error) {
	if t.Owner == "" {
		return session.Call{}, errors.New("session: Takeover needs Owner")
	}
	var (
		outcome  int
		stream   []byte
		after    *uint64
		rerun    *string
		orphaned *bool
	)
	err := s.step(ctx, repeatable, func(ctx context.Context) error {
		return s.pool.QueryRow(ctx, s.sql.take, s.Relaxed, []byte(t.Session), []byte(t.Call), []byte(t.From), []byte(t.Owner), s.me).
			Scan(&outcome, &stream, &after, &rerun, &orphaned)
	})
	switch {
	case err != nil:
		return session.Call{}, err
	case outcome == 0:
		return session.Call{}, session.ErrNotFound
	case outcome == -1:
		return session.Call{}, session.ErrFenced
	}
	return session.Call{
		ID: t.Call, Stream: string(stream), Owner: t.Owner, After: value(after),
		Orphaned: value(orphaned), Rerun: s.openRerun(t.Session, t.Call, rerun),
	}, nil
}

// Calls implements [session.Log].
func (s *Store) Calls(ctx context.Context, sess string) (calls []session.Call, err error) {
	found := false
	err = s.step(ctx, repeatable, func(ctx context.Context) error {
		calls, found = nil, false
		rows, err := s.pool.Query(ctx, s.sql.calls, []byte(sess), s.me)
		if err != nil {
			return err
		}
		var (
			id, stream, owner []byte
			after             *uint64
			rerun             *string
			orphaned          *bool
		)
		_, err = pgx.ForEachRow(rows, []any{&id, &stream, &owner, &after, &rerun, &orphaned}, func() error {
			found = true
			if id != nil {
				calls = append(calls, session.Call{
					ID: string(id), Stream: string(stream), Owner: string(owner), After: value(after),
					Orphaned: value(orphaned), Rerun: s.openRerun(sess, string(id), rerun),
				})
			}
			return nil
		})
		return err
	})
	if err == nil && !found {
		err = session.ErrNotFound
	}
	return calls, err
}

// Orphans implements [session.Log].
func (s *Store) Orphans(ctx context.Context, most int) (found []session.Orphan, err error) {
	err = s.step(ctx, repeatable, func(ctx context.Context) error {
		found = nil
		rows, err := s.pool.Query(ctx, s.sql.orphans, s.me, integer(most))
		if err != nil {
			return err
		}
		var (
			sess, id, stream, owner []byte
			after                   uint64
			rerun                   *string
		)
		_, err = pgx.ForEachRow(rows, []any{&sess, &id, &stream, &owner, &after, &rerun}, func() error {
			found = append(found, session.Orphan{Session: string(sess), Call: session.Call{
				ID: string(id), Stream: string(stream), Owner: string(owner), After: after,
				Orphaned: true, Rerun: s.openRerun(string(sess), string(id), rerun),
			}})
			return nil
		})
		return err
	})
	return found, err
}

// Read implements [session.Log].
func (s *Store) Read(ctx context.Context, sess, stream string, after uint64, most int) (session.Page, error) {
	var r reading
	err := s.step(ctx, repeatable, func(ctx context.Context) error {
		rows, err := s.pool.Query(ctx, s.sql.read, []byte(sess), []byte(stream), min(after, math.MaxInt64), integer(most))
		if err != nil {
			return err
		}
		return r.scan(rows)
	})
	if err != nil {
		return session.Page{}, err
	}
	return r.page(after)
}

// reading is what Read found: the stream's state, the same in each row, and an
// event in each, or one row without.
type reading struct {
	found         bool
	last, trimmed *uint64 // nil for a stream that does not exist
	inFlight      *int
	events        []session.Event
}

func (r *reading) scan(rows pgx.Rows) error {
	*r = reading{}
	var n *uint64
	var call, data []byte
	_, err := pgx.ForEachRow(rows, []any{&r.last, &r.trimmed, &r.inFlight, &n, &call, &data}, func() error {
		r.found = true
		if n != nil {
			r.events = append(r.events, session.Event{N: *n, Call: string(call), Data: data})
		}
		data = nil // the next row must not write to it
		return nil
	})
	return err
}

func (r *reading) page(after uint64) (session.Page, error) {
	switch {
	case !r.found:
		return session.Page{}, session.ErrNotFound
	case r.last == nil && after == 0:
		return session.Page{Ended: true}, nil
	case r.last == nil || after > *r.last || after < *r.trimmed:
		return session.Page{Last: value(r.last)}, session.ErrTrimmed
	}
	p := session.Page{Events: r.events, Last: *r.last}
	reached := after
	if len(p.Events) > 0 {
		reached = p.Events[len(p.Events)-1].N
	}
	p.Ended = *r.inFlight == 0 && reached == p.Last
	return p, nil
}
