// Package pgstore keeps the results of calls in the PostgreSQL database that their
// handlers write to by pgx, in the handlers' own transactions: what a handler did
// and the record of it commit together.
//
//	store, err := pgstore.Open(ctx, pool, pgstore.Options{})
//	svc.Use(idempotency.Interceptor(store, idempotency.Options{}))
//
// A handler finds the transaction by idempotency.Tx[pgx.Tx](ctx). A call that is in
// flight holds an advisory lock of its transaction, which ends with its connection:
// what a replica that died has begun can be tried again at once.
package pgstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tandem-go/tandem/idempotency"
)

// Options configure [Open]. The zero value is ready to use.
type Options struct {
	// Table is where the results are, qualified by its schema if it has parts;
	// default "tandem_idempotency".
	Table pgx.Identifier

	// Tx are the options of the transactions. Whatever the isolation level, what is
	// kept is kept once.
	Tx pgx.TxOptions
}

// Store is an [idempotency.Store] in a PostgreSQL database.
type Store struct {
	pool *pgxpool.Pool
	tx   pgx.TxOptions
	sql  statements
}

var _ idempotency.Store = (*Store)(nil)

// Open makes the table if it is not there, and returns a store that shares the
// handlers' pool, and leaves it open.
func Open(ctx context.Context, pool *pgxpool.Pool, o Options) (*Store, error) {
	if len(o.Table) == 0 {
		o.Table = pgx.Identifier{"tandem_idempotency"}
	}
	s := &Store{pool: pool, tx: o.Tx, sql: statementsOf(o.Table)}
	if err := s.migrate(ctx); err != nil {
		return nil, fmt.Errorf("idempotency: make table %s: %w", o.Table.Sanitize(), err)
	}
	return s, nil
}

// migrate makes the table, unless it is there. Processes that start together take
// turns.
func (s *Store) migrate(ctx context.Context) error {
	if _, err := s.pool.Exec(ctx, s.sql.probe); err == nil {
		return nil
	}
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, s.sql.migrate)
		return err
	})
}

type statements struct{ probe, migrate, lock, look, expire, claim, finish, sweep string }

// statementsOf returns the statements for the table. A row without a result is seen by
// nobody but its own transaction.
func statementsOf(table pgx.Identifier) statements {
	name := table.Sanitize()
	return statements{
		probe: `SELECT FROM ` + name + ` WHERE false`,
		migrate: `SELECT pg_advisory_xact_lock(hashtextextended('tandem idempotency', 0));
			CREATE TABLE IF NOT EXISTS ` + name + ` (
				id        bytea PRIMARY KEY,
				operation text NOT NULL,
				hash      bytea NOT NULL,
				result    bytea,
				expires   timestamptz NOT NULL);
			CREATE INDEX IF NOT EXISTS ` + pgx.Identifier{table[len(table)-1] + "_expires"}.Sanitize() + ` ON ` + name + ` (expires)`,
		lock:   `SELECT pg_try_advisory_xact_lock($1::bigint)`,
		look:   `SELECT hash, result FROM ` + name + ` WHERE id = $1::bytea AND expires > clock_timestamp() AND result IS NOT NULL`,
		expire: `DELETE FROM ` + name + ` WHERE id = $1::bytea AND expires <= clock_timestamp()`,
		claim: `INSERT INTO ` + name + ` (id, operation, hash, expires) VALUES ($1::bytea, $2::text, $3::bytea, 'infinity')
			ON CONFLICT (id) DO NOTHING`,
		finish: `UPDATE ` + name + ` SET result = $2::bytea, expires = clock_timestamp() + $3::interval WHERE id = $1::bytea`,
		sweep: `DELETE FROM ` + name + ` WHERE id IN (
			SELECT id FROM ` + name + ` WHERE expires <= clock_timestamp() LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
	}
}

// Begin implements [idempotency.Store].
func (s *Store) Begin(ctx context.Context, start idempotency.Start) (idempotency.Begun, error) {
	id := start.Key.ID()
	if b, err := s.look(ctx, id, start.Hash); b.Result != nil || err != nil {
		return b, outcome(ctx, err)
	}
	a, err := s.claim(ctx, id, start)
	if err != nil {
		return idempotency.Begun{}, outcome(ctx, err)
	}
	if a != nil {
		return idempotency.Begun{Attempt: a}, nil
	}
	b, err := s.look(ctx, id, start.Hash) // somebody has finished it since
	if b.Result == nil && err == nil {
		err = idempotency.ErrInFlight // and somebody has begun it again
	}
	return b, outcome(ctx, err)
}

// look returns a nil Result if there is none.
func (s *Store) look(ctx context.Context, id, hash [32]byte) (b idempotency.Begun, err error) {
	var theirs, result []byte
	err = s.pool.QueryRow(ctx, s.sql.look, id[:]).Scan(&theirs, &result)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return b, nil
	case err != nil:
		return b, err
	case !bytes.Equal(theirs, hash[:]):
		return b, idempotency.ErrReused
	}
	b.Result = append([]byte{}, result...) // not nil, even if it is empty
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
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40001" || e.Code == "40P01")
}

// Sweep implements [idempotency.Store]. It forgets at most a thousand.
func (s *Store) Sweep(ctx context.Context) (int, error) {
	tag, err := s.pool.Exec(ctx, s.sql.sweep)
	if conflicts(err) {
		return 0, nil // somebody else sweeps
	}
	return int(tag.RowsAffected()), outcome(ctx, err)
}

// claim returns nil if there is a result already.
func (s *Store) claim(ctx context.Context, id [32]byte, start idempotency.Start) (*attempt, error) {
	tx, err := s.pool.BeginTx(ctx, s.tx)
	if err != nil {
		return nil, err
	}
	a := &attempt{store: s, id: id, keepFor: start.KeepFor, tx: tx}
	claimed, err := a.open(ctx, start)
	if !claimed || err != nil {
		return nil, errors.Join(err, a.Abandon(context.WithoutCancel(ctx)))
	}
	return a, nil
}

// attempt is a claim, and the transaction that it lives in.
type attempt struct {
	store   *Store
	id      [32]byte
	keepFor time.Duration

	mu    sync.Mutex
	tx    pgx.Tx
	ended bool
}

// open reports whether it made the row.
func (a *attempt) open(ctx context.Context, start idempotency.Start) (claimed bool, err error) {
	s, free := a.store, false
	if err := a.tx.QueryRow(ctx, s.sql.lock, int64(binary.BigEndian.Uint64(a.id[:]))).Scan(&free); err != nil {
		return false, err
	}
	if !free {
		return false, idempotency.ErrInFlight
	}
	if _, err := a.tx.Exec(ctx, s.sql.expire, a.id[:]); err != nil {
		return false, err
	}
	tag, err := a.tx.Exec(ctx, s.sql.claim, a.id[:], start.Key.Operation, start.Hash[:])
	return tag.RowsAffected() == 1, err
}

// Context implements [idempotency.Attempt].
func (a *attempt) Context(ctx context.Context) context.Context { return idempotency.WithTx(ctx, a.tx) }

// Finish implements [idempotency.Attempt].
func (a *attempt) Finish(ctx context.Context, result []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return errors.New("idempotency: the attempt has ended")
	}
	a.ended = true
	tag, err := a.tx.Exec(ctx, a.store.sql.finish, a.id[:], append([]byte{}, result...), a.keepFor)
	if err == nil && tag.RowsAffected() != 1 {
		err = errors.New("the record is gone")
	}
	if err != nil {
		return errors.Join(fmt.Errorf("idempotency: keep the result: %w", err), a.rollback(ctx))
	}
	if err := a.tx.Commit(ctx); err != nil {
		return fmt.Errorf("%w: commit: %w", idempotency.ErrUnavailable, err)
	}
	return nil
}

// Abandon implements [idempotency.Attempt].
func (a *attempt) Abandon(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return nil
	}
	a.ended = true
	return a.rollback(ctx)
}

// rollback gives the connection back, if need be closed.
func (a *attempt) rollback(ctx context.Context) error {
	if err := a.tx.Rollback(ctx); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		return fmt.Errorf("idempotency: roll back: %w", err)
	}
	return nil
}
