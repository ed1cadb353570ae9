package introspection_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem/auth/introspection"
)

// ask verifies the token and compares the kind of the verdict.
func ask(t *testing.T, v *introspection.Verifier, token, want string) {
	t.Helper()
	if p, err := v.Verify(t.Context(), token); kindOf(p, err) != want {
		t.Errorf("%s: got %s (%v), want %s", token, kindOf(p, err), err, want)
	}
}

func asked(t *testing.T, a *authority, want int64) {
	t.Helper()
	if got := a.questions.Load(); got != want {
		t.Errorf("it was asked %d times, want %d", got, want)
	}
}

// A verdict is remembered for its time and not longer: a revoked token is refused
// from then on (security case 21), and a refused one that became good is taken.
func TestRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := always(active(""))
		v, _ := verifier(t, a, nil)
		ask(t, v, "x", "good")
		a.answer = func(string) reply { return inactive } // revoked
		time.Sleep(30*time.Second - time.Nanosecond)
		ask(t, v, "x", "good")
		asked(t, a, 1)
		time.Sleep(time.Nanosecond)
		ask(t, v, "x", "401")
		asked(t, a, 2)
		a.answer = func(string) reply { return active("") }
		time.Sleep(10*time.Second - time.Nanosecond)
		ask(t, v, "x", "401")
		asked(t, a, 2)
		time.Sleep(time.Nanosecond)
		ask(t, v, "x", "good")
		ask(t, v, "y", "good")
		asked(t, a, 4)
	})
}

// A verdict holds from when it was asked for: a slow answer does not make a
// revocation count later.
func TestRememberedFromTheQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := always(active(""))
		a.delay = 4 * time.Second
		v, _ := verifier(t, a, nil)
		ask(t, v, "x", "good")
		a.answer = func(string) reply { return inactive }
		time.Sleep(26 * time.Second)
		ask(t, v, "x", "401")
	})
}

// A good verdict does not outlast the token.
func TestRememberedUntilExp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		exp := time.Now().Add(5 * time.Second).Unix()
		a := always(active(fmt.Sprintf(`,"exp":%d`, exp)))
		v, _ := verifier(t, a, nil)
		ask(t, v, "x", "good")
		a.answer = func(string) reply { return inactive }
		time.Sleep(4 * time.Second)
		ask(t, v, "x", "good")
		time.Sleep(time.Second)
		ask(t, v, "x", "401")
	})
}

// Once a verdict has run out, an outage means no verdict, however good the token
// was; and an outage is not remembered (security cases 20 and 21).
func TestNoStaleIfError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := always(active(""))
		v, _ := verifier(t, a, nil)
		ask(t, v, "x", "good")
		a.answer = func(string) reply { return reply{err: errRefused} }
		ask(t, v, "x", "good")
		time.Sleep(30 * time.Second)
		ask(t, v, "x", "503")
		ask(t, v, "x", "503")
		asked(t, a, 3)
		a.answer = func(string) reply { return active("") }
		ask(t, v, "x", "good")
	})
}

// Those who ask about one token at the same time share a question, and get the
// verdict although the one who caused it went away.
func TestSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := always(active(""))
		a.delay = time.Second
		v, _ := verifier(t, a, nil)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = v.Verify(ctx, "x") })
		synctest.Wait()
		for range 100 {
			wg.Go(func() { ask(t, v, "x", "good") })
		}
		synctest.Wait()
		cancel()
		wg.Wait()
		asked(t, a, 1)
	})
}

// Whoever waits for another's question may give up.
func TestWaitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := always(active(""))
		a.delay = time.Second
		v, _ := verifier(t, a, nil)
		var wg sync.WaitGroup
		wg.Go(func() { ask(t, v, "x", "good") })
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if p, err := v.Verify(ctx, "x"); p != nil || err != context.Canceled {
			t.Errorf("got %v, %v", p, err)
		}
		wg.Wait()
	})
}

// What is remembered is bounded, and refused tokens do not push out good ones.
func TestBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &authority{answer: func(token string) reply {
			if token[0] == 'g' {
				return active("")
			}
			return inactive
		}}
		v, _ := verifier(t, a, func(c *introspection.Config) { c.MaxEntries, c.UnknownBurst = 2, 1000 })
		ask(t, v, "g1", "good")
		ask(t, v, "g2", "good")
		for i := range 100 {
			ask(t, v, fmt.Sprint("b", i), "401")
		}
		asked(t, a, 102)
		ask(t, v, "g1", "good")
		asked(t, a, 102)
		ask(t, v, "g3", "good") // pushes out g2, which was not used for longest
		ask(t, v, "g1", "good")
		asked(t, a, 103)
		ask(t, v, "g2", "good")
		asked(t, a, 104)
	})
}

// A storm of revocations beside valid traffic: from CacheTTL after its revocation
// on no token is taken by anybody, and no valid one is ever refused.
func TestStormOfRevocations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tokens, callers = 40, 8
		var revoked sync.Map // token → when
		a := &authority{delay: 5 * time.Millisecond, answer: func(token string) reply {
			if _, is := revoked.Load(token); is {
				return inactive
			}
			return active("")
		}}
		v, _ := verifier(t, a, func(c *introspection.Config) { c.CacheTTL, c.UnknownBurst = time.Second, 1000 })
		end := time.Now().Add(5 * time.Second)
		var wg sync.WaitGroup
		wg.Go(func() {
			for i := range tokens / 2 { // the other half remains good
				time.Sleep(100 * time.Millisecond)
				revoked.Store(fmt.Sprint("t", i), time.Now())
			}
		})
		for caller := range callers {
			wg.Go(func() {
				for i := caller; time.Now().Before(end); i++ {
					token := fmt.Sprint("t", i%tokens)
					p, err := v.Verify(t.Context(), token)
					at, is := revoked.Load(token)
					got := kindOf(p, err)
					switch {
					case got == "good" && is && time.Since(at.(time.Time)) > time.Second+5*time.Millisecond:
						t.Errorf("%s is good %v after its revocation", token, time.Since(at.(time.Time)))
					case got != "good" && !(got == "401" && is):
						t.Errorf("%s: got %s, revoked %v: %v", token, got, is, err)
					}
					time.Sleep(time.Millisecond)
				}
			})
		}
		wg.Wait()
	})
}
