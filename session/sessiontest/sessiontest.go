// Package sessiontest is the contract of [session.Store] as a suite: each
// clause is a case whose failure explains the rule that was broken.
//
//	func TestContract(t *testing.T) {
//		sessiontest.Exercise(t, func(t *testing.T, l session.Limits) func() session.Store {
//			first := session.NewMemory(session.MemoryConfig{Limits: l})
//			return func() session.Store { return first.Join() }
//		})
//	}
package sessiontest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tandem-go/tandem/session"
)

// patience is how long a case waits for what must come. It is no part of the
// contract: a driver that is merely slow passes.
const patience = 20 * time.Second

// Open prepares an engine that is empty and has the limits, and returns a
// function that opens one more replica of it. What it opens it closes in the
// test's cleanup; a case may have closed a replica before.
type Open func(t *testing.T, l session.Limits) (replica func() session.Store)

// Exercise runs the suite. The cases run in parallel, each on an engine of its
// own.
func Exercise(t *testing.T, open Open) {
	for _, c := range clauses() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
			defer cancel()
			if err := c.check(ctx, open(t, c.limits), patience); err != nil {
				t.Error(err)
			}
		})
	}
}

// clause is one rule of the contract and how to see that it holds.
type clause struct {
	name   string
	rule   string
	limits session.Limits
	run    func(*rig)
}

// clauses returns the whole contract.
func clauses() []clause {
	return slices.Concat(recordClauses, idleClauses, beginClauses, appendClauses,
		takeClauses, readClauses, retentionClauses, watchClauses, signalClauses)
}

// broken is the panic by which a case ends at the first thing that is wrong.
type broken struct{ what string }

// check returns an error that explains the rule, if it does not hold.
func (c clause) check(ctx context.Context, replica func() session.Store, patience time.Duration) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case broken:
			err = fmt.Errorf("%s\nthe rule: %s", p.what, c.rule)
		default:
			panic(p)
		}
	}()
	c.run(&rig{ctx: ctx, open: replica, Store: replica(), patience: patience})
	return nil
}
