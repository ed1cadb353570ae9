// Package idempotencytest is the contract of [idempotency.Store] as a suite: each
// clause is a case whose failure explains the rule that was broken.
package idempotencytest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/tandem-go/tandem/idempotency"
)

// patience is how long a case waits for what must come. It is no part of the
// contract: a store that is merely slow passes.
const patience = 20 * time.Second

// Open prepares an engine that is empty, and returns a function that opens one more
// store on it. What it opens it closes in the test's cleanup.
type Open func(t *testing.T) (store func() idempotency.Store)

// Exercise runs the suite. The cases run in parallel, each on an engine of its own.
func Exercise(t *testing.T, open Open) {
	for _, c := range clauses {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
			defer cancel()
			if err := c.check(ctx, open(t), patience); err != nil {
				t.Error(err)
			}
		})
	}
}

// clause is one rule of the contract and how to see that it holds.
type clause struct {
	name string
	rule string
	run  func(*rig)
}

// broken is the panic by which a case ends at the first thing that is wrong.
type broken struct{ what string }

// check returns an error that explains the rule, if it does not hold.
func (c clause) check(ctx context.Context, open func() idempotency.Store, patience time.Duration) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case broken:
			err = fmt.Errorf("%s\nthe rule: %s", p.what, c.rule)
		default:
			panic(p)
		}
	}()
	r := &rig{ctx: ctx, open: open, Store: open(), patience: patience}
	defer r.release()
	c.run(r)
	return nil
}

// rig is what a case works with: a first store, and more of them on demand.
type rig struct {
	idempotency.Store
	ctx      context.Context
	open     func() idempotency.Store
	patience time.Duration
	held     []idempotency.Attempt // to be given back, however the case ends
}

func (r *rig) release() {
	for _, a := range r.held {
		_ = a.Abandon(context.WithoutCancel(r.ctx)) // most have ended
	}
}

// failf ends the case. Only the case's own goroutine may call it.
func (r *rig) failf(format string, args ...any) {
	panic(broken{fmt.Sprintf(format, args...)})
}

func (r *rig) ok(err error, what string) {
	if err != nil {
		r.failf("%s: unexpected error: %v", what, err)
	}
}

func (r *rig) want(err, target error, what string) {
	if !errors.Is(err, target) {
		r.failf("%s: error is %v, want %v", what, err, target)
	}
}

// start is a call with a key of its own.
func start() idempotency.Start {
	return idempotency.Start{
		Key:     idempotency.Key{Principal: "issuer\x00alice", Operation: "place_order", Key: rand.Text()},
		Hash:    sha256.Sum256([]byte("the arguments")),
		KeepFor: time.Hour,
	}
}

// claim begins the call and insists that it is new.
func (r *rig) claim(s idempotency.Store, c idempotency.Start) idempotency.Attempt {
	b, err := s.Begin(r.ctx, c)
	r.ok(err, "Begin of a new key")
	if b.Attempt == nil {
		r.failf("Begin of a new key gives the result %q", b.Result)
	}
	r.held = append(r.held, b.Attempt)
	return b.Attempt
}

// done claims the call and finishes it.
func (r *rig) done(s idempotency.Store, c idempotency.Start, result string) {
	r.ok(r.claim(s, c).Finish(r.ctx, []byte(result)), "Finish")
}

// finds begins the call and insists on the result of an earlier try.
func (r *rig) finds(s idempotency.Store, c idempotency.Start, result string) {
	b, err := s.Begin(r.ctx, c)
	r.ok(err, "Begin of a finished key")
	if b.Attempt != nil {
		r.held = append(r.held, b.Attempt)
		r.failf("Begin of a finished key claims it again")
	}
	if string(b.Result) != result {
		r.failf("Begin of a finished key gives %q, want %q", b.Result, result)
	}
}

// eventually polls until the condition holds.
func (r *rig) eventually(what string, holds func() bool) {
	for deadline := time.Now().Add(r.patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.failf("it never came true that %s", what)
		}
	}
}
