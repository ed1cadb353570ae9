package idempotencytest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-go/tandem/idempotency"
)

// faulty is a store with one fault: a nil field is the good method.
type faulty struct {
	idempotency.Store
	begin func(context.Context, idempotency.Start) (idempotency.Begun, error)
	sweep func(context.Context) (int, error)
}

func (f *faulty) Begin(ctx context.Context, s idempotency.Start) (idempotency.Begun, error) {
	if f.begin != nil {
		return f.begin(ctx, s)
	}
	return f.Store.Begin(ctx, s)
}

func (f *faulty) Sweep(ctx context.Context) (int, error) {
	if f.sweep != nil {
		return f.sweep(ctx)
	}
	return f.Store.Sweep(ctx)
}

// attempt is one with a fault.
type attempt struct {
	idempotency.Attempt
	finish  func(context.Context, []byte) error
	abandon func(context.Context) error
}

func (a *attempt) Finish(ctx context.Context, result []byte) error {
	if a.finish != nil {
		return a.finish(ctx, result)
	}
	return a.Attempt.Finish(ctx, result)
}

func (a *attempt) Abandon(ctx context.Context) error {
	if a.abandon != nil {
		return a.abandon(ctx)
	}
	return a.Attempt.Abandon(ctx)
}

// starting changes what Begin is asked.
func starting(change func(*idempotency.Start)) func(*faulty) {
	return func(f *faulty) {
		f.begin = func(ctx context.Context, s idempotency.Start) (idempotency.Begun, error) {
			change(&s)
			return f.Store.Begin(ctx, s)
		}
	}
}

// attempting changes the attempts.
func attempting(change func(*attempt)) func(*faulty) {
	return func(f *faulty) {
		f.begin = func(ctx context.Context, s idempotency.Start) (idempotency.Begun, error) {
			b, err := f.Store.Begin(ctx, s)
			if b.Attempt != nil {
				a := &attempt{Attempt: b.Attempt}
				change(a)
				b.Attempt = a
			}
			return b, err
		}
	}
}

type nobody struct{ idempotency.Attempt }

func (nobody) Finish(context.Context, []byte) error { return nil }
func (nobody) Abandon(context.Context) error        { return nil }

var faults = []struct {
	name     string
	caughtBy string
	apply    func(*faulty)
}{{
	name:     "results are not kept",
	caughtBy: "result key reused in_flight race finish_once",
	apply: func(f *faulty) {
		f.begin = func(context.Context, idempotency.Start) (idempotency.Begun, error) {
			return idempotency.Begun{Attempt: nobody{}}, nil
		}
	},
}, {
	name:     "results are text",
	caughtBy: "result",
	apply: attempting(func(a *attempt) {
		a.finish = func(ctx context.Context, result []byte) error {
			return a.Attempt.Finish(ctx, []byte(strings.ToValidUTF8(string(result), "?")))
		}
	}),
}, {
	name:     "the principal is ignored",
	caughtBy: "key",
	apply:    starting(func(s *idempotency.Start) { s.Key.Principal = "" }),
}, {
	name:     "keys run together",
	caughtBy: "key",
	apply: starting(func(s *idempotency.Start) {
		s.Key = idempotency.Key{Key: s.Key.Principal + s.Key.Operation + s.Key.Key}
	}),
}, {
	name:     "the arguments are ignored",
	caughtBy: "reused",
	apply:    starting(func(s *idempotency.Start) { s.Hash = [32]byte{} }),
}, {
	name:     "a key in flight fails otherwise",
	caughtBy: "in_flight",
	apply: func(f *faulty) {
		f.begin = func(ctx context.Context, s idempotency.Start) (idempotency.Begun, error) {
			b, err := f.Store.Begin(ctx, s)
			if errors.Is(err, idempotency.ErrInFlight) {
				err = idempotency.ErrReused
			}
			return b, err
		}
	},
}, {
	name:     "Abandon does nothing",
	caughtBy: "abandon finish_once",
	apply:    attempting(func(a *attempt) { a.abandon = func(context.Context) error { return nil } }),
}, {
	name:     "Finish never fails",
	caughtBy: "finish_once",
	apply: attempting(func(a *attempt) {
		a.finish = func(ctx context.Context, result []byte) error { _ = a.Attempt.Finish(ctx, result); return nil }
	}),
}, {
	name:     "results are kept for good",
	caughtBy: "keep_for sweep",
	apply:    starting(func(s *idempotency.Start) { s.KeepFor = time.Hour }),
}, {
	name:     "results are hardly kept",
	caughtBy: "result keep_for",
	apply:    starting(func(s *idempotency.Start) { s.KeepFor = 0 }),
}, {
	name:     "Sweep cannot count",
	caughtBy: "sweep",
	apply: func(f *faulty) {
		f.sweep = func(ctx context.Context) (int, error) { n, err := f.Store.Sweep(ctx); return 2 * n, err }
	},
}, {
	name:     "contexts are ignored",
	caughtBy: "context",
	apply: func(f *faulty) {
		f.begin = func(ctx context.Context, s idempotency.Start) (idempotency.Begun, error) {
			return f.Store.Begin(context.WithoutCancel(ctx), s)
		}
	},
}}

// Every clause of the suite catches a store that breaks its rule.
func TestSuiteCatchesFaults(t *testing.T) {
	byName, caught := map[string]clause{}, map[string]bool{}
	for _, c := range clauses {
		byName[c.name] = c
	}
	var all sync.WaitGroup
	for _, f := range faults {
		for name := range strings.FieldsSeq(f.caughtBy) {
			c, known := byName[name]
			if !known {
				t.Fatalf("fault %q names the unknown case %s", f.name, name)
			}
			caught[name] = true
			all.Go(func() {
				m := idempotency.NewMemory(idempotency.MemoryConfig{})
				err := c.check(t.Context(), func() idempotency.Store {
					s := &faulty{Store: m}
					f.apply(s)
					return s
				}, time.Second)
				switch {
				case err == nil:
					t.Errorf("case %s passes on a store with this fault: %s", name, f.name)
				case !strings.Contains(err.Error(), c.rule):
					t.Errorf("the failure of case %s does not explain the rule: %v", name, err)
				}
			})
		}
	}
	all.Wait()
	for name := range byName {
		if !caught[name] {
			t.Errorf("no fault shows that case %s can fail", name)
		}
	}
}
