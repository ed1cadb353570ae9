package sqlstore_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/tandem-go/tandem/idempotency"
	"github.com/tandem-go/tandem/idempotency/idempotencytest"
	"github.com/tandem-go/tandem/idempotency/sqlstore"
	"github.com/tandem-go/tandem/internal/pgtest"
)

func openDB(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func sqlite(t *testing.T) func() *sql.DB {
	path := "file:" + filepath.Join(t.TempDir(), "db") + "?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)"
	return func() *sql.DB { return openDB(t, "sqlite", path) }
}

func open(t *testing.T, db *sql.DB, o sqlstore.Options) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), db, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// On SQLite, each store as a process of its own.
func TestSQLiteContract(t *testing.T) {
	idempotencytest.Exercise(t, func(t *testing.T) func() idempotency.Store {
		db := sqlite(t)
		return func() idempotency.Store { return open(t, db(), sqlstore.Options{Dialect: sqlstore.SQLite}) }
	})
}

// On PostgreSQL, at every level of isolation.
func TestPostgresContract(t *testing.T) {
	url := pgtest.Start(t).URL("postgres")
	for _, level := range []sql.IsolationLevel{sql.LevelDefault, sql.LevelRepeatableRead, sql.LevelSerializable} {
		t.Run(level.String(), func(t *testing.T) {
			idempotencytest.Exercise(t, func(t *testing.T) func() idempotency.Store {
				table := "t_" + strings.ToLower(rand.Text())
				return func() idempotency.Store {
					return open(t, openDB(t, "pgx", url), sqlstore.Options{Dialect: sqlstore.Postgres, Table: table, Tx: &sql.TxOptions{Isolation: level}})
				}
			})
		})
	}
}

// engines runs the test on both databases, with a table of effects.
func engines(t *testing.T, test func(t *testing.T, db *sql.DB, s *sqlstore.Store)) {
	prepare := func(t *testing.T, db *sql.DB, d sqlstore.Dialect) {
		if _, err := db.ExecContext(t.Context(), "CREATE TABLE effects (n integer)"); err != nil {
			t.Fatal(err)
		}
		test(t, db, open(t, db, sqlstore.Options{Dialect: d}))
	}
	t.Run("sqlite", func(t *testing.T) { prepare(t, sqlite(t)(), sqlstore.SQLite) })
	t.Run("postgres", func(t *testing.T) {
		prepare(t, openDB(t, "pgx", pgtest.Start(t).Database(t)), sqlstore.Postgres)
	})
}

func effects(t *testing.T, db *sql.DB) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM effects").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func begin(t *testing.T, s *sqlstore.Store, key string) (context.Context, idempotency.Attempt) {
	t.Helper()
	b, err := s.Begin(t.Context(), idempotency.Start{Key: idempotency.Key{Key: key}, KeepFor: time.Hour})
	if err != nil || b.Attempt == nil {
		t.Fatalf("Begin: %+v, %v", b, err)
	}
	return b.Attempt.Context(t.Context()), b.Attempt
}

func effect(t *testing.T, ctx context.Context) {
	t.Helper()
	tx, ok := idempotency.Tx[*sql.Tx](ctx)
	if !ok {
		t.Fatal("there is no transaction in the context")
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO effects VALUES (1)"); err != nil {
		t.Fatal(err)
	}
}

// The effect and its record are there together or not at all: what is abandoned has
// no effect, and neither has what cannot be committed.
func TestEffectAndRecordCommitTogether(t *testing.T) {
	engines(t, func(t *testing.T, db *sql.DB, s *sqlstore.Store) {
		ctx, a := begin(t, s, "failed")
		effect(t, ctx)
		if err := a.Abandon(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := effects(t, db); n != 0 {
			t.Errorf("an abandoned call had %d effects", n)
		}

		ctx, a = begin(t, s, "done")
		effect(t, ctx)
		if err := a.Finish(t.Context(), []byte("result")); err != nil {
			t.Fatal(err)
		}
		if n := effects(t, db); n != 1 {
			t.Errorf("a finished call had %d effects", n)
		}

		ctx, a = begin(t, s, "out of hand")
		effect(t, ctx)
		tx, _ := idempotency.Tx[*sql.Tx](ctx)
		_ = tx.Rollback() // what no handler should do
		if err := a.Finish(t.Context(), []byte("result")); err == nil {
			t.Error("a result is said to be kept whose effect was rolled back")
		}
		if b, err := s.Begin(t.Context(), idempotency.Start{Key: idempotency.Key{Key: "out of hand"}}); err != nil || b.Attempt == nil {
			t.Errorf("the key is %+v, %v, want it to be new", b, err)
		} else {
			_ = b.Attempt.Abandon(t.Context())
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		ctx, a = begin(t, s, "out of time")
		effect(t, ctx)
		if err := a.Finish(ended, []byte("result")); err == nil {
			t.Error("Finish succeeds though its context has ended")
		}
		if n := effects(t, db); n != 1 {
			t.Errorf("there are %d effects after two that could not be committed, want 1", n)
		}
	})
}

// Every connection is given back, however an attempt ends.
func TestConnectionsComeBack(t *testing.T) {
	engines(t, func(t *testing.T, db *sql.DB, s *sqlstore.Store) {
		for _, key := range []string{"1", "1", "2"} {
			b, err := s.Begin(t.Context(), idempotency.Start{Key: idempotency.Key{Key: key}, KeepFor: time.Hour})
			if err != nil {
				t.Fatal(err)
			}
			if b.Attempt != nil {
				if _, err := s.Begin(t.Context(), idempotency.Start{Key: idempotency.Key{Key: key}}); !errors.Is(err, idempotency.ErrInFlight) {
					t.Errorf("Begin in flight: %v", err)
				}
				if err := b.Attempt.Finish(t.Context(), nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n := db.Stats().InUse; n != 0 {
			t.Errorf("%d connections are in use", n)
		}
	})
}

// A server that is away is ErrUnavailable, and what was in flight when it crashed
// has had no effect and can be tried again.
func TestServerCrash(t *testing.T) {
	server := pgtest.Start(t)
	db := openDB(t, "pgx", server.Database(t))
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE effects (n integer)"); err != nil {
		t.Fatal(err)
	}
	s := open(t, db, sqlstore.Options{Dialect: sqlstore.Postgres})
	ctx, a := begin(t, s, "key")
	effect(t, ctx)
	server.Stop(t)
	if err := a.Finish(t.Context(), []byte("result")); err == nil {
		t.Error("Finish succeeds without a server")
	}
	if _, err := s.Begin(t.Context(), idempotency.Start{Key: idempotency.Key{Key: "key"}}); !errors.Is(err, idempotency.ErrUnavailable) {
		t.Errorf("Begin without a server is %v, want ErrUnavailable", err)
	}
	server.Restart(t)
	ctx, a = begin(t, s, "key")
	effect(t, ctx)
	if err := a.Finish(t.Context(), []byte("result")); err != nil {
		t.Fatal(err)
	}
	if n := effects(t, db); n != 1 {
		t.Errorf("there are %d effects of one call", n)
	}
}

// A reply to the commit that is lost is told as an outcome that is not known, and
// the next try gets the result instead of a second effect.
func TestLostCommit(t *testing.T) {
	server := pgtest.Start(t)
	url := server.Database(t)
	proxy := server.Proxy(t)
	db := openDB(t, "pgx", proxy.URL(url))
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE effects (n integer)"); err != nil {
		t.Fatal(err)
	}
	s := open(t, db, sqlstore.Options{Dialect: sqlstore.Postgres})
	ctx, a := begin(t, s, "key")
	effect(t, ctx)
	proxy.Swallow("commit")
	if err := a.Finish(t.Context(), []byte("result")); !errors.Is(err, idempotency.ErrUnavailable) {
		t.Errorf("a commit whose reply is lost is %v, want ErrUnavailable", err)
	}
	if proxy.Swallowed() == 0 {
		t.Fatal("no reply was lost")
	}
	b, err := s.Begin(t.Context(), idempotency.Start{Key: idempotency.Key{Key: "key"}})
	if err != nil || string(b.Result) != "result" {
		t.Errorf("the next try gets %+v, %v", b, err)
	}
}

// Mistakes in the options show at the start.
func TestOpenSaysWhatIsWrong(t *testing.T) {
	db := sqlite(t)()
	for _, o := range []sqlstore.Options{{}, {Dialect: 9}, {Dialect: sqlstore.SQLite, Table: "a;b"}, {Dialect: sqlstore.SQLite, Table: "1"}} {
		if _, err := sqlstore.Open(t.Context(), db, o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
