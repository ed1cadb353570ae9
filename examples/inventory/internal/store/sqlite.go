package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pressly/goose/v3"
	"github.com/tandem-go/tandem"
	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const memory = ":memory:"

// sqlite keeps the inventory in a file, or in memory for as long as it is open.
type sqlite struct {
	path    string // ":memory:" for memory
	readers int
}

func parseSQLite(path string, opts Options) (engine, error) {
	switch {
	case path == "":
		return nil, errors.New("sqlite: has no path; it takes " + urlForms)
	case strings.HasPrefix(path, "//"):
		return nil, errors.New("write sqlite:PATH without slashes before the path; an absolute path has one: sqlite:/var/lib/inventory.db")
	case strings.ContainsRune(path, 0):
		return nil, errors.New("the path of sqlite: contains a NUL byte")
	}
	readers := opts.PoolMax
	if readers == 0 {
		readers = max(4, runtime.NumCPU())
	}
	return &sqlite{path: path, readers: readers}, nil
}

func (*sqlite) name() string { return "sqlite" }

// lockingClause is empty: a transaction holds the only write lock from its start.
func (*sqlite) lockingClause() string { return "" }

func (e *sqlite) open(context.Context) (*handles, error) {
	if e.path == memory {
		return e.openMemory()
	}
	if dir := filepath.Dir(e.path); !isFolder(dir) {
		return nil, fmt.Errorf("the folder %s of the SQLite file does not exist", dir)
	}
	write, err := e.openPool(1, "_txlock=immediate", "_pragma=journal_mode(wal)", "_pragma=synchronous(full)")
	if err != nil {
		return nil, err
	}
	read, err := e.openPool(e.readers, "_pragma=query_only(1)")
	if err != nil {
		return nil, errors.Join(err, write.Close())
	}
	prepared := &statements{db: read}
	return &handles{
		read:  prepared,
		write: write,
		stats: func() tandem.PoolStats { return sum(sqlStats(read), sqlStats(write)) },
		close: func() error { return errors.Join(prepared.close(), read.Close(), write.Close()) },
	}, nil
}

// openMemory opens one connection for everything, since each connection to
// :memory: is a database of its own.
func (e *sqlite) openMemory() (*handles, error) {
	db, err := e.openPool(1, "_txlock=immediate")
	if err != nil {
		return nil, err
	}
	prepared := &statements{db: db}
	return &handles{
		read:  prepared,
		write: db,
		stats: func() tandem.PoolStats { return sqlStats(db) },
		close: func() error { return errors.Join(prepared.close(), db.Close()) },
	}, nil
}

// openPool opens a pool that keeps its connections. Writers get a pool of one:
// they would only wait for each other in SQLite's lock, by polling and unfairly,
// while a pool queues them in order. busy_timeout is for other processes.
func (e *sqlite) openPool(size int, params ...string) (*sql.DB, error) {
	params = append(params, "_pragma=busy_timeout(5000)", "_pragma=foreign_keys(1)")
	name := (&url.URL{Path: e.path}).EscapedPath()
	if e.path == memory {
		name = memory
	}
	db, err := sql.Open("sqlite", "file:"+name+"?"+strings.Join(params, "&"))
	if err != nil {
		return nil, fmt.Errorf("open SQLite: %w", err)
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, nil
}

func (*sqlite) migrate(ctx context.Context, db *sql.DB) error {
	return migrate(ctx, db, goose.DialectSQLite3, "migrations/sqlite")
}

// unavailable is true for the codes of a file that is locked, full or unreadable.
func (*sqlite) unavailable(err error) bool {
	var failure *driver.Error
	if !errors.As(err, &failure) {
		return false
	}
	switch failure.Code() & 0xff { // the primary code of an extended one
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN:
		return true
	}
	return false
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func sqlStats(db *sql.DB) tandem.PoolStats {
	st := db.Stats()
	return tandem.PoolStats{
		Max:          st.MaxOpenConnections,
		Open:         st.OpenConnections,
		InUse:        st.InUse,
		Idle:         st.Idle,
		WaitCount:    st.WaitCount,
		WaitDuration: st.WaitDuration,
	}
}

func sum(a, b tandem.PoolStats) tandem.PoolStats {
	return tandem.PoolStats{
		Max:          a.Max + b.Max,
		Open:         a.Open + b.Open,
		InUse:        a.InUse + b.InUse,
		Idle:         a.Idle + b.Idle,
		WaitCount:    a.WaitCount + b.WaitCount,
		WaitDuration: a.WaitDuration + b.WaitDuration,
	}
}
