package pgstore_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-go/tandem/internal/pgtest"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/pgstore"
)

// The server crashes and comes back in the middle of traffic: nothing that was
// acknowledged is lost, nothing is there twice, tailers that have no tick read
// everything, and no replica takes another one for dead.
func TestServerCrash(t *testing.T) {
	server := pgtest.Start(t)
	url := server.Database(t)
	const replicas, calls, messages = 3, 12, 25
	var stores []*pgstore.Store
	for range replicas {
		stores = append(stores, open(t, url, options(session.Limits{CallsPerSession: 100})))
	}
	id := newSession(t, stores[0])
	var all sync.WaitGroup
	var mu sync.Mutex
	begun := 0
	for i := range calls {
		c := start(id, fmt.Sprint(i))
		c.Stream = session.Standing + c.Call
		all.Go(func() {
			runner := stores[i%replicas]
			insist(t, "Begin", func() error { _, err := runner.Begin(t.Context(), c); return err })
			mu.Lock()
			begun++
			mu.Unlock()
			tailing := make(chan []string)
			go func() { tailing <- follow(t, stores[(i+1)%replicas], id, c.Stream) }()
			written := writeThrough(t, runner, c, messages)
			if got := <-tailing; !slices.Equal(got, written) && !t.Failed() {
				t.Errorf("the tailer of call %d read\n%q, want\n%q", i, got, written)
			}
		})
	}
	eventually(t, "calls run", func() bool { mu.Lock(); defer mu.Unlock(); return begun > calls/2 })
	for range 3 {
		server.Stop(t)
		time.Sleep(300 * time.Millisecond) // an outage, longer than it takes to be late
		server.Restart(t)
		if orphans, err := stores[0].Orphans(t.Context(), 99); err == nil && len(orphans) > 0 {
			t.Errorf("after an outage %d calls of replicas that live are orphaned", len(orphans))
		}
		time.Sleep(200 * time.Millisecond)
	}
	all.Wait()
	if left, err := stores[1].Calls(t.Context(), id); err != nil || len(left) > 0 {
		t.Errorf("%d calls are in flight after the end, %v", len(left), err)
	}
}

// writeThrough appends messages of which each is sure to be there: one whose
// outcome is unknown is looked for, since only a final Append may be repeated.
func writeThrough(t *testing.T, s session.Store, c session.CallStart, messages int) (written []string) {
	for n := range messages {
		m := fmt.Sprint(n)
		insist(t, "Append", func() error {
			_, err := s.Append(t.Context(), output(c, n == messages-1), []byte(m))
			if errors.Is(err, session.ErrUnavailable) && isThere(t, s, c, m) {
				return nil
			}
			return err
		})
		written = append(written, m)
		time.Sleep(10 * time.Millisecond)
	}
	return written
}

func isThere(t *testing.T, s session.Store, c session.CallStart, m string) (there bool) {
	insist(t, "Read", func() error {
		p, err := s.Read(t.Context(), c.Session, c.Stream, 0, 999)
		there = slices.ContainsFunc(p.Events, func(e session.Event) bool { return string(e.Data) == m })
		return err
	})
	return there
}

// The reply of the server is lost after it has committed: what may be repeated is
// repeated and done once, and of the rest the outcome is said to be unknown.
func lostReplies(t *testing.T, server *pgtest.Server) {
	url := server.Database(t)
	proxy := server.Proxy(t)
	s := open(t, proxy.URL(url), options(session.Limits{CallsPerSession: 2}))
	id := newSession(t, s)
	lose := func(text string) {
		t.Helper()
		before := proxy.Swallowed()
		proxy.Swallow(text)
		t.Cleanup(func() {
			if proxy.Swallowed() == before {
				t.Errorf("no reply to %s was lost", text)
			}
		})
	}

	c := start(id, "1")
	lose("begin_call")
	if b, err := s.Begin(t.Context(), c); err != nil || b.Outcome != session.New {
		t.Errorf("Begin whose reply was lost is %v, %v, want New", b.Outcome, err)
	}
	if calls, err := s.Calls(t.Context(), id); err != nil || len(calls) != 1 {
		t.Errorf("there are %d calls after it, %v", len(calls), err)
	}
	lose("append_events")
	if n, err := s.Append(t.Context(), output(c, true), []byte("answer")); err != nil || n != 1 {
		t.Errorf("the final Append whose reply was lost gives %d, %v, want 1", n, err)
	}
	if got := follow(t, s, id, c.Stream); !slices.Equal(got, []string{"answer"}) {
		t.Errorf("the log has %q", got)
	}

	lose("append_events")
	if _, err := s.Append(t.Context(), session.Output{Session: id, Stream: session.Standing}, []byte("notice")); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Append of no call whose reply was lost is %v, want ErrUnavailable", err)
	}
	if p, err := s.Read(t.Context(), id, session.Standing, 0, 9); err != nil || len(p.Events) != 1 {
		t.Errorf("it is there %d times, %v", len(p.Events), err)
	}
	lose("create_session")
	r := session.Record{ID: "lost", Transport: session.SSE}
	if err := s.Create(t.Context(), r); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Create whose reply was lost is %v, want ErrUnavailable", err)
	}
	if err := s.Create(t.Context(), r); !errors.Is(err, session.ErrExists) {
		t.Errorf("repeated it is %v, want ErrExists", err)
	}
}

// dying is a replica behind a proxy, with a call that it runs.
func dying(t *testing.T, server *pgtest.Server, url string, sess string) (*pgtest.Proxy, *pgstore.Store, session.CallStart) {
	t.Helper()
	proxy := server.Proxy(t)
	s := open(t, proxy.URL(url), options(session.Limits{}))
	c := start(sess, "1")
	if _, err := s.Begin(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), output(c, false), []byte("progress")); err != nil {
		t.Fatal(err)
	}
	return proxy, s, c
}

// take takes the call once its owner is known to be dead.
func take(t *testing.T, s session.Store, c session.CallStart) session.CallStart {
	t.Helper()
	taker := session.Takeover{Session: c.Session, Call: c.Call, From: c.Owner, Owner: "the taker"}
	eventually(t, "the call of a dead replica can be taken", func() bool {
		_, err := s.Take(t.Context(), taker)
		return err == nil
	})
	c.Owner = taker.Owner
	return c
}

// A replica that is paused, and believes that it runs its call when it goes on,
// is dead to the others meanwhile, and its late writes are refused.
func zombie(t *testing.T, server *pgtest.Server) {
	url := server.Database(t)
	other := open(t, url, options(session.Limits{}))
	id := newSession(t, other)
	proxy, zombie, c := dying(t, server, url, id)
	proxy.Freeze()
	late := make(chan error)
	go func() {
		_, err := zombie.Append(t.Context(), output(c, true), []byte("the zombie's"))
		late <- err
	}()
	alive := take(t, other, c)
	proxy.Thaw()
	if err := <-late; !errors.Is(err, session.ErrUnavailable) && !errors.Is(err, session.ErrFenced) {
		t.Errorf("the write under way is %v", err)
	}
	insist(t, "the zombie comes back", func() error { return zombie.Touch(t.Context(), id) })
	if _, err := zombie.Append(t.Context(), output(c, true), []byte("the zombie's")); !errors.Is(err, session.ErrFenced) {
		t.Errorf("the zombie's late write is %v, want ErrFenced", err)
	}
	if _, err := other.Append(t.Context(), output(alive, true), []byte("the taker's")); err != nil {
		t.Error(err)
	}
	if got := follow(t, zombie, id, c.Stream); !slices.Equal(got, []string{"progress", "the taker's"}) {
		t.Errorf("the log has %q", got)
	}
}

// A replica that is killed is known to be dead though it never closed, and whoever
// waits for its output is woken, on every replica, to find out.
func killedReplica(t *testing.T, server *pgtest.Server) {
	url := server.Database(t)
	other := open(t, url, options(session.Limits{}))
	id := newSession(t, other)
	proxy, _, c := dying(t, server, url, id)
	wake := make(chan struct{}, 1)
	defer other.Watch(id, c.Stream, wake)()
	<-wake // a watch begins with one
	proxy.Refuse(true)
	proxy.Cut()
	killed := time.Now()
	for {
		select {
		case <-wake:
		case <-time.After(patience):
			t.Fatal("nobody was woken after a replica died")
		}
		calls, err := other.Calls(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if calls[0].Orphaned {
			break
		}
	}
	if orphans, err := other.Orphans(t.Context(), 9); err != nil || len(orphans) != 1 || orphans[0].Call.ID != c.Call {
		t.Errorf("the orphans are %+v, %v", orphans, err)
	}
	t.Logf("known to be dead after %s", time.Since(killed).Round(time.Millisecond))
	alive := take(t, other, c)
	if _, err := other.Append(t.Context(), output(alive, true), []byte("answer")); err != nil {
		t.Error(err)
	}
}

// A replica whose own connection is ended by the server again and again misses
// nothing, neither output nor signals, and lives.
func listenConnectionEnds(t *testing.T, server *pgtest.Server) {
	url := server.Database(t)
	writer, reader := open(t, url, options(session.Limits{})), open(t, url, options(session.Limits{}))
	id := newSession(t, writer)
	c := start(id, "1")
	if _, err := writer.Begin(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 1000)
	defer reader.Listen(func(s session.Signal) { heard <- s.Kind })()
	tailing := make(chan []string)
	go func() { tailing <- follow(t, reader, id, c.Stream) }()
	const messages = 100
	var written []string
	for i := range messages {
		m := fmt.Sprint(i)
		written = append(written, m)
		if _, err := writer.Append(t.Context(), output(c, i == messages-1), []byte(m)); err != nil {
			t.Fatal(err)
		}
		if err := writer.Notify(t.Context(), session.Signal{Session: id, Kind: m}); err != nil {
			t.Fatal(err)
		}
		if i%20 == 10 {
			eventually(t, "a connection is ended", func() bool {
				return query[int](t, url, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
				WHERE pid <> pg_backend_pid() AND datname = current_database() AND query ~ 'LISTEN|pg_notify|beat|signals'`) > 0
			})
		}
	}
	if got := <-tailing; !slices.Equal(got, written) {
		t.Errorf("the tailer read %q", got)
	}
	for _, want := range written {
		select {
		case got := <-heard:
			if got != want {
				t.Fatalf("signal %s came where %s should", got, want)
			}
		case <-time.After(patience):
			t.Fatalf("signal %s never came", want)
		}
	}
}

// Signals are of any size and of any bytes: NOTIFY itself takes 8,000 bytes of text.
func largeSignals(t *testing.T, server *pgtest.Server) {
	url := server.Database(t)
	a, b := open(t, url, options(session.Limits{})), open(t, url, options(session.Limits{}))
	id := newSession(t, a)
	c := start(id, "1")
	if _, err := b.Begin(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	got := make(chan session.Signal, 9)
	defer b.Listen(func(s session.Signal) { got <- s })()
	for _, size := range []int{7_999, 8_000, 1 << 20} {
		sent := session.Signal{Session: id, Call: c.Call, Kind: "answer", Payload: []byte(strings.Repeat("\x00\xff", size/2))}
		if err := a.Notify(t.Context(), sent); err != nil {
			t.Fatal(err)
		}
		select {
		case s := <-got:
			if string(s.Payload) != string(sent.Payload) {
				t.Errorf("a payload of %d bytes arrived as %d others", size, len(s.Payload))
			}
		case <-time.After(patience):
			t.Fatalf("a payload of %d bytes never arrived", size)
		}
	}
}
