package redisstore_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-go/tandem/internal/redistest"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/redisstore"
)

// create adds a session and returns its id.
func create(t testing.TB, s session.Store) string {
	t.Helper()
	id := rand.Text()
	if err := s.Create(t.Context(), session.Record{ID: id, Principal: "alice", Transport: session.Streamable}); err != nil {
		t.Fatal(err)
	}
	return id
}

func start(id, call string) session.CallStart {
	return session.CallStart{Session: id, Stream: "of " + call, Call: call, Owner: rand.Text(), Rerun: []byte("again")}
}

func output(c session.CallStart, final bool) session.Output {
	return session.Output{Session: c.Session, Call: c.Call, Owner: c.Owner, Final: final}
}

func begin(t testing.TB, s session.Store, c session.CallStart) {
	t.Helper()
	if b, err := s.Begin(t.Context(), c); err != nil || b.Outcome != session.New {
		t.Fatalf("Begin: %v, %v", b.Outcome, err)
	}
}

// texts are the events of the stream.
func texts(t testing.TB, s session.Store, id, stream string) []string {
	t.Helper()
	p, err := s.Read(t.Context(), id, stream, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range p.Events {
		all = append(all, string(e.Data))
	}
	return all
}

func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came true that %s", what)
		}
	}
}

// behindProxy opens a replica whose engine is reached through a proxy, and one that
// reaches it directly.
func behindProxy(t *testing.T, o redisstore.Options) (*redistest.Proxy, *redisstore.Store, *redisstore.Store) {
	t.Helper()
	server := redistest.Start(t)
	proxy := redistest.StartProxy(t, server.Addr())
	return proxy, open(t, server.URLAt(proxy.Addr()), o), open(t, server.URL(), o)
}

// What the engine has carried out while its reply was lost is not done twice: the
// driver repeats only what it may.
func TestLostReplies(t *testing.T) {
	o := options()
	o.Limits.CallsPerSession = 1
	o.Limits.SessionsPerPrincipal = 3
	o.Timeout = 500 * time.Millisecond // a place without a session is given back after four of it
	proxy, s, other := behindProxy(t, o)
	ctx := t.Context()
	if err := s.Delete(ctx, create(t, s)); err != nil { // so that the engine knows the scripts
		t.Fatal(err)
	}
	id := create(t, s)
	begin(t, s, start(create(t, other), "1"))

	c := start(id, "1")
	proxy.LoseReply(c.Owner)
	begin(t, s, c)
	if calls, err := other.Calls(ctx, id); err != nil || len(calls) != 1 {
		t.Errorf("after a Begin whose reply was lost Calls gives %v, %v", calls, err)
	}

	proxy.LoseReply("the answer")
	n, err := s.Append(ctx, output(c, true), []byte("the answer"))
	if err != nil || n != 1 {
		t.Errorf("the final Append whose reply was lost gives %d, %v", n, err)
	}
	if got := texts(t, other, id, c.Stream); !slices.Equal(got, []string{"the answer"}) {
		t.Errorf("the log has %q", got)
	}

	proxy.LoseReply("a notice")
	_, err = s.Append(ctx, session.Output{Session: id, Stream: session.Standing}, []byte("a notice"))
	if !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("an Append that may not be repeated gives %v where its reply was lost", err)
	}
	if got := texts(t, other, id, session.Standing); !slices.Equal(got, []string{"a notice"}) {
		t.Errorf("the standing log has %q", got)
	}

	second := rand.Text()
	proxy.LoseReply(second)
	if err := s.Create(ctx, session.Record{ID: second, Principal: "alice", Transport: session.SSE}); err != nil {
		t.Errorf("Create whose reply was lost: %v", err)
	}
	proxy.LoseReply(second)
	if err := s.Delete(ctx, second); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("Delete whose reply was lost: %v", err)
	}
	if _, err := other.Load(ctx, second); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("after a Delete whose reply was lost Load gives %v", err)
	}
	eventually(t, "Sweep gives the place of a session back that is gone", func() bool {
		_, sweeping := other.Sweep(ctx)
		err := other.Create(ctx, session.Record{ID: rand.Text(), Principal: "alice", Transport: session.SSE})
		return sweeping == nil && err == nil
	})
}

// A replica that hangs loses its calls after AliveFor, and what it writes once it
// is awake is refused.
func TestZombie(t *testing.T) {
	o := options()
	o.AliveFor = 300 * time.Millisecond
	proxy, zombie, s := behindProxy(t, o)
	id := create(t, zombie)
	c := start(id, "1")
	begin(t, zombie, c)

	proxy.Freeze()
	var found []session.Orphan
	eventually(t, "the call of a replica that hangs is orphaned", func() bool {
		var err error
		found, err = s.Orphans(t.Context(), 9)
		return err == nil && len(found) == 1
	})
	taken := c
	taken.Owner = rand.Text()
	call, err := s.Take(t.Context(), session.Takeover{Session: id, Call: c.Call, From: found[0].Call.Owner, Owner: taken.Owner})
	if err != nil || string(call.Rerun) != "again" {
		t.Fatalf("Take: %+v, %v", call, err)
	}
	proxy.Thaw()
	eventually(t, "the zombie's late answer is refused", func() bool {
		_, err := zombie.Append(t.Context(), output(c, true), []byte("late"))
		if err != nil && !errors.Is(err, session.ErrFenced) && !errors.Is(err, session.ErrUnavailable) {
			t.Fatalf("the late answer: %v", err)
		}
		return errors.Is(err, session.ErrFenced)
	})
	if _, err := s.Append(t.Context(), output(taken, true), []byte("the answer")); err != nil {
		t.Fatal(err)
	}
	if got := texts(t, s, id, c.Stream); !slices.Equal(got, []string{"the answer"}) {
		t.Errorf("the log has %q", got)
	}

	// It is alive again: what it begins now is its own.
	later := start(id, "2")
	begin(t, zombie, later)
	eventually(t, "the replica that woke up counts as alive", func() bool {
		calls, err := s.Calls(t.Context(), id)
		return err == nil && len(calls) == 1 && !calls[0].Orphaned
	})
}

// A wake that was lost with the subscription's connection is made good.
func TestSubscriptionBreaks(t *testing.T) {
	server := redistest.Start(t)
	o := options()
	s, other := open(t, server.URL(), o), open(t, server.URL(), o)
	id := create(t, s)
	wake := make(chan struct{}, 1)
	defer s.Watch(id, session.Standing, wake)()
	for range 5 {
		server.CLI(t, "CLIENT", "KILL", "TYPE", "pubsub")
		n, err := other.Append(t.Context(), session.Output{Session: id, Stream: session.Standing}, []byte("news"))
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "a reader that waits for wakes alone finds the event", func() bool {
			<-wake
			p, err := s.Read(t.Context(), id, session.Standing, n-1, 9)
			return err == nil && len(p.Events) == 1
		})
	}
	// Nobody was dead meanwhile.
	c := start(id, "1")
	begin(t, other, c)
	server.CLI(t, "CLIENT", "KILL", "TYPE", "pubsub")
	for range 100 {
		calls, err := s.Calls(t.Context(), id)
		if err != nil || len(calls) != 1 || calls[0].Orphaned {
			t.Fatalf("right after its subscription broke, a live replica's call is %+v, %v", calls, err)
		}
	}
}

// A signal that whoever writes to the engine has made up is dropped, and so are
// its record and its order to run a call again. A secret can be replaced.
func TestForgeries(t *testing.T) {
	server := redistest.Start(t)
	o := options()
	s := open(t, server.URL(), o)
	stranger, rotated := o, o
	stranger.Secrets = [][]byte{[]byte("another secret, as long")}
	rotated.Secrets = [][]byte{[]byte("the next secret, as long"), secret}
	mallory, next := open(t, server.URL(), stranger), open(t, server.URL(), rotated)
	ctx := t.Context()

	id, forged := create(t, s), create(t, mallory)
	if _, err := s.Load(ctx, forged); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Load of a forged record: %v", err)
	}
	if _, err := next.Load(ctx, id); err != nil {
		t.Errorf("Load of a record under the former secret: %v", err)
	}

	begin(t, mallory, start(id, "1"))
	if calls, err := s.Calls(ctx, id); err != nil || len(calls) != 1 || calls[0].Rerun != nil {
		t.Errorf("Calls gives %+v, %v: a forged Rerun", calls, err)
	}

	got := make(chan session.Signal, 9)
	defer s.Listen(func(sig session.Signal) { got <- sig })()
	if err := mallory.Notify(ctx, session.Signal{Session: id, Kind: "forged"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Notify(ctx, session.Signal{Session: id, Kind: "true"}); err != nil {
		t.Fatal(err)
	}
	if sig := <-got; sig.Kind != "true" {
		t.Errorf("the signal %+v came through", sig)
	}
}

// While the engine is away every step is ErrUnavailable, within the time that is
// allowed; once it is back, everything goes on.
func TestOutage(t *testing.T) {
	server := redistest.Start(t)
	o := options()
	o.Timeout = 200 * time.Millisecond
	s := open(t, server.URL(), o)
	id := create(t, s)
	for what, outage := range map[string]struct{ begin, end func(testing.TB) }{
		"stopped": {server.Stop, server.Restart},
		"halted":  {server.Pause, server.Resume},
	} {
		outage.begin(t)
		for name, err := range steps(t.Context(), s, id) {
			if !errors.Is(err, session.ErrUnavailable) {
				t.Errorf("%s while the engine is %s: %v", name, what, err)
			}
			if err != nil && strings.Contains(err.Error(), server.Password()) {
				t.Errorf("the error of %s holds the password: %v", name, err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := s.Touch(ctx, id); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, session.ErrUnavailable) {
			t.Errorf("Touch with a deadline while the engine is %s: %v", what, err)
		}
		cancel()
		outage.end(t)
		eventually(t, "everything goes on when the engine is back", func() bool {
			for _, err := range steps(t.Context(), s, id) {
				if err != nil {
					return false
				}
			}
			return true
		})
	}
}

// steps takes one step of each kind.
func steps(ctx context.Context, s session.Store, id string) map[string]error {
	all := map[string]error{}
	_, all["Load"] = s.Load(ctx, id)
	all["Touch"] = s.Touch(ctx, id)
	all["Update"] = s.Update(ctx, id, func(*session.Record) error { return nil })
	c := start(id, rand.Text())
	_, all["Begin"] = s.Begin(ctx, c)
	_, all["post"] = s.Append(ctx, session.Output{Session: id, Stream: session.Standing}, []byte("x"))
	if all["Begin"] == nil {
		_, all["Append"] = s.Append(ctx, output(c, true), []byte("x"))
	}
	_, all["Calls"] = s.Calls(ctx, id)
	_, all["Orphans"] = s.Orphans(ctx, 1)
	_, all["Read"] = s.Read(ctx, id, session.Standing, 0, 1)
	_, all["Sweep"] = s.Sweep(ctx)
	all["Notify"] = s.Notify(ctx, session.Signal{Session: id, Kind: "k"})
	return all
}

// Calls go on while the engine is killed and started again: none is lost, none
// is answered twice, and readers on another replica miss nothing.
func TestTrafficThroughRestarts(t *testing.T) {
	server := redistest.Start(t)
	traffic(t, server.URL(), func() {
		server.Stop(t)
		time.Sleep(100 * time.Millisecond) // an outage has a length
		server.Restart(t)
	})
}

// The same holds where one node of a cluster after the other is killed.
func TestTrafficThroughClusterRestarts(t *testing.T) {
	cluster := redistest.StartCluster(t)
	next := 0
	traffic(t, cluster.URL(), func() {
		node := cluster.Nodes[next%len(cluster.Nodes)]
		next++
		node.Stop(t)
		time.Sleep(100 * time.Millisecond) // an outage has a length
		node.Restart(t)
	})
}

// traffic runs calls through three outages.
func traffic(t *testing.T, url string, outage func()) {
	o := options()
	o.Timeout = time.Second
	s, other := open(t, url, o), open(t, url, o)
	end := make(chan struct{})
	var workers sync.WaitGroup
	var answered [4]atomic.Int64
	for w := range answered {
		id := create(t, s)
		workers.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-end:
					return
				default:
				}
				if err := oneCall(t.Context(), s, other, id, fmt.Sprintf("%d.%d", w, i)); err != nil {
					t.Errorf("call %d.%d: %v", w, i, err)
					return
				}
				answered[w].Add(1)
			}
		})
	}
	for range 3 {
		var before [len(answered)]int64
		for w := range answered {
			before[w] = answered[w].Load()
		}
		outage()
		eventually(t, "every worker goes on after the outage", func() bool {
			for w := range answered {
				if answered[w].Load() < before[w]+10 {
					return t.Failed()
				}
			}
			return true
		})
	}
	close(end)
	workers.Wait()
	if orphans, err := other.Orphans(t.Context(), 9); err != nil || len(orphans) > 0 {
		t.Errorf("after all calls have ended, orphans are %+v, %v", orphans, err)
	}
}

// oneCall runs a call on one replica and reads it on the other; it insists where it
// may, as a door does.
func oneCall(ctx context.Context, s, reader session.Store, id, name string) error {
	c := start(id, name)
	answer := []byte("answer of " + name)
	if err := insist(func() error {
		b, err := s.Begin(ctx, c)
		if err == nil && b.Outcome != session.New {
			return fmt.Errorf("it is %v", b.Outcome)
		}
		return err
	}); err != nil {
		return fmt.Errorf("Begin: %w", err)
	}
	read := make(chan error, 1)
	go func() { read <- tail(ctx, reader, c, string(answer)) }()
	err := insist(func() error { _, err := s.Append(ctx, output(c, true), answer); return err })
	if reading := <-read; err == nil {
		err = reading
	}
	return err
}

func insist(step func() error) error {
	err := step()
	for deadline := time.Now().Add(patience); errors.Is(err, session.ErrUnavailable) && time.Now().Before(deadline); err = step() {
		time.Sleep(5 * time.Millisecond)
	}
	return err
}

// tail reads the call's stream to its end by wakes alone.
func tail(ctx context.Context, s session.Store, c session.CallStart, want string) error {
	wake := make(chan struct{}, 1)
	defer s.Watch(c.Session, c.Stream, wake)()
	for {
		var p session.Page
		err := insist(func() (err error) { p, err = s.Read(ctx, c.Session, c.Stream, 0, 9); return err })
		if err != nil {
			return fmt.Errorf("Read: %w", err)
		}
		if p.Ended {
			if len(p.Events) != 1 || string(p.Events[0].Data) != want {
				return fmt.Errorf("the log has %d events", len(p.Events))
			}
			return nil
		}
		select {
		case <-wake:
		case <-time.After(patience):
			return errors.New("no wake came")
		}
	}
}
