package idempotencytest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-go/tandem/idempotency"
)

var clauses = []clause{{
	name: "result",
	rule: "After Finish, Begin gives the result, byte for byte, on every store of the engine.",
	run: func(r *rig) {
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		for _, result := range []string{string(all), "", string(make([]byte, 100_000))} {
			c := start()
			r.done(r.Store, c, result)
			r.finds(r.Store, c, result)
			r.finds(r.open(), c, result)
		}
	},
}, {
	name: "key",
	rule: "Principal, operation and key all tell calls apart, wherever one ends and the next begins.",
	run: func(r *rig) {
		c := start()
		r.done(r.Store, c, "first")
		for _, change := range []func(*idempotency.Key){
			func(k *idempotency.Key) { k.Principal = "issuer\x00bob" },
			func(k *idempotency.Key) { k.Principal = "" },
			func(k *idempotency.Key) { k.Operation = "cancel_order" },
			func(k *idempotency.Key) { k.Key += "x" },
			func(k *idempotency.Key) { k.Operation, k.Key = k.Operation+k.Key[:1], k.Key[1:] },
			func(k *idempotency.Key) { k.Principal, k.Operation = k.Principal+k.Operation[:1], k.Operation[1:] },
		} {
			other := c
			change(&other.Key)
			r.done(r.Store, other, "another")
		}
		r.finds(r.Store, c, "first")
	},
}, {
	name: "reused",
	rule: "A finished key with another Hash is ErrReused, and its result stays.",
	run: func(r *rig) {
		c := start()
		r.done(r.Store, c, "result")
		forged := c
		forged.Hash[0]++
		for _, s := range []idempotency.Store{r.Store, r.open()} {
			_, err := s.Begin(r.ctx, forged)
			r.want(err, idempotency.ErrReused, "Begin with other arguments")
		}
		r.finds(r.Store, c, "result")
	},
}, {
	name: "in_flight",
	rule: "While a key is in flight another Begin is ErrInFlight, or waits and gets the result.",
	run: func(r *rig) {
		for _, s := range []idempotency.Store{r.Store, r.open()} {
			c := start()
			a := r.claim(r.Store, c)
			second := make(chan error, 1)
			go func() { second <- finds(r.ctx, s, c, "result") }()
			select {
			case err := <-second:
				r.want(err, idempotency.ErrInFlight, "Begin while the key is in flight")
				r.ok(a.Finish(r.ctx, []byte("result")), "Finish")
			case <-time.After(r.patience / 40):
				r.ok(a.Finish(r.ctx, []byte("result")), "Finish")
				r.ok(<-second, "Begin that waited")
			}
			r.finds(s, c, "result")
		}
	},
}, {
	name: "race",
	rule: "Of concurrent Begins with one key at most one at a time gets an Attempt, and after its Finish none.",
	run:  race,
}, {
	name: "abandon",
	rule: "After Abandon the key is new, for other arguments too; a second Abandon does nothing.",
	run: func(r *rig) {
		c := start()
		a := r.claim(r.Store, c)
		r.ok(a.Abandon(r.ctx), "Abandon")
		r.ok(a.Abandon(r.ctx), "second Abandon")
		c.Hash[0]++
		r.done(r.open(), c, "result")
		r.ok(a.Abandon(r.ctx), "Abandon long after the end")
		r.finds(r.Store, c, "result")
	},
}, {
	name: "finish_once",
	rule: "An attempt ends once: Finish after Finish or after Abandon fails and changes nothing, Abandon after Finish does nothing.",
	run: func(r *rig) {
		c := start()
		a := r.claim(r.Store, c)
		r.ok(a.Finish(r.ctx, []byte("first")), "Finish")
		if a.Finish(r.ctx, []byte("second")) == nil {
			r.failf("a second Finish succeeds")
		}
		r.ok(a.Abandon(r.ctx), "Abandon after Finish")
		r.finds(r.Store, c, "first")

		c = start()
		a = r.claim(r.Store, c)
		r.ok(a.Abandon(r.ctx), "Abandon")
		if a.Finish(r.ctx, []byte("late")) == nil {
			r.failf("Finish after Abandon succeeds")
		}
		r.done(r.Store, c, "result")
		r.finds(r.Store, c, "result")
	},
}, {
	name: "keep_for",
	rule: "A result is kept for KeepFor; then the key is new, even if nobody has swept.",
	run: func(r *rig) {
		c := start()
		c.KeepFor = 300 * time.Millisecond
		a := r.claim(r.Store, c)
		before := time.Now()
		r.ok(a.Finish(r.ctx, []byte("old")), "Finish")
		b, err := r.Begin(r.ctx, c)
		if b.Attempt != nil {
			r.held = append(r.held, b.Attempt)
		}
		if time.Since(before) < c.KeepFor {
			r.ok(err, "Begin right after Finish")
			if string(b.Result) != "old" {
				r.failf("right after Finish the result is %q", b.Result)
			}
		}
		r.eventually("the key is new after KeepFor", func() bool {
			b, err := r.Begin(r.ctx, c)
			r.ok(err, "Begin")
			if b.Attempt == nil {
				return false
			}
			r.held = append(r.held, b.Attempt)
			r.ok(b.Attempt.Finish(r.ctx, []byte("new")), "Finish")
			return true
		})
	},
}, {
	name: "sweep",
	rule: "Sweep forgets results that have been kept for long enough, and no others, and says how many.",
	run: func(r *rig) {
		kept, running := start(), start()
		r.done(r.Store, kept, "kept")
		for range 3 {
			c := start()
			c.KeepFor = time.Millisecond
			r.done(r.Store, c, "old")
		}
		n := 0
		r.eventually("three results are swept", func() bool {
			swept, err := r.Sweep(r.ctx)
			r.ok(err, "Sweep")
			n += swept
			return n >= 3
		})
		a := r.claim(r.Store, running)
		if swept, err := r.Sweep(r.ctx); err == nil { // it may wait for the attempt, in vain
			n += swept
		}
		if n != 3 {
			r.failf("Sweep forgot %d results, want 3", n)
		}
		r.finds(r.Store, kept, "kept")
		r.ok(a.Finish(r.ctx, []byte("result")), "Finish after a Sweep")
		r.finds(r.Store, running, "result")
	},
}, {
	name: "context",
	rule: "Begin and Sweep heed their context; an attempt outlives that of its Begin.",
	run: func(r *rig) {
		ctx, cancel := context.WithCancel(r.ctx)
		c := start()
		b, err := r.Begin(ctx, c)
		r.ok(err, "Begin")
		r.held = append(r.held, b.Attempt)
		cancel()
		_, err = r.Begin(ctx, start())
		r.want(err, context.Canceled, "Begin")
		_, err = r.Sweep(ctx)
		r.want(err, context.Canceled, "Sweep")
		r.ok(b.Attempt.Finish(r.ctx, []byte("result")), "Finish after the end of Begin's context")
		r.finds(r.Store, c, "result")
	},
}}

// finds begins the call and returns why it did not give the result.
func finds(ctx context.Context, s idempotency.Store, c idempotency.Start, result string) error {
	b, err := s.Begin(ctx, c)
	switch {
	case err != nil:
		return err
	case b.Attempt != nil:
		return errors.Join(errors.New("a second Begin claims the key"), b.Attempt.Abandon(ctx))
	case string(b.Result) != result:
		return fmt.Errorf("the result is %q", b.Result)
	}
	return nil
}

// race has tries on two stores, some of which fail.
func race(r *rig) {
	stores := []idempotency.Store{r.Store, r.open()}
	c := start()
	const tries = 16
	var running, finished atomic.Int64
	errs := make([]error, tries)
	var all sync.WaitGroup
	for i := range tries {
		all.Go(func() { errs[i] = try(r, stores[i%2], c, i%4 != 0, &running, &finished) })
	}
	all.Wait()
	r.ok(errors.Join(errs...), "a try")
	if n := finished.Load(); n != 1 {
		r.failf("%d tries of one call were carried out to the end", n)
	}
}

// try goes on until there is a result, its own or another's.
func try(r *rig, s idempotency.Store, c idempotency.Start, succeeds bool, running, finished *atomic.Int64) error {
	for deadline := time.Now().Add(r.patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		b, err := s.Begin(r.ctx, c)
		switch {
		case errors.Is(err, idempotency.ErrInFlight):
			continue
		case err != nil:
			return err
		case b.Attempt == nil:
			return nil
		}
		if running.Add(1) > 1 {
			err = errors.New("two attempts have the key at a time")
		}
		time.Sleep(time.Millisecond)
		running.Add(-1)
		if succeeds {
			finished.Add(1)
			return errors.Join(err, b.Attempt.Finish(r.ctx, []byte("result")))
		}
		succeeds = true
		if err = errors.Join(err, b.Attempt.Abandon(r.ctx)); err != nil {
			return err
		}
	}
	return errors.New("the key stays in flight")
}
