package introspection_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/introspection"
)

// known answers that tokens which begin with g are good.
func known(token string) reply {
	if token[0] == 'g' {
		return active("")
	}
	return inactive
}

func from(t *testing.T, source string) context.Context {
	return auth.WithSource(t.Context(), source)
}

// A source that tries random tokens is soon refused without a question, and told
// when to try again; what it knew to be good remains so, and others notice nothing
// (security case 22).
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &authority{answer: known}
		v, _ := verifier(t, a, nil)
		bad := from(t, "198.51.100.1")
		if p, err := v.Verify(bad, "g-of-the-source"); kindOf(p, err) != "good" {
			t.Fatal(err)
		}
		counts := map[string]int{}
		var last error
		for i := range 1000 {
			p, err := v.Verify(bad, fmt.Sprint("random", i))
			counts[kindOf(p, err)]++
			last = err
		}
		if counts["401"] != 60 || counts["429"] != 940 {
			t.Errorf("got %v", counts)
		}
		asked(t, a, 61)
		if e, ok := errors.AsType[*tandem.Error](last); !ok || e.RetryAfter <= 0 || e.RetryAfter > time.Second {
			t.Errorf("got %#v", last)
		}
		for i := range 100 {
			if p, err := v.Verify(from(t, "192.0.2.1"), fmt.Sprint("g", i)); kindOf(p, err) != "good" {
				t.Errorf("another source: %v", err)
			}
		}
		if p, err := v.Verify(bad, "g-new"); kindOf(p, err) != "429" {
			t.Errorf("an unknown one of the source: %v, %v", p, err)
		}
		time.Sleep(31 * time.Second)
		for i := range 1000 {
			_, _ = v.Verify(bad, fmt.Sprint("again", i))
		}
		if p, err := v.Verify(bad, "g-of-the-source"); kindOf(p, err) != "good" {
			t.Errorf("a token that was good is not known any more: %v", err)
		}
	})
}

// The source's allowance comes back with time, and never exceeds its burst.
func TestFloodEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &authority{answer: known}
		v, _ := verifier(t, a, func(c *introspection.Config) { c.UnknownBurst, c.UnknownPerSecond = 3, 2 })
		round := func(round string, want int64) {
			t.Helper()
			before := a.questions.Load()
			for i := range 20 {
				_, _ = v.Verify(t.Context(), fmt.Sprint(round, i))
			}
			if got := a.questions.Load() - before; got != want {
				t.Errorf("%s: %d questions, want %d", round, got, want)
			}
		}
		round("a", 3)
		time.Sleep(time.Second)
		round("b", 2)
		time.Sleep(time.Hour)
		round("c", 3)
	})
}

// Any number of good tokens is no flood.
func TestGoodTokensAreNoFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &authority{answer: known}
		v, _ := verifier(t, a, func(c *introspection.Config) { c.UnknownBurst = 1 })
		for i := range 500 {
			ask(t, v, fmt.Sprint("g", i), "good")
		}
	})
}

// Questions in flight are bounded, those of one source to a quarter, so that a slow
// authorization server has room for the others.
func TestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &authority{answer: known, delay: 2 * time.Second}
		v, log := verifier(t, a, func(c *introspection.Config) { c.MaxInFlight, c.UnknownBurst = 8, 1000 })
		var wg sync.WaitGroup
		var mu sync.Mutex
		counts := map[string]int{}
		for i := range 50 {
			wg.Go(func() {
				p, err := v.Verify(from(t, "flood"), fmt.Sprint("random", i))
				mu.Lock()
				defer mu.Unlock()
				counts[kindOf(p, err)]++
			})
		}
		synctest.Wait()
		if got := a.inFlight.Load(); got != 2 {
			t.Errorf("%d of one source are in flight", got)
		}
		start := time.Now()
		if p, err := v.Verify(from(t, "other"), "g"); kindOf(p, err) != "good" || time.Since(start) != 2*time.Second {
			t.Errorf("another source waited %v: %v", time.Since(start), err)
		}
		wg.Wait()
		// Within the 5 s that one waits, three pairs get a place.
		if counts["401"] != 6 || counts["503"] != 44 {
			t.Errorf("got %v", counts)
		}
		if log.Len() > 0 {
			t.Errorf("the authorization server is blamed for the flood: %s", log)
		}
		for i := range 100 {
			wg.Go(func() { _, _ = v.Verify(from(t, fmt.Sprint("source", i)), fmt.Sprint("many", i)) })
		}
		wg.Wait()
		if got := a.most.Load(); got != 8 {
			t.Errorf("%d were in flight at once", got)
		}
		if got := a.inFlight.Load(); got != 0 {
			t.Errorf("%d are still in flight", got)
		}
		a.delay = 0
		if p, err := v.Verify(from(t, "flood"), "g-afterwards"); kindOf(p, err) != "good" {
			t.Errorf("a place was never given back: %v", err)
		}
	})
}

// A server that does not answer costs each caller the timeout, and no more.
func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := always(active(""))
		a.delay = time.Hour
		v, _ := verifier(t, a, func(c *introspection.Config) { c.Timeout = 3 * time.Second })
		start := time.Now()
		ask(t, v, "x", "503")
		if got := time.Since(start); got != 3*time.Second {
			t.Errorf("it took %v", got)
		}
	})
}

// A source that found no place among all has its own places afterwards.
func TestPlacesComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &authority{answer: known, delay: 4 * time.Second}
		v, _ := verifier(t, a, func(c *introspection.Config) { c.MaxInFlight, c.Timeout = 1, time.Second })
		for i := range 3 {
			var wg sync.WaitGroup
			wg.Go(func() { _, _ = v.Verify(from(t, "first"), fmt.Sprint("random", i)) }) // has the only place
			synctest.Wait()
			if p, err := v.Verify(from(t, "late"), "g"); kindOf(p, err) != "503" {
				t.Errorf("got %v, %v", p, err)
			}
			wg.Wait()
		}
		a.delay = 0
		if p, err := v.Verify(from(t, "late"), "g"); kindOf(p, err) != "good" {
			t.Errorf("a place was never given back: %v", err)
		}
	})
}
