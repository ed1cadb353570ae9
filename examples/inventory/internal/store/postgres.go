package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/tandem-go/tandem"
)

const (
	connectTimeout = 5 * time.Second // unless the URL says connect_timeout

	// Replicas that start together wait for the one that migrates.
	migrationLockPeriod = 1  // seconds between two tries
	migrationLockTries  = 60 // then Start fails
)

// postgres keeps the inventory in a PostgreSQL database.
type postgres struct {
	config *pgxpool.Config
}

func parsePostgres(url string, opts Options) (engine, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err // pgx leaves the password out of it
	}
	if opts.PoolMax > 0 {
		config.MaxConns = int32(opts.PoolMax)
	}
	if opts.PoolMin > 0 {
		config.MinConns = int32(opts.PoolMin)
	}
	if config.MinConns > config.MaxConns {
		return nil, fmt.Errorf("the pool's least size %d exceeds its greatest, %d", config.MinConns, config.MaxConns)
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = connectTimeout
	}
	return &postgres{config: config}, nil
}

func (*postgres) name() string { return "postgres" }

func (*postgres) lockingClause() string { return " FOR UPDATE" }

// open makes the pool. database/sql on top of it keeps no connections of its own.
func (e *postgres) open(ctx context.Context) (*handles, error) {
	pool, err := pgxpool.NewWithConfig(ctx, e.config.Copy())
	if err != nil {
		return nil, fmt.Errorf("connect to postgres: %w", err)
	}
	db := stdlib.OpenDBFromPool(pool)
	return &handles{
		read:  db,
		write: db,
		stats: func() tandem.PoolStats { return pgStats(pool.Stat()) },
		close: func() error {
			err := db.Close()
			pool.Close()
			return err
		},
	}, nil
}

func (*postgres) migrate(ctx context.Context, db *sql.DB) error {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(migrationLockPeriod, migrationLockTries))
	if err != nil {
		return err
	}
	return migrate(ctx, db, goose.DialectPostgres, "migrations/postgres", goose.WithSessionLocker(locker))
}

// unavailable is true for connections that cannot be made or that broke, and for
// a server that is starting, stopping or full.
func (*postgres) unavailable(err error) bool {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return passingState(refused.Code)
	}
	var unconnected *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &unconnected) || errors.As(err, &network) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, driver.ErrBadConn) || pgconn.SafeToRetry(err)
}

// passingState reports whether an SQLSTATE tells of a server that is not ready:
// class 08 connection, 53 resources, 57P operator intervention, and the rollback
// that a failover can cause.
func passingState(state string) bool {
	return strings.HasPrefix(state, "08") || strings.HasPrefix(state, "53") || strings.HasPrefix(state, "57P") ||
		state == "40001" || state == "40P01" || state == "25006"
}

func pgStats(st *pgxpool.Stat) tandem.PoolStats {
	return tandem.PoolStats{
		Max:          int(st.MaxConns()),
		Open:         int(st.TotalConns()),
		InUse:        int(st.AcquiredConns()),
		Idle:         int(st.IdleConns()),
		WaitCount:    st.EmptyAcquireCount(),
		WaitDuration: st.EmptyAcquireWaitTime(),
	}
}
