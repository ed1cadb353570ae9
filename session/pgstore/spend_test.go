package pgstore_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-go/tandem/internal/pgtest"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/sessiontest"
)

// Rate limits count over all replicas, and buckets that are full take no room.
func TestSpend(t *testing.T) {
	url := pgtest.Start(t).Database(t)
	a, b := open(t, url, options(session.Limits{})), open(t, url, options(session.Limits{}))
	sessiontest.RunSpend(t, a, b)

	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		if _, err := a.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		var short, all int
		err := conn.QueryRow(t.Context(), "SELECT count(*) FILTER (WHERE key = 'again'), count(*) FROM tandem.buckets").Scan(&short, &all)
		if err != nil {
			t.Fatal(err)
		}
		if all == 0 {
			t.Fatal("buckets that are not full were forgotten")
		}
		if short == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("full buckets are kept")
		}
	}
}
