package session_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/tandem-go/tandem/session"
)

// names are made before the clock runs: the door makes them, not the store.
func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = strconv.Itoa(i)
	}
	return all
}

func engine(b *testing.B, sessions []string) *session.Memory {
	m := session.NewMemory(session.MemoryConfig{Limits: session.Limits{SessionsPerPrincipal: len(sessions)}})
	for _, id := range sessions {
		if err := m.Create(context.Background(), session.Record{ID: id, Transport: session.Streamable}); err != nil {
			b.Fatal(err)
		}
	}
	return m
}

// roundTrip is what the store does for one call: begin, the answer, its delivery.
func roundTrip(m *session.Memory, id, call string, data []byte) error {
	ctx := context.Background()
	c := session.CallStart{Session: id, Stream: call, Call: call, Owner: call}
	if _, err := m.Begin(ctx, c); err != nil {
		return err
	}
	if _, err := m.Append(ctx, session.Output{Session: id, Call: call, Owner: call, Final: true}, data); err != nil {
		return err
	}
	_, err := m.Read(ctx, id, call, 0, 16)
	return err
}

func BenchmarkCall(b *testing.B) {
	calls, data := names(1<<12), make([]byte, 400)
	m := engine(b, []string{"s"})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if err := roundTrip(m, "s", calls[i%len(calls)], data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCallParallel(b *testing.B) {
	calls, sessions, data := names(1<<12), names(1<<10), make([]byte, 400)
	m := engine(b, sessions)
	b.ReportAllocs()
	var workers atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		id := sessions[workers.Add(1)]
		for i := 0; pb.Next(); i++ {
			if err := roundTrip(m, id, calls[i%len(calls)], data); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkDeliver is the way of one event to a reader in another goroutine.
func BenchmarkDeliver(b *testing.B) {
	ctx, data := context.Background(), make([]byte, 400)
	m := engine(b, []string{"s"})
	wake, seen := make(chan struct{}, 1), make(chan uint64)
	defer m.Watch("s", session.Standing, wake)()
	go func() {
		var after uint64
		for range wake {
			p, _ := m.Read(ctx, "s", session.Standing, after, 16)
			after = p.Last
			seen <- after
		}
	}()
	defer close(wake)
	b.ReportAllocs()
	for b.Loop() {
		n, err := m.Append(ctx, session.Output{Session: "s", Stream: session.Standing}, data)
		if err != nil || <-seen != n {
			b.Fatal("the event was not delivered", err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	ctx, m := context.Background(), engine(b, []string{"s"})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Load(ctx, "s"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSweep10k(b *testing.B) {
	ctx, m := context.Background(), engine(b, names(10_000))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Sweep(ctx); err != nil {
			b.Fatal(err)
		}
	}
}
