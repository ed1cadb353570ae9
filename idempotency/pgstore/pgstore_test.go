package pgstore_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tandem-go/tandem/idempotency"
	"github.com/tandem-go/tandem/idempotency/idempotencytest"
	"github.com/tandem-go/tandem/idempotency/pgstore"
	"github.com/tandem-go/tandem/internal/pgtest"
)

func open(t *testing.T, url string, o pgstore.Options) (*pgxpool.Pool, *pgstore.Store) {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s, err := pgstore.Open(t.Context(), pool, o)
	if err != nil {
		t.Fatal(err)
	}
	return pool, s
}

// The store keeps the contract that all stores keep, at every level of isolation.
func TestContract(t *testing.T) {
	url := pgtest.Start(t).URL("postgres")
	for _, level := range []pgx.TxIsoLevel{"", pgx.RepeatableRead, pgx.Serializable} {
		t.Run("level "+string(level), func(t *testing.T) {
			idempotencytest.Exercise(t, func(t *testing.T) func() idempotency.Store {
				table := pgx.Identifier{"public", `odd "name ` + rand.Text()}
				return func() idempotency.Store {
					_, s := open(t, url, pgstore.Options{Table: table, Tx: pgx.TxOptions{IsoLevel: level}})
					return s
				}
			})
		})
	}
}

func begin(t *testing.T, s *pgstore.Store) (pgx.Tx, idempotency.Attempt) {
	t.Helper()
	b, err := s.Begin(t.Context(), idempotency.Start{Key: idempotency.Key{Key: "key"}, KeepFor: time.Hour})
	if err != nil || b.Attempt == nil {
		t.Fatalf("Begin: %+v, %v", b, err)
	}
	tx, ok := idempotency.Tx[pgx.Tx](b.Attempt.Context(t.Context()))
	if !ok {
		t.Fatal("there is no transaction in the context")
	}
	if _, err := tx.Exec(t.Context(), "INSERT INTO effects VALUES (1)"); err != nil {
		t.Fatal(err)
	}
	return tx, b.Attempt
}

func effects(t *testing.T, pool *pgxpool.Pool) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), "SELECT count(*) FROM effects").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// The effect and its record are there together or not at all, whatever ends the
// try: the handler's failure, a crash of the server, or a lost reply to the commit.
func TestEffectAndRecordCommitTogether(t *testing.T) {
	server := pgtest.Start(t)
	url := server.Database(t)
	proxy := server.Proxy(t)
	pool, s := open(t, proxy.URL(url), pgstore.Options{})
	if _, err := pool.Exec(t.Context(), "CREATE TABLE effects (n integer)"); err != nil {
		t.Fatal(err)
	}
	_, a := begin(t, s)
	if err := a.Abandon(t.Context()); err != nil {
		t.Fatal(err)
	}
	tx, a := begin(t, s)
	if _, err := tx.Exec(t.Context(), "SELECT 1/0"); err == nil {
		t.Fatal("a faulty statement succeeds")
	}
	if err := a.Finish(t.Context(), []byte("result")); err == nil {
		t.Error("Finish succeeds in a transaction that has failed")
	}
	_, a = begin(t, s)
	server.Stop(t)
	if err := a.Finish(t.Context(), []byte("result")); err == nil {
		t.Error("Finish succeeds without a server")
	}
	if _, err := s.Begin(t.Context(), idempotency.Start{}); !errors.Is(err, idempotency.ErrUnavailable) {
		t.Errorf("Begin without a server is %v, want ErrUnavailable", err)
	}
	server.Restart(t)
	if n := effects(t, pool); n != 0 {
		t.Errorf("there are %d effects of tries that came to nothing", n)
	}
	_, a = begin(t, s)
	proxy.Swallow("commit")
	if err := a.Finish(t.Context(), []byte("result")); !errors.Is(err, idempotency.ErrUnavailable) {
		t.Errorf("a commit whose reply is lost is %v, want ErrUnavailable", err)
	}
	b, err := s.Begin(t.Context(), idempotency.Start{Key: idempotency.Key{Key: "key"}})
	if err != nil || string(b.Result) != "result" {
		t.Errorf("the next try gets %+v, %v", b, err)
	}
	if n := effects(t, pool); n != 1 {
		t.Errorf("there are %d effects of one call", n)
	}
	if n := pool.Stat().AcquiredConns(); n != 0 {
		t.Errorf("%d connections are in use in the end", n)
	}
}
