// Package sqlstore keeps the results of calls in the database that their handlers
// write to, SQLite or PostgreSQL by database/sql, in the handlers' own transactions:
// what a handler did and the record of it commit together.
//
//	store, err := sqlstore.Open(ctx, db, sqlstore.Options{Dialect: sqlstore.Postgres})
//	svc.Use(idempotency.Interceptor(store, idempotency.Options{}))
//
// A handler finds the transaction by idempotency.Tx[*sql.Tx](ctx).
//
// # SQLite
//
// SQLite has one writer at a time, and a call with a key writes from its start, so
// that such calls run one after the other. Open the database with a busy_timeout, in
// which a call waits for its turn.
//
// # PostgreSQL
//
// A call that is in flight holds an advisory lock of its transaction, which ends
// with its connection: what a replica that died has begun can be tried again at once.
package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tandem-go/tandem/idempotency"
)

// Dialect says which database it is.
type Dialect uint8

// The databases.
const (
	SQLite Dialect = iota + 1
	Postgres
)

// Options configure [Open].
type Options struct {
	// Dialect is the database's. Required.
	Dialect Dialect

	// Table is where the results are, a name that needs no quotes; default
	// "tandem_idempotency".
	Table string

	// Tx are the options of the transactions; nil means the database's default.
	// Whatever the isolation level, what is kept is kept once.
	Tx *sql.TxOptions
}

// Store is an [idempotency.Store] in a SQL database.
type Store struct {
	db       *sql.DB
	options  Options
	sql      statements
	inFlight claims // of this process
}

var _ idempotency.Store = (*Store)(nil)

// Open makes the table if it is not there, and returns a store that shares the
// handlers' db, and leaves it open.
func Open(ctx context.Context, db *sql.DB, o Options) (*Store, error) {
	if o.Dialect != SQLite && o.Dialect != Postgres {
		return nil, errors.New("idempotency: sqlstore.Options.Dialect is neither SQLite nor Postgres")
	}
	if o.Table == "" {
		o.Table = "tandem_idempotency"
	}
	if !plain(o.Table) {
		return nil, fmt.Errorf("idempotency: sqlstore.Options.Table %q is not a name of at most 50 small letters, digits and '_'", o.Table)
	}
	s := &Store{db: db, options: o, sql: statementsOf(o.Dialect, o.Table)}
	if err := s.migrate(ctx); err != nil {
		return nil, fmt.Errorf("idempotency: make table %s: %w", o.Table, err)
	}
	return s, nil
}

func plain(name string) bool {
	for i, c := range []byte(name) {
		letter := c == '_' || 'a' <= c && c <= 'z'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return len(name) <= 50
}

// migrate makes the table, unless it is there. Processes that start together take
// turns.
func (s *Store) migrate(ctx context.Context) error {
	if rows, err := s.db.QueryContext(ctx, s.sql.probe); err == nil {
		return rows.Close()
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	for _, statement := range s.sql.migrate {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return tx.Commit()
}

// Begin implements [idempotency.Store].
func (s *Store) Begin(ctx context.Context, start idempotency.Start) (idempotency.Begun, error) {
	id := start.Key.ID()
	if s.inFlight.has(id) {
		return idempotency.Begun{}, idempotency.ErrInFlight
	}
	if b, err := s.look(ctx, id, start.Hash); b != nil || err != nil {
		return value(b), outcome(ctx, err)
	}
	a, err := s.claim(ctx, id, start)
	if err != nil {
		return idempotency.Begun{}, outcome(ctx, err)
	}
	if a != nil {
		return idempotency.Begun{Attempt: a}, nil
	}
	b, err := s.look(ctx, id, start.Hash) // somebody has finished it since
	if b == nil && err == nil {
		err = idempotency.ErrInFlight // and somebody has begun it again
	}
	return value(b), outcome(ctx, err)
}

func value(b *idempotency.Begun) (v idempotency.Begun) {
	if b != nil {
		v = *b
	}
	return v
}

// look returns nil if there is no result.
func (s *Store) look(ctx context.Context, id [32]byte, hash [32]byte) (*idempotency.Begun, error) {
	var theirs []byte
	b := &idempotency.Begun{}
	err := s.db.QueryRowContext(ctx, s.sql.look, id[:], time.Now().UnixMilli()).Scan(&theirs, &b.Result)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, nil
	case err != nil:
		return nil, err
	case !bytes.Equal(theirs, hash[:]):
		return nil, idempotency.ErrReused
	}
	return b, nil
}

// outcome is the context's error, one of the contract's, or ErrUnavailable.
func outcome(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, idempotency.ErrInFlight), errors.Is(err, idempotency.ErrReused):
		return err
	case conflicts(err):
		return idempotency.ErrInFlight
	}
	return fmt.Errorf("%w: %w", idempotency.ErrUnavailable, err)
}

// conflicts reports whether the database refused a step because somebody else was at
// the same rows, as it does for transactions that are to be serializable
// (PostgreSQL, "Serialization Failure Handling").
func conflicts(err error) bool {
	var e interface{ SQLState() string }
	return errors.As(err, &e) && (e.SQLState() == "40001" || e.SQLState() == "40P01")
}

// Sweep implements [idempotency.Store]. It forgets at most a thousand.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	done, err := s.db.ExecContext(ctx, s.sql.sweep, time.Now().UnixMilli())
	if conflicts(err) {
		return 0, nil // somebody else sweeps
	}
	if err != nil {
		return 0, outcome(ctx, err)
	}
	n, err := done.RowsAffected()
	return int(n), err
}

// claims are the attempts of this process.
type claims struct {
	mu  sync.Mutex
	ids map[[32]byte]bool
}

func (c *claims) has(id [32]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ids[id]
}

// add reports whether there was no such attempt.
func (c *claims) add(id [32]byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids[id] {
		return false
	}
	if c.ids == nil {
		c.ids = map[[32]byte]bool{}
	}
	c.ids[id] = true
	return true
}

func (c *claims) remove(id [32]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.ids, id)
}
