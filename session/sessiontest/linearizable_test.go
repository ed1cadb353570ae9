package sessiontest

import (
	"context"
	"testing"

	"github.com/tandem-go/tandem/session"
)

// The check of histories passes the in-memory store, and catches one that lets two
// owners have a call, or forgets who has it.
func TestLinearizableCatchesFaults(t *testing.T) {
	ready := func(apply func(*faulty)) ([]session.Store, string) {
		first := session.NewMemory(session.MemoryConfig{Limits: session.Limits{KeepCalls: 1000}})
		if err := first.Create(t.Context(), record("s", "")); err != nil {
			t.Fatal(err)
		}
		var stores []session.Store
		for range 2 {
			f := &faulty{Store: first.Join()}
			apply(f)
			stores = append(stores, f)
		}
		return stores, "s"
	}
	quiet := func(context.Context) {}
	stores, id := ready(func(*faulty) {})
	Linearizable(t, stores, id, quiet)
	for name, apply := range map[string]func(*faulty){
		"everybody's call": beginning(func(c session.CallStart, b *session.Begun) {
			b.Outcome, b.Call.Owner = session.New, c.Owner
		}),
		"a fence that is open": func(f *faulty) {
			f.append = func(ctx context.Context, o session.Output, m ...[]byte) (uint64, error) {
				n, _ := f.Store.Append(ctx, o, m...)
				return n, nil
			}
		},
		"a reply that is wrong": func(f *faulty) {
			f.append = func(ctx context.Context, o session.Output, m ...[]byte) (uint64, error) {
				n, err := f.Store.Append(ctx, o, m...)
				if err == nil && len(m[0])%3 == 0 {
					err = session.ErrFenced
				}
				return n, err
			}
		},
	} {
		stores, id := ready(apply)
		if linearizable(t.Context(), stores, id, quiet) == nil {
			t.Errorf("a store with this fault passes: %s", name)
		}
	}
}
