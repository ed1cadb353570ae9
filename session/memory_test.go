package session_test

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/sessiontest"
)

// The in-memory driver keeps the contract that all drivers keep.
func TestMemoryContract(t *testing.T) {
	sessiontest.Exercise(t, func(t *testing.T, l session.Limits) func() session.Store {
		first := session.NewMemory(session.MemoryConfig{Limits: l})
		return func() session.Store {
			m := first.Join()
			t.Cleanup(func() { m.Close() })
			return m
		}
	})
}

func open(t *testing.T, l session.Limits) *session.Memory {
	m := session.NewMemory(session.MemoryConfig{Limits: l})
	t.Cleanup(func() { m.Close() })
	if err := m.Create(t.Context(), session.Record{ID: "s", Transport: session.Streamable}); err != nil {
		t.Fatal(err)
	}
	return m
}

// answer runs a call that sends one message.
func answer(t testing.TB, m *session.Memory, call string, data []byte) {
	t.Helper()
	c := session.CallStart{Session: "s", Stream: call, Call: call, Owner: "o" + call}
	if b, err := m.Begin(t.Context(), c); err != nil || b.Outcome != session.New {
		t.Fatalf("Begin of call %s: %v, %v", call, b.Outcome, err)
	}
	if _, err := m.Append(t.Context(), session.Output{Session: "s", Call: call, Owner: c.Owner, Final: true}, data); err != nil {
		t.Fatalf("Append: %v", err)
	}
}

// A tailer that is slow finds its answer, whatever other calls finish
// meanwhile; once it has gone, its call is forgotten like any other.
func TestWatchedCallIsKept(t *testing.T) {
	m := open(t, session.Limits{KeepCalls: 2, KeepBytes: 100})
	stop := m.Watch("s", "slow", make(chan struct{}, 1))
	answer(t, m, "slow", []byte("awaited"))
	for i := range 10 {
		answer(t, m, strconv.Itoa(i), make([]byte, 60))
	}
	p, err := m.Read(t.Context(), "s", "slow", 0, 9)
	if err != nil || len(p.Events) != 1 || string(p.Events[0].Data) != "awaited" {
		t.Fatalf("the watched call's stream reads as %+v, %v", p, err)
	}
	stop()
	answer(t, m, "last", nil)
	if _, err := m.Read(t.Context(), "s", "slow", 1, 9); !errors.Is(err, session.ErrTrimmed) {
		t.Errorf("a call that nobody watches any more is kept: %v", err)
	}
}

// A session without a client ends at IdleAfter to the instant, and its
// finished calls at KeepFor: the driver's clock is time.Now.
func TestMemoryClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := open(t, session.Limits{KeepFor: time.Minute, IdleAfter: time.Hour})
		answer(t, m, "1", nil)
		steps := []struct {
			after    time.Duration
			calls    error // of Read from 1
			sessions int
		}{
			{time.Minute - 1, nil, 1},
			{1, session.ErrTrimmed, 1},
			{59*time.Minute - 1, session.ErrTrimmed, 1},
			{1, session.ErrNotFound, 0},
		}
		for _, s := range steps {
			time.Sleep(s.after)
			if _, err := m.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := m.Read(t.Context(), "s", "1", 1, 9); !errors.Is(err, s.calls) {
				t.Errorf("Read is %v, want %v", err, s.calls)
			}
			if m.Sessions() != s.sessions {
				t.Errorf("%d sessions, want %d", m.Sessions(), s.sessions)
			}
		}
	})
}

// What a session keeps is bounded, whatever runs through it: trimmed events
// and forgotten calls are given back to the collector.
func TestMemoryIsBounded(t *testing.T) {
	m := open(t, session.Limits{StreamBytes: 1 << 20, KeepBytes: 1 << 20})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 200 {
		answer(t, m, strconv.Itoa(i), make([]byte, 1<<20))
		if _, err := m.Append(t.Context(), session.Output{Session: "s", Stream: session.Standing}, make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("400 MiB through a session that keeps 2 MiB left %d MiB on the heap", grown>>20)
	}
	runtime.KeepAlive(m)
}

// A wrong limit stops the program at its start, and is named.
func TestNewMemoryPanics(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "Limits.KeepFor") {
			t.Errorf("the panic does not name the limit: %s", got)
		}
	}()
	session.NewMemory(session.MemoryConfig{Limits: session.Limits{KeepFor: -1}})
}

// Everything at once on few sessions: what is promised of each call holds
// while sessions come and go. For the race detector.
func TestMemoryStress(t *testing.T) {
	first := session.NewMemory(session.MemoryConfig{Limits: session.Limits{KeepCalls: 4, StreamEvents: 8, IdleAfter: time.Nanosecond}})
	var wg sync.WaitGroup
	for w := range 8 {
		m := first.Join()
		defer m.Close()
		wg.Go(func() {
			for i := range 300 {
				stress(t, m, "s"+strconv.Itoa(i%3), fmt.Sprint(w, ".", i))
			}
		})
	}
	wg.Wait()
}

// stress may meet a session that has just ended or is full, and nothing else.
func stress(t *testing.T, m *session.Memory, id, call string) {
	ctx := t.Context()
	allow := func(what string, err error) {
		for _, e := range []error{nil, session.ErrNotFound, session.ErrExists, session.ErrTooMany, session.ErrTrimmed, session.ErrNotRunning} {
			if errors.Is(err, e) {
				return
			}
		}
		t.Errorf("%s: %v", what, err)
	}
	allow("Create", m.Create(ctx, session.Record{ID: id, Transport: session.SSE}))
	wake := make(chan struct{}, 1)
	defer m.Watch(id, call, wake)()
	defer m.Listen(func(session.Signal) {})()
	_, err := m.Begin(ctx, session.CallStart{Session: id, Stream: call, Call: call, Owner: call})
	allow("Begin", err)
	began := err == nil
	allow("Update", m.Update(ctx, id, func(r *session.Record) error { r.LogLevel = call; return nil }))
	allow("Notify", m.Notify(ctx, session.Signal{Session: id, Call: call}))
	_, err = m.Append(ctx, session.Output{Session: id, Stream: session.Standing}, []byte(call))
	allow("Append", err)
	if began {
		_, err = m.Append(ctx, session.Output{Session: id, Call: call, Owner: call, Final: true}, []byte(call))
		if !errors.Is(err, session.ErrFenced) { // of a session that was deleted and created again
			allow("final Append", err)
		}
	}
	p, err := m.Read(ctx, id, session.Standing, 0, 100)
	allow("Read", err)
	for _, e := range p.Events {
		_ = e.Data[0]
	}
	_, err = m.Sweep(ctx)
	allow("Sweep", err)
	if len(call)%5 == 0 {
		allow("Delete", m.Delete(ctx, id))
	}
}
