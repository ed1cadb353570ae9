package redisstore_test

import (
	"context"
	"crypto/rand"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-go/tandem/internal/redistest"
	"github.com/tandem-go/tandem/session"
)

var payload = make([]byte, 400)

// reader follows a session's standing stream on a replica, by wakes alone.
type reader struct {
	store  session.Store
	id     string
	wake   chan struct{}
	after  uint64
	events chan uint64 // the number that was reached
}

func (r *reader) run(ctx context.Context) {
	defer close(r.events)
	for {
		select {
		case <-r.wake:
		case <-ctx.Done():
			return
		}
		p, err := r.store.Read(ctx, r.id, session.Standing, r.after, 64)
		if err != nil {
			return
		}
		if len(p.Events) > 0 {
			r.after = p.Events[len(p.Events)-1].N
			select {
			case r.events <- r.after:
			case <-ctx.Done():
				return
			}
		}
	}
}

// BenchmarkDeliver is the way of one event from a replica to a reader on another
// one: append, wake, read. Percentiles are of that way; the rate is of all pairs.
func BenchmarkDeliver(b *testing.B) {
	url := redistest.Start(b, "--appendfsync", "everysec").URL()
	for _, pairs := range []int{1, 8, 32} {
		b.Run("pairs="+strconv.Itoa(pairs), func(b *testing.B) { deliver(b, url, pairs) })
	}
}

func deliver(b *testing.B, url string, pairs int) {
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	o := options()
	o.PoolSize = 64
	writer, remote := open(b, url, o), open(b, url, o)
	readers := make([]*reader, pairs)
	for i := range readers {
		r := &reader{store: remote, id: create(b, writer), wake: make(chan struct{}, 1), events: make(chan uint64)}
		defer remote.Watch(r.id, session.Standing, r.wake)()
		go r.run(ctx)
		readers[i] = r
	}
	took := make([][]time.Duration, pairs)
	var next atomic.Int64
	done := make(chan struct{}, pairs)
	b.ResetTimer()
	for i, r := range readers {
		go func() {
			defer func() { done <- struct{}{} }()
			for next.Add(1) <= int64(b.N) {
				began := time.Now()
				n, err := writer.Append(ctx, session.Output{Session: r.id, Stream: session.Standing}, payload)
				if err != nil {
					b.Error(err)
					return
				}
				for reached := range r.events {
					if reached >= n {
						break
					}
				}
				took[i] = append(took[i], time.Since(began))
			}
		}()
	}
	for range readers {
		<-done
	}
	b.StopTimer()
	all := slices.Concat(took...)
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
	b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkCall is what the store does for one call: begin, answer, read.
func BenchmarkCall(b *testing.B) {
	s := open(b, redistest.Start(b, "--appendfsync", "everysec").URL(), options())
	b.SetParallelism(16)
	var workers atomic.Int64
	ids := make([]string, 64)
	for i := range ids {
		ids[i] = create(b, s)
	}
	b.RunParallel(func(pb *testing.PB) {
		id := ids[int(workers.Add(1))%len(ids)]
		for pb.Next() {
			c := start(id, rand.Text())
			if _, err := s.Begin(b.Context(), c); err != nil {
				b.Error(err)
				return
			}
			if _, err := s.Append(b.Context(), output(c, true), payload); err != nil {
				b.Error(err)
				return
			}
			if _, err := s.Read(b.Context(), id, c.Stream, 0, 9); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// BenchmarkAppend is the rate at which one replica appends to many sessions.
func BenchmarkAppend(b *testing.B) {
	s := open(b, redistest.Start(b, "--appendfsync", "everysec").URL(), options())
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		id := create(b, s)
		for pb.Next() {
			if _, err := s.Append(b.Context(), session.Output{Session: id, Stream: session.Standing}, payload); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

// BenchmarkSweep is a round over ten thousand sessions.
func BenchmarkSweep(b *testing.B) {
	o := options()
	o.Limits.SessionsPerPrincipal = 10_000
	s := open(b, redistest.Start(b).URL(), o)
	for range 10_000 {
		create(b, s)
	}
	b.ResetTimer()
	for range b.N {
		if _, err := s.Sweep(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
