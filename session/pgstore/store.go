package pgstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tandem-go/tandem/session"
)

// Store is one replica's [session.Store] on a PostgreSQL database.
type Store struct {
	settings
	pool    *pgxpool.Pool
	ownPool bool
	sql     statements
	me      int64 // the replica's id
	link    *link

	closed   atomic.Bool
	closing  sync.Once
	sessions atomic.Int64 // as the last sign of life told

	watches   watches
	listeners listeners
}

var _ session.Store = (*Store)(nil)

// Open connects to the database, makes its schema or brings it up to date, and
// joins the replicas. It is an error, without the URL's password, if the database
// cannot be reached or the URL is wrong.
func Open(ctx context.Context, databaseURL string, o Options) (*Store, error) {
	set, err := o.resolved()
	if err != nil {
		return nil, err
	}
	cfg, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return nil, parseError(databaseURL, err)
	}
	if o.PoolSize > 0 {
		cfg.MaxConns = int32(min(o.PoolSize, math.MaxInt32))
	}
	cfg.AfterConnect = readCommitted
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("pgstore: %w", err)
	}
	s, err := join(ctx, pool, set)
	if err != nil {
		pool.Close()
		return nil, err
	}
	s.ownPool = true
	return s, nil
}

// readCommitted is what the functions are made for: at a higher level, which a
// database may have as its default, they are right but fail and are tried again
// where they meet.
func readCommitted(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "SET default_transaction_isolation TO 'read committed'")
	return err
}

// New is Open on a pool that the service has already, which Close leaves open. A
// step takes one of its connections for about a millisecond. Beside the pool the
// store makes one connection of its own, with the pool's configuration.
func New(ctx context.Context, pool *pgxpool.Pool, o Options) (*Store, error) {
	set, err := o.resolved()
	if err != nil {
		return nil, err
	}
	return join(ctx, pool, set)
}

func join(ctx context.Context, pool *pgxpool.Pool, set settings) (*Store, error) {
	s := &Store{settings: set, pool: pool, sql: newStatements(set.Schema)}
	s.watches.on = make(map[uint64][]*watch)
	s.link = newLink(s)
	if err := s.link.open(ctx); err != nil {
		at := pool.Config().ConnConfig
		if unavailable(err) {
			err = fmt.Errorf("%w: %w (is the server running, and is this its host and port?)", session.ErrUnavailable, err)
		}
		return nil, fmt.Errorf("pgstore: database %q on %s:%d: %w", at.Database, at.Host, at.Port, err)
	}
	return s, nil
}

// parseError shows a URL only if it is certain where its password is.
func parseError(databaseURL string, err error) error {
	u, malformed := url.Parse(databaseURL)
	_, reason, found := strings.Cut(err.Error(), "`: ")
	if malformed != nil || u.Host == "" || !found {
		return errors.New("pgstore: this is not a PostgreSQL URL (it is not shown, since it may hold a password)")
	}
	u.RawQuery = "" // which may hold one too
	return fmt.Errorf("pgstore: the URL %s: %s", u.Redacted(), reason)
}

// Close implements [session.Store]. It takes the replica's sign of life away, so
// that its calls count as orphaned at once. Its error says that this did not
// reach the server; the others find out by themselves then.
func (s *Store) Close() (err error) {
	s.closing.Do(func() {
		s.closed.Store(true)
		s.link.close()
		err = s.leave()
		if s.ownPool {
			s.pool.Close()
		}
		s.watches.wakeAll()
	})
	return err
}

func (s *Store) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.Timeout)
	defer cancel()
	_, err := s.pool.Exec(ctx, s.sql.leave, s.me, s.link.channel, news{from: s.me, all: true}.payloads()[0])
	if err != nil {
		return fmt.Errorf("pgstore: leave the replicas: %w: %w", session.ErrUnavailable, err)
	}
	return nil
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.step(ctx, repeatable, func(ctx context.Context) error { return s.pool.Ping(ctx) })
}

// Stats returns the figures of the pool.
func (s *Store) Stats() sql.DBStats {
	st := s.pool.Stat()
	return sql.DBStats{
		MaxOpenConnections: int(st.MaxConns()),
		OpenConnections:    int(st.TotalConns()),
		InUse:              int(st.AcquiredConns()),
		Idle:               int(st.IdleConns()),
		WaitCount:          st.EmptyAcquireCount(),
		WaitDuration:       st.EmptyAcquireWaitTime(),
	}
}

// Sessions returns the number of sessions of all replicas, as of the last sign of
// life.
func (s *Store) Sessions() int { return int(s.sessions.Load()) }

// connect makes a connection of the pool's kind outside the pool.
func (s *Store) connect(ctx context.Context) (*pgx.Conn, error) {
	cfg := s.pool.Config()
	if cfg.BeforeConnect != nil {
		if err := cfg.BeforeConnect(ctx, cfg.ConnConfig); err != nil {
			return nil, err
		}
	}
	conn, err := pgx.ConnectConfig(ctx, cfg.ConnConfig)
	if err != nil {
		return nil, err
	}
	if cfg.AfterConnect != nil {
		err = cfg.AfterConnect(ctx, conn)
	}
	if err == nil {
		err = readCommitted(ctx, conn)
	}
	if err != nil {
		closeConn(conn)
		return nil, err
	}
	return conn, nil
}

// closeConn says goodbye to the server, if that takes no time.
func closeConn(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx) // the connection is gone in any case
}
