package pgstore_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"github.com/tandem-go/tandem/internal/pgtest"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/pgstore"
)

// A wrong URL or option stops the program at its start, and says what is wrong but
// not what the password is.
func TestOpenSaysWhatIsWrong(t *testing.T) {
	good := options(session.Limits{})
	with := func(change func(*pgstore.Options)) pgstore.Options {
		o := good
		change(&o)
		return o
	}
	for _, c := range []struct {
		name, url, says string
		options         pgstore.Options
	}{
		{"nobody listens", "postgres://u:hunter2@127.0.0.1:1/orders", `"orders" on 127.0.0.1:1`, good},
		{"a bad port", "postgres://u:hunter2@h:port/orders", "not shown", good},
		{"a password with a slash", "postgres://u:hun/ter2@h/orders", "not shown", good},
		{"a bad parameter", "postgres://u:hunter2@h/orders?sslmode=perhaps", "sslmode", good},
		{"a password in a parameter", "postgres://h/orders?password=hunter2&sslmode=perhaps", "sslmode", good},
		{"no URL", "hunter2", "not shown", good},
		{"another database", "mysql://u:hunter2@h/orders", "", good},
		{"no secret", "postgres://u:hunter2@h/orders", "Options.Secrets", with(func(o *pgstore.Options) { o.Secrets = nil })},
		{"a short secret", "postgres://u:hunter2@h/orders", "Options.Secrets", with(func(o *pgstore.Options) { o.Secrets = [][]byte{[]byte("hunter2")} })},
		{"a limit", "postgres://u:hunter2@h/orders", "Limits.KeepFor", with(func(o *pgstore.Options) { o.Limits.KeepFor = -1 })},
		{"a timeout", "postgres://u:hunter2@h/orders", "Options.Timeout", with(func(o *pgstore.Options) { o.Timeout = -1 })},
		{"a pool", "postgres://u:hunter2@h/orders", "Options.PoolSize", with(func(o *pgstore.Options) { o.PoolSize = -1 })},
		{"a beat", "postgres://u:hunter2@h/orders", "Options.AliveFor", with(func(o *pgstore.Options) { o.BeatEvery = time.Minute })},
		{"a schema", "postgres://u:hunter2@h/orders", "Options.Schema", with(func(o *pgstore.Options) { o.Schema = strings.Repeat("s", 51) })},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			s, err := pgstore.Open(ctx, c.url, c.options)
			if err == nil {
				_ = s.Close()
				t.Fatal("it opened")
			}
			if text := err.Error(); !strings.Contains(text, c.says) || strings.Contains(text, "hunter2") || strings.Contains(text, "ter2") {
				t.Errorf("the error does not say %q or shows the password: %s", c.says, text)
			}
		})
	}
}

// Replicas that start together on an empty database make its schema once; who comes
// later leaves it alone, and needs no right to change it.
func migrate(t *testing.T, server *pgtest.Server) {
	url := server.Database(t)
	o := options(session.Limits{})
	o.Schema = `odd "name`
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			s, err := pgstore.Open(t.Context(), url, o)
			if err != nil {
				t.Error(err)
				return
			}
			_ = s.Close()
		})
	}
	all.Wait()
	n := query[int](t, url, `SELECT count(*) FROM "odd ""name".migrations`)
	if n != 3 {
		t.Errorf("%d migrations are recorded, want 3", n)
	}
	query[string](t, url, `INSERT INTO "odd ""name".migrations VALUES (99)`)
	query[string](t, url, `DO $$ BEGIN
		CREATE ROLE humble LOGIN PASSWORD 'humble';
		GRANT USAGE ON SCHEMA "odd ""name" TO humble;
		GRANT ALL ON ALL TABLES IN SCHEMA "odd ""name" TO humble;
		GRANT ALL ON ALL SEQUENCES IN SCHEMA "odd ""name" TO humble;
		REVOKE CREATE ON SCHEMA public FROM PUBLIC;
	END $$`)
	_, at, _ := strings.Cut(url, "@")
	s := open(t, "postgres://humble:humble@"+at, o)
	newSession(t, s)
}

// A store on the service's pool leaves the pool open, and stores in schemas of
// their own share a database without seeing each other.
func sharedPool(t *testing.T, server *pgtest.Server) {
	pool, err := pgxpool.New(t.Context(), server.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var stores []*pgstore.Store
	for _, schema := range []string{"one", "two"} {
		o := options(session.Limits{})
		o.Schema = schema
		s, err := pgstore.New(t.Context(), pool, o)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		stores = append(stores, s)
	}
	id := newSession(t, stores[0])
	if _, err := stores[1].Load(t.Context(), id); err == nil {
		t.Error("a session of one schema is found in the other")
	}
	if err := stores[0].Close(); err != nil {
		t.Error(err)
	}
	if err := pool.Ping(t.Context()); err != nil {
		t.Errorf("the pool after Close: %v", err)
	}
}

// Close leaves no goroutine, and a server that is away does not stop it.
func TestCloseLeavesNothing(t *testing.T) {
	server := pgtest.Start(t)
	url := server.Database(t)
	before := goleak.IgnoreCurrent()
	s := open(t, url, options(session.Limits{}))
	newSession(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	away := open(t, url, options(session.Limits{}))
	server.Stop(t)
	if err := away.Close(); err == nil {
		t.Error("Close without a server tells nobody that the others do not know")
	}
	goleak.VerifyNone(t, before)
}

// What a client chooses is of any length and of any bytes, and numbers are as large as
// they can be written.
func anything(t *testing.T, server *pgtest.Server) {
	l := session.Limits{KeepCalls: math.MaxInt, StreamEvents: math.MaxInt, CallsPerSession: math.MaxInt, Sessions: math.MaxInt}
	s := open(t, server.Database(t), options(l))
	long := strings.Repeat("\x00\xff", 5_000)
	if err := s.Create(t.Context(), session.Record{ID: "\xff\x00", Principal: long, Transport: session.SSE}); err != nil {
		t.Fatal(err)
	}
	c := start("\xff\x00", long)
	c.Stream = session.Standing
	if _, err := s.Begin(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if calls, err := s.Calls(t.Context(), c.Session); err != nil || len(calls) != 1 || calls[0].ID != long {
		t.Errorf("the call is not found by its id: %v", err)
	}
	if _, err := s.Append(t.Context(), output(c, true), []byte("answer")); err != nil {
		t.Error(err)
	}
	if r, err := s.Load(t.Context(), c.Session); err != nil || r.Principal != long {
		t.Errorf("the record has another principal: %v", err)
	}
	if _, err := s.Read(t.Context(), c.Session, session.Standing, math.MaxUint64, math.MaxInt); !errors.Is(err, session.ErrTrimmed) {
		t.Errorf("Read from the largest number is %v, want ErrTrimmed", err)
	}
	if _, err := s.Load(t.Context(), long); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Load of what is no id is %v, want ErrNotFound", err)
	}
}

// What health and metrics show.
func TestFigures(t *testing.T) {
	server := pgtest.Start(t)
	s := open(t, server.Database(t), options(session.Limits{}))
	newSession(t, s)
	newSession(t, s)
	eventually(t, "the sessions are counted", func() bool { return s.Sessions() == 2 })
	if st := s.Stats(); st.MaxOpenConnections != 4 || st.OpenConnections == 0 {
		t.Errorf("the pool's figures are %+v", st)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	server.Stop(t)
	if err := s.Ping(t.Context()); err == nil {
		t.Error("Ping of a server that was stopped succeeds")
	}
}

// What was not sealed by the secrets is dropped: whoever can write to the database
// cannot make a replica run a call, act on a signal or open a session in
// another's name. Secrets can be rotated.
func forgeries(t *testing.T, server *pgtest.Server) {
	url := server.Database(t)
	old := open(t, url, options(session.Limits{}))
	id, other := newSession(t, old), newSession(t, old)
	for _, call := range []string{"1", "2"} {
		if _, err := old.Begin(t.Context(), start(id, call)); err != nil {
			t.Fatal(err)
		}
	}
	o := options(session.Limits{})
	o.Secrets = [][]byte{[]byte(strings.Repeat("new", 11)), secret}
	rotated := open(t, url, o)
	o.Secrets = o.Secrets[:1]
	o.Logger = slog.New(slog.DiscardHandler)
	stranger := open(t, url, o)

	reruns := func(s *pgstore.Store) (n int) {
		t.Helper()
		calls, err := s.Calls(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range calls {
			if string(c.Rerun) == "again" {
				n++
			}
		}
		return n
	}
	if n := reruns(rotated); n != 2 {
		t.Errorf("with the old secret in second place %d of 2 calls can run again", n)
	}
	if _, err := stranger.Load(t.Context(), id); err == nil {
		t.Error("a replica with another secret takes the record")
	}
	query[string](t, url, `UPDATE tandem.calls SET rerun = (SELECT rerun FROM tandem.calls WHERE call = '1') WHERE call = '2'`)
	if n := reruns(rotated); n != 1 {
		t.Errorf("a call's Rerun is taken for another's: %d can run again", n)
	}
	query[string](t, url, `UPDATE tandem.sessions SET principal = 'mallory' WHERE id = convert_to($1, 'UTF8')`, other)
	if r, err := rotated.Load(t.Context(), other); err == nil {
		t.Errorf("the session was given to %q", r.Principal)
	}
	heard := make(chan session.Signal, 9)
	defer old.Listen(func(s session.Signal) { heard <- s })()
	query[string](t, url, `INSERT INTO tandem.signals (replica, session, call, kind, payload)
		SELECT id, '', '', 'forged', 'AAAA' FROM tandem.replicas`)
	if err := rotated.Notify(t.Context(), session.Signal{Kind: "sealed by a secret that old does not know"}); err != nil {
		t.Fatal(err)
	}
	if err := old.Notify(t.Context(), session.Signal{Kind: "true"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the mailbox is empty", func() bool { return query[int](t, url, `SELECT count(*) FROM tandem.signals`) == 0 })
	if got := fmt.Sprint((<-heard).Kind, len(heard)); got != "true0" {
		t.Errorf("the signals that were heard begin with %s", got)
	}
}
