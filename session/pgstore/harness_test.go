package pgstore_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/pgstore"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

func options(l session.Limits) pgstore.Options {
	return pgstore.Options{Limits: l, Secrets: [][]byte{secret}, PoolSize: 4}
}

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

func open(t testing.TB, url string, o pgstore.Options) *pgstore.Store {
	t.Helper()
	s, err := pgstore.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newSession(t testing.TB, s session.Store) string {
	t.Helper()
	id := rand.Text()
	insist(t, "Create", func() error {
		err := s.Create(t.Context(), session.Record{ID: id, Principal: "alice", Transport: session.Streamable})
		if errors.Is(err, session.ErrExists) { // the reply was lost
			return nil
		}
		return err
	})
	return id
}

// insist repeats what the contract allows to repeat while the server is away.
func insist(t testing.TB, what string, step func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := step()
		if err == nil {
			return
		}
		if !errors.Is(err, session.ErrUnavailable) || time.Now().After(deadline) {
			t.Errorf("%s: %v", what, err)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func start(sess, call string) session.CallStart {
	return session.CallStart{
		Session: sess, Stream: "of-" + call, Call: call, Hash: sha256.Sum256([]byte(call)),
		Owner: rand.Text(), Rerun: []byte("again"),
	}
}

func output(c session.CallStart, final bool) session.Output {
	return session.Output{Session: c.Session, Stream: c.Stream, Call: c.Call, Owner: c.Owner, Final: final}
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came true that %s", what)
		}
	}
}

// follow reads the stream to its end as a tailer does that has no tick, and returns
// what was in it. While the server is away it asks again.
func follow(t testing.TB, s session.Store, sess, stream string) (texts []string) {
	wake := make(chan struct{}, 1)
	defer s.Watch(sess, stream, wake)()
	var after uint64
	for {
		var p session.Page
		insist(t, "Read", func() (err error) {
			p, err = s.Read(t.Context(), sess, stream, after, 5)
			return err
		})
		for _, e := range p.Events {
			if after++; e.N != after {
				t.Errorf("event %d of stream %s comes where %d should", e.N, stream, after)
			}
			texts = append(texts, string(e.Data))
		}
		if p.Ended && p.Last > 0 || t.Failed() {
			return texts
		}
		if len(p.Events) > 0 {
			continue
		}
		select {
		case <-wake:
		case <-time.After(patience):
			t.Errorf("the reader of stream %s at event %d waited for a wake in vain", stream, after)
			return texts
		}
	}
}

// query runs a statement of the test's own.
func query[T any](t testing.TB, url, sql string, args ...any) (v T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&v); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}
