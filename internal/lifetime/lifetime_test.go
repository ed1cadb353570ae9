package lifetime

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem"
)

const every = 15 * time.Second

// watched runs a watch in a bubble of fake time for as long, and returns when it
// ended, with what; zero for not at all.
func watched(t *testing.T, expires time.Duration, reverify func(context.Context) error, as long) (after time.Duration, got *tandem.Error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		p := &tandem.Principal{Issuer: "i", Subject: "s"}
		if expires != 0 {
			p.Expires = start.Add(expires)
		}
		ctx := tandem.WithPrincipal(t.Context(), p)
		if reverify != nil {
			ctx = tandem.WithReverify(ctx, reverify)
		}
		var ends atomic.Int32
		stop := Watch(ctx, every, func(e *tandem.Error) {
			ends.Add(1)
			after, got = time.Since(start), e
		})
		time.Sleep(time.Duration(as))
		synctest.Wait()
		stop()
		if ends.Load() > 1 {
			t.Errorf("it ended %d times", ends.Load())
		}
	})
	return after, got
}

type long time.Duration

// Security 27: what outlives its request ends when the credentials expire, at the
// first check that finds them revoked, and when nobody has been able to say for too
// long; and not before.
func TestWatch(t *testing.T) {
	down := func() error { return tandem.Errorf(tandem.Unavailable, "the issuer is down") }
	for name, c := range map[string]struct {
		expires  time.Duration
		reverify func(check int) error
		after    time.Duration // zero for never
		code     tandem.Code
	}{
		"neither":            {0, nil, 0, 0},
		"expires":            {20 * time.Second, nil, 20 * time.Second, tandem.Unauthenticated},
		"has expired":        {-time.Second, nil, time.Nanosecond, tandem.Unauthenticated},
		"expires late":       {2 * time.Hour, nil, 0, 0},
		"stays good":         {0, func(int) error { return nil }, 0, 0},
		"is revoked":         {0, func(n int) error { return refusedFrom(3, n) }, 3 * every, tandem.Unauthenticated},
		"revoked and expiry": {time.Hour - time.Minute, func(n int) error { return refusedFrom(3, n) }, 3 * every, tandem.Unauthenticated},
		"nobody knows":       {0, func(int) error { return down() }, (MaxUnknown + 1) * every, tandem.Unavailable},
		"a plain error":      {0, func(int) error { return errors.New("revoked") }, every, tandem.Unauthenticated},
		"a long outage passes": {0, func(n int) error {
			if n%(MaxUnknown+1) != 0 {
				return down()
			}
			return nil
		}, 0, 0},
		"expires in an outage":    {time.Minute, func(int) error { return down() }, time.Minute, tandem.Unauthenticated},
		"revoked after an outage": {0, func(n int) error { return errors.Join(refusedFrom(5, n), unless(n >= 5, down())) }, 5 * every, tandem.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			var reverify func(context.Context) error
			if c.reverify != nil {
				checks := 0
				reverify = func(context.Context) error { checks++; return c.reverify(checks) }
			}
			after, e := watched(t, c.expires, reverify, long(time.Hour))
			if c.after == time.Nanosecond { // at once
				after = max(after, time.Nanosecond)
			}
			if after != c.after || (e == nil) != (c.code == 0) || e != nil && e.Code != c.code {
				t.Errorf("it ended after %v with %v, want %v with %v", after, e, c.after, c.code)
			}
		})
	}
}

func refusedFrom(check, n int) error {
	if n < check {
		return nil
	}
	return tandem.Errorf(tandem.Unauthenticated, "revoked")
}

func unless(done bool, err error) error {
	if done {
		return nil
	}
	return err
}

// A verifier that does not answer is asked no sooner again, is no verdict, and the
// end of the request ends the watch.
func TestWatchOfStuckVerifier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		asking, asked := 0, 0
		ctx = tandem.WithReverify(ctx, func(ctx context.Context) error {
			asking++
			asked++
			defer func() { asking-- }()
			if asking > 1 {
				t.Error("two checks at a time")
			}
			<-ctx.Done()
			return fmt.Errorf("ask the issuer: %w", ctx.Err())
		})
		Watch(ctx, every, func(e *tandem.Error) { t.Errorf("it ended: %v", e) })
		time.Sleep(10 * every)
		synctest.Wait()
		if asked != 5 {
			t.Errorf("asked %d times, want every other interval", asked)
		}
		cancel()
		time.Sleep(100 * every)
	})
}

// After stop nothing ends.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := tandem.WithPrincipal(t.Context(), &tandem.Principal{Expires: time.Now().Add(time.Minute)})
		stop := Watch(ctx, every, func(e *tandem.Error) { t.Errorf("it ended: %v", e) })
		time.Sleep(50 * time.Second)
		stop()
		stop()
		time.Sleep(time.Hour)
	})
}
