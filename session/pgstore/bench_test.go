package pgstore_test

import (
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-go/tandem/internal/pgtest"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/pgstore"
)

// durable is a server as one is in production.
func durable(b *testing.B) string {
	s := pgtest.Start(b, "fsync=on", "full_page_writes=on", "shared_buffers=128MB")
	return s.Database(b)
}

var modes = []struct {
	name    string
	relaxed bool
}{{"on disk", false}, {"relaxed", true}}

// BenchmarkDeliver is the way of an event of 400 bytes from Append on one replica
// to a reader on another one, for so many streams at once. One alone has pauses, as
// those have that nobody waits behind.
func BenchmarkDeliver(b *testing.B) {
	url := durable(b)
	for _, mode := range modes {
		for _, streams := range []int{1, 32} {
			b.Run(mode.name+"/"+strconv.Itoa(streams), func(b *testing.B) {
				o := options(session.Limits{})
				o.Relaxed, o.PoolSize = mode.relaxed, 16
				deliver(b, open(b, url, o), open(b, url, o), streams)
			})
		}
	}
}

func deliver(b *testing.B, writer, reader *pgstore.Store, streams int) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var mu sync.Mutex
	var took []time.Duration
	var all sync.WaitGroup
	b.ResetTimer()
	for range streams {
		id := newSession(b, writer)
		all.Go(func() {
			mine := deliverOne(b, writer, reader, id, &left, streams == 1)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	all.Wait()
	report(b, took)
}

func deliverOne(b *testing.B, writer, reader *pgstore.Store, id string, left *atomic.Int64, alone bool) (took []time.Duration) {
	data := make([]byte, 400)
	wake := make(chan struct{}, 1)
	defer reader.Watch(id, session.Standing, wake)()
	for left.Add(-1) >= 0 {
		began := time.Now()
		n, err := writer.Append(b.Context(), session.Output{Session: id, Stream: session.Standing}, data)
		if err != nil {
			b.Error(err)
			return took
		}
		for last := uint64(0); last < n; {
			<-wake
			p, err := reader.Read(b.Context(), id, session.Standing, n-1, 16)
			if err != nil && p.Last >= n {
				b.Error(err)
				return took
			}
			last = p.Last
		}
		took = append(took, time.Since(began))
		if alone {
			time.Sleep(10 * time.Millisecond)
		}
	}
	return took
}

func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	for name, q := range map[string]float64{"p50-µs": 0.5, "p99-µs": 0.99} {
		b.ReportMetric(float64(took[int(q*float64(len(took)-1))].Microseconds()), name)
	}
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkAppend is the rate of Appends alone, of 32 streams at once.
func BenchmarkAppend(b *testing.B) {
	url := durable(b)
	for _, mode := range modes {
		b.Run(mode.name, func(b *testing.B) {
			o := options(session.Limits{})
			o.Relaxed, o.PoolSize = mode.relaxed, 16
			s := open(b, url, o)
			data := make([]byte, 400)
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				id := newSession(b, s)
				for pb.Next() {
					if _, err := s.Append(b.Context(), session.Output{Session: id, Stream: session.Standing}, data); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkCall is what the store does for a call: Begin, the answer, and its
// delivery, in as many sessions.
func BenchmarkCall(b *testing.B) {
	url := durable(b)
	for _, mode := range modes {
		for _, sessions := range []int{1, 32} {
			b.Run(mode.name+"/"+strconv.Itoa(sessions), func(b *testing.B) {
				o := options(session.Limits{})
				o.Relaxed, o.PoolSize = mode.relaxed, 16
				calls(b, open(b, url, o), sessions)
			})
		}
	}
}

func calls(b *testing.B, s *pgstore.Store, sessions int) {
	var left atomic.Int64
	left.Store(int64(b.N))
	data := make([]byte, 400)
	var all sync.WaitGroup
	b.ResetTimer()
	for range sessions {
		id := newSession(b, s)
		all.Go(func() {
			for i := left.Add(-1); i >= 0; i = left.Add(-1) {
				c := start(id, strconv.FormatInt(i, 10))
				_, err := s.Begin(b.Context(), c)
				if err == nil {
					_, err = s.Append(b.Context(), output(c, true), data)
				}
				if err == nil {
					_, err = s.Read(b.Context(), id, c.Stream, 0, 16)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
