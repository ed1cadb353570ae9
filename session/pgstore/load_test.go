package pgstore_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tandem-go/tandem/internal/pgtest"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/pgstore"
)

// Sessions come and go on many replicas at once: never more than the caps, no
// deadlock, and in the end the counters say what is there.
func capsUnderLoad(t *testing.T, server *pgtest.Server) {
	url := server.Database(t)
	l := session.Limits{Sessions: 20, SessionsPerPrincipal: 8, IdleAfter: 1}
	var all sync.WaitGroup
	for w := range 6 {
		s := open(t, url, options(l))
		all.Go(func() {
			for i := range 60 {
				id := fmt.Sprint(w, ".", i)
				err := s.Create(t.Context(), session.Record{ID: id, Principal: strconv.Itoa(rand.IntN(4)), Transport: session.SSE})
				if err != nil && !errors.Is(err, session.ErrTooMany) && !errors.Is(err, session.ErrFull) {
					t.Errorf("Create: %v", err)
				}
				if i%4 == w%4 {
					if err := s.Delete(t.Context(), fmt.Sprint(w, ".", rand.IntN(i+1))); err != nil && !errors.Is(err, session.ErrNotFound) {
						t.Errorf("Delete: %v", err)
					}
				}
				if i%20 == 0 {
					if _, err := s.Sweep(t.Context()); err != nil {
						t.Errorf("Sweep: %v", err)
					}
				}
			}
		})
	}
	for range 30 {
		if n := query[int](t, url, `SELECT count(*) FROM tandem.sessions`); n > l.Sessions {
			t.Errorf("there are %d sessions under a cap of %d", n, l.Sessions)
		}
		if n := query[int](t, url, `SELECT coalesce(max(n), 0) FROM (SELECT count(*) n FROM tandem.sessions GROUP BY principal) x`); n > l.SessionsPerPrincipal {
			t.Errorf("a principal has %d sessions under a cap of %d", n, l.SessionsPerPrincipal)
		}
	}
	all.Wait()
	counted(t, url)
}

// counted insists that every counter says what is there.
func counted(t *testing.T, url string) {
	t.Helper()
	for what, wrong := range map[string]string{
		"sessions in all": `SELECT count(*) FROM (SELECT sum(used) FROM tandem.slots EXCEPT SELECT count(*) FROM tandem.sessions) x`,
		"principals": `SELECT count(*) FROM tandem.principals p FULL JOIN
			(SELECT sha256(principal) principal, count(*) n FROM tandem.sessions GROUP BY 1) s USING (principal) WHERE p.sessions IS DISTINCT FROM s.n`,
		"calls in sessions": `SELECT count(*) FROM tandem.sessions s WHERE
			(in_flight, finished) <> (SELECT count(*) FILTER (WHERE done_seq IS NULL), count(done_seq) FROM tandem.calls c WHERE c.session = s.sid)`,
		"calls in streams": `SELECT count(*) FROM tandem.streams t WHERE
			(calls, in_flight) <> (SELECT count(*), count(*) FILTER (WHERE done_seq IS NULL) FROM tandem.calls c WHERE c.stream = t.id)`,
		"bytes of streams": `SELECT count(*) FROM tandem.streams t WHERE
			(bytes, last - trimmed) <> (SELECT coalesce(sum(length(data)), 0), count(*) FROM tandem.events e WHERE e.stream = t.id)`,
		"kept bytes": `SELECT count(*) FROM tandem.sessions s WHERE kept_bytes IS DISTINCT FROM
			(SELECT coalesce(sum(counted), 0) FROM tandem.streams t WHERE t.session = s.sid)`,
		"what belongs to no session": `SELECT (SELECT count(*) FROM tandem.calls WHERE session NOT IN (SELECT sid FROM tandem.sessions))
			+ (SELECT count(*) FROM tandem.streams WHERE session NOT IN (SELECT sid FROM tandem.sessions))
			+ (SELECT count(*) FROM tandem.events WHERE stream NOT IN (SELECT id FROM tandem.streams))`,
	} {
		if n := query[int](t, url, wrong); n > 0 {
			t.Errorf("%s: %d are counted wrong", what, n)
		}
	}
}

// Everything at once on few sessions from many replicas, at every level of
// isolation that a database may have as its default: what is promised of each call
// holds while sessions come and go, and the counters stay right.
func stress(t *testing.T, server *pgtest.Server) {
	for _, level := range []string{"read committed", "repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			url := server.Database(t)
			query[string](t, url, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_isolation = '`+"'"+level+"'"+`'', current_database()); END $$`)
			var all sync.WaitGroup
			for w := range 4 {
				pool, err := pgxpool.New(t.Context(), url) // whose connections are as the database has them
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(pool.Close)
				o := options(session.Limits{KeepCalls: 4, KeepBytes: 30, StreamEvents: 8, IdleAfter: 1})
				o.Timeout = patience
				s, err := pgstore.New(t.Context(), pool, o)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = s.Close() })
				for lane := range 2 {
					all.Go(func() {
						for i := range 40 {
							trample(t, s, "s"+strconv.Itoa(i%3), fmt.Sprint(w, ".", lane, ".", i))
						}
					})
				}
			}
			all.Wait()
			counted(t, url)
		})
	}
}

// trample may meet a session that has just ended or is full, and nothing else.
func trample(t *testing.T, s *pgstore.Store, id, call string) {
	ctx := t.Context()
	allow := func(what string, err error, also ...error) {
		t.Helper()
		for _, e := range append(also, nil, session.ErrNotFound) {
			if errors.Is(err, e) {
				return
			}
		}
		t.Errorf("%s: %v", what, err)
	}
	allow("Create", s.Create(ctx, session.Record{ID: id, Transport: session.SSE}), session.ErrExists)
	c := start(id, call)
	if len(call)%2 == 0 {
		c.Stream = session.Standing
	}
	_, err := s.Begin(ctx, c)
	allow("Begin", err)
	began := err == nil
	allow("Update", s.Update(ctx, id, func(r *session.Record) error { r.LogLevel = call; return nil }))
	_, err = s.Append(ctx, session.Output{Session: id, Stream: session.Standing}, []byte(call), []byte("two"))
	allow("Append", err)
	if began {
		_, err = s.Append(ctx, output(c, true), []byte(call))
		allow("final Append", err, session.ErrFenced) // of a session that was deleted and created again
	}
	_, err = s.Read(ctx, id, session.Standing, 0, 100)
	allow("Read", err, session.ErrTrimmed)
	if call[len(call)-1] == '7' {
		_, err = s.Sweep(ctx)
		allow("Sweep", err)
	}
	if call[len(call)-1] == '5' {
		allow("Delete", s.Delete(ctx, id))
	}
}

// On many replicas a call begins once, everybody reads its output, and everybody
// gets a signal for all, once.
func manyReplicas(t *testing.T, server *pgtest.Server) {
	url := server.Database(t)
	const replicas = 8
	var stores []*pgstore.Store
	heard := make([]chan string, replicas)
	for i := range replicas {
		o := options(session.Limits{})
		o.PoolSize = 2
		stores = append(stores, open(t, url, o))
		heard[i] = make(chan string, 100)
		defer stores[i].Listen(func(s session.Signal) { heard[i] <- s.Kind })()
	}
	id := newSession(t, stores[0])
	var all sync.WaitGroup
	var mu sync.Mutex
	news := 0
	for i, s := range stores {
		c := start(id, "1")
		c.Owner = strconv.Itoa(i)
		all.Go(func() {
			b, err := s.Begin(t.Context(), c)
			if err != nil {
				t.Error(err)
				return
			}
			if b.Outcome == session.New {
				mu.Lock()
				news++
				mu.Unlock()
				for _, m := range []string{"a", "b", "c"} {
					if _, err := s.Append(t.Context(), output(c, m == "c"), []byte(m)); err != nil {
						t.Error(err)
					}
				}
			}
			if got := follow(t, s, id, c.Stream); fmt.Sprint(got) != "[a b c]" {
				t.Errorf("replica %d read %q", i, got)
			}
			if err := s.Notify(t.Context(), session.Signal{Kind: strconv.Itoa(i)}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if news != 1 {
		t.Errorf("the call is New on %d replicas", news)
	}
	for i := range replicas {
		from := map[string]int{}
		eventually(t, "every signal arrives", func() bool {
			for len(heard[i]) > 0 {
				from[<-heard[i]]++
			}
			return len(from) == replicas
		})
		for sender, n := range from {
			if n != 1 {
				t.Errorf("replica %d got %d signals from %s", i, n, sender)
			}
		}
	}
}
