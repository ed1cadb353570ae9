package apikey

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// database counts look-ups and answers after a while.
type database struct {
	takes   time.Duration
	asked   atomic.Int64
	running atomic.Int64
	most    atomic.Int64 // look-ups at the same time
	mu      sync.Mutex
	records map[string]*Record
	down    error
}

func (d *database) find(ctx context.Context, id string) (*Record, error) {
	d.asked.Add(1)
	d.most.Store(max(d.most.Load(), d.running.Add(1)))
	defer d.running.Add(-1)
	select {
	case <-time.After(d.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.down != nil {
		return nil, d.down
	}
	return d.records[id], nil
}

func (d *database) set(id string, r *Record) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.records[id] = r
}

func newDatabase(takes time.Duration) (*database, *cache) {
	d := &database{takes: takes, records: map[string]*Record{}}
	return d, newCache(d.find)
}

// However busy a key is, the database is asked once a second, and a key that does
// not exist is asked about no more often; what changes counts after a second.
func TestCacheAsksOncePerSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newDatabase(10 * time.Millisecond)
		d.set("a", &Record{ID: "a"})
		for range 100 {
			for _, id := range []string{"a", "none"} {
				if r, err := c.get(t.Context(), id); err != nil || (r != nil) != (id == "a") {
					t.Errorf("%s: %v, %v", id, r, err)
				}
			}
			time.Sleep(50 * time.Millisecond)
		}
		if n := d.asked.Load(); n > 2*6 {
			t.Errorf("asked %d times in five seconds", n)
		}
		d.set("a", &Record{ID: "a", Revoked: time.Now()})
		d.set("none", &Record{ID: "none"})
		time.Sleep(cacheTTL)
		if r, _ := c.get(t.Context(), "a"); r == nil || r.Revoked.IsZero() {
			t.Error("a revocation does not count after a second")
		}
		if r, _ := c.get(t.Context(), "none"); r == nil {
			t.Error("a new key does not count after a second")
		}
	})
}

// What the database said counts from when it was asked: a slow answer must not
// keep a revoked key good for longer.
func TestCacheCountsFromTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newDatabase(3 * time.Second)
		d.set("a", &Record{ID: "a"})
		for range 2 {
			if r, err := c.get(t.Context(), "a"); r == nil || err != nil {
				t.Errorf("got %v, %v", r, err)
			}
		}
		if n := d.asked.Load(); n != 2 {
			t.Errorf("asked %d times, want 2", n)
		}
	})
}

// Those who ask about one key at the same time share a question, which goes on
// although the one who caused it goes away.
func TestCacheSharesQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newDatabase(time.Second)
		d.set("a", &Record{ID: "a"})
		gone, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 100 {
			ctx := t.Context()
			if i == 0 {
				ctx = gone
			}
			all.Go(func() {
				if r, err := c.get(ctx, "a"); r == nil || err != nil {
					t.Errorf("got %v, %v", r, err)
				}
			})
			synctest.Wait()
		}
		leave()
		all.Wait()
		if n := d.asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}

		time.Sleep(time.Minute)
		all.Go(func() { _, _ = c.get(t.Context(), "a") })
		synctest.Wait()
		impatient, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		if _, err := c.get(impatient, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one who waits and goes away: %v", err)
		}
		all.Wait()
	})
}

// Without an answer there is no verdict, whatever the last one was, and as soon as
// there is one it counts.
func TestCacheFailsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newDatabase(0)
		d.set("a", &Record{ID: "a"})
		if r, err := c.get(t.Context(), "a"); r == nil || err != nil {
			t.Fatalf("got %v, %v", r, err)
		}
		time.Sleep(cacheTTL)
		d.down = errors.New("connection refused")
		for range 2 {
			if r, err := c.get(t.Context(), "a"); r != nil || !errors.Is(err, d.down) {
				t.Errorf("got %v, %v", r, err)
			}
		}
		d.down = nil
		if r, err := c.get(t.Context(), "a"); r == nil || err != nil {
			t.Errorf("got %v, %v", r, err)
		}
		d.takes = time.Hour
		time.Sleep(cacheTTL)
		before := time.Now()
		if r, err := c.get(t.Context(), "a"); r != nil || !errors.Is(err, context.DeadlineExceeded) || time.Since(before) > findTimeout {
			t.Errorf("a database that hangs: %v, %v after %v", r, err, time.Since(before))
		}
	})
}

// A flood of made-up keys leaves the database to others, the keys that are in use
// are served beside it, and nothing grows without bound.
func TestCacheUnderFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, c := newDatabase(100 * time.Millisecond)
		d.set("a", &Record{ID: "a"})
		if _, err := c.get(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		var flood sync.WaitGroup
		for i := range 10 * maxUnknown {
			flood.Go(func() { _, _ = c.get(t.Context(), fmt.Sprint("unknown", i)) })
		}
		synctest.Wait()
		if n := d.most.Load(); n != maxUnknown {
			t.Errorf("%d look-ups at the same time, want %d", n, maxUnknown)
		}
		time.Sleep(cacheTTL - 500*time.Millisecond)
		before := time.Now()
		if r, err := c.get(t.Context(), "a"); r == nil || err != nil || time.Since(before) > d.takes {
			t.Errorf("a known key during the flood: %v, %v after %v", r, err, time.Since(before))
		}
		flood.Wait()
	})

	d, c := newDatabase(0)
	d.set("a", &Record{ID: "a"})
	for i := range 3 * maxCached {
		if _, err := c.get(t.Context(), fmt.Sprint("unknown", i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(c.unknown.young) + len(c.unknown.old); n > maxCached || len(c.known.young) > 0 || len(c.flights) > 0 {
		t.Errorf("%d unknown keys are remembered", n)
	}
}

// A flood that the look-ups cannot keep up with ends without a verdict, after a
// time that is bounded.
func TestCacheBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := newDatabase(time.Hour)
		var all sync.WaitGroup
		start := time.Now()
		for i := range 3 * maxUnknown {
			all.Go(func() {
				if r, err := c.get(t.Context(), fmt.Sprint(i)); r != nil || err == nil {
					t.Errorf("got %v, %v", r, err)
				}
			})
		}
		all.Wait()
		if took := time.Since(start); took > findTimeout {
			t.Errorf("it took %v", took)
		}
	})
}

// A look-up that panics does not leave the others waiting.
func TestCachePanic(t *testing.T) {
	c := newCache(func(context.Context, string) (*Record, error) { panic("driver") })
	for range 2 {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is swallowed")
				}
			}()
			_, _ = c.get(t.Context(), "a")
		}()
	}
}
