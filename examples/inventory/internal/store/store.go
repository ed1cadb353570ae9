// Package store keeps the inventory in SQLite or PostgreSQL. Both engines run the
// same SQL; where they differ (opening, locking, migrations, what an outage looks
// like) each has a file of its own.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/internal/stock"
)

var _ stock.Store = (*Store)(nil)

// Options configure a [Store].
type Options struct {
	// PoolMax is the most connections that are open at once; zero means the greater
	// of 4 and the number of CPUs, unless a postgres URL says pool_max_conns. It
	// does not apply to sqlite::memory:, which is one connection.
	PoolMax int
	// PoolMin is how many connections to PostgreSQL stay open when idle; zero means
	// what the URL says by pool_min_conns, or none. It does not apply to SQLite.
	PoolMin int
}

// Store is the inventory's database. It is a resource of the service's lifecycle:
// nothing is connected before Start, and a call before Start or after Close is
// refused as unavailable.
type Store struct {
	engine engine
	opened atomic.Pointer[handles]
}

// engine is what differs between databases.
type engine interface {
	name() string
	// open connects; the handles are the caller's to close.
	open(ctx context.Context) (*handles, error)
	// migrate brings the schema up to date.
	migrate(ctx context.Context, db *sql.DB) error
	// lockingClause ends a SELECT that locks its rows until the transaction ends.
	lockingClause() string
	// unavailable reports whether err means that the database cannot be reached
	// or is too busy, so that the same call can succeed later.
	unavailable(err error) bool
}

// handles are the open connections of a store.
type handles struct {
	read  querier
	write *sql.DB
	stats func() tandem.PoolStats
	close func() error
}

// Open returns the store for a database URL: sqlite:PATH, sqlite::memory: or
// postgres://USER:PASSWORD@HOST/DATABASE. It connects to nothing yet.
func Open(url string, opts Options) (*Store, error) {
	e, err := parse(url, opts)
	if err != nil {
		return nil, err
	}
	return &Store{engine: e}, nil
}

// Start connects, brings the schema up to date and, in an empty database, loads
// the first data. If it fails, nothing stays open.
func (s *Store) Start(ctx context.Context) error {
	h, err := s.engine.open(ctx)
	if err != nil {
		return err
	}
	if err := s.prepare(ctx, h); err != nil {
		return errors.Join(err, h.close())
	}
	s.opened.Store(h)
	return nil
}

func (s *Store) prepare(ctx context.Context, h *handles) error {
	if err := h.write.PingContext(ctx); err != nil {
		return fmt.Errorf("connect to %s: %w", s.engine.name(), err)
	}
	if err := s.engine.migrate(ctx, h.write); err != nil {
		return fmt.Errorf("migrate %s: %w", s.engine.name(), err)
	}
	if err := seed(ctx, h.write); err != nil {
		return fmt.Errorf("load the first data into %s: %w", s.engine.name(), err)
	}
	return nil
}

// Close closes the connections after the calls that use them.
func (s *Store) Close() error {
	if h := s.opened.Swap(nil); h != nil {
		return h.close()
	}
	return nil
}

// Ping reports whether the database answers and has the schema.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	err := s.one(ctx, []any{&one}, "SELECT 1 FROM seeds")
	if errors.Is(err, sql.ErrNoRows) {
		return errors.New("the first data is missing")
	}
	return err
}

// PoolStats returns the figures of the connection pools together.
func (s *Store) PoolStats() tandem.PoolStats {
	if h := s.opened.Load(); h != nil {
		return h.stats()
	}
	return tandem.PoolStats{}
}

// Engine names the database engine.
func (s *Store) Engine() string { return s.engine.name() }
