package sessiontest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-go/tandem/session"
)

// faulty is a driver with one fault: a nil field is the good method.
type faulty struct {
	session.Store
	create func(context.Context, session.Record) error
	load   func(context.Context, string) (session.Record, error)
	update func(context.Context, string, func(*session.Record) error) error
	touch  func(context.Context, string) error
	delete func(context.Context, string) error
	sweep  func(context.Context) (int, error)
	begin  func(context.Context, session.CallStart) (session.Begun, error)
	append func(context.Context, session.Output, ...[]byte) (uint64, error)
	take   func(context.Context, session.Takeover) (session.Call, error)
	calls  func(context.Context, string) ([]session.Call, error)
	orphan func(context.Context, int) ([]session.Orphan, error)
	read   func(context.Context, string, string, uint64, int) (session.Page, error)
	watch  func(string, string, chan<- struct{}) func()
	notify func(context.Context, session.Signal) error
	listen func(func(session.Signal)) func()
	close  func() error
}

func (f *faulty) Create(ctx context.Context, r session.Record) error {
	if f.create != nil {
		return f.create(ctx, r)
	}
	return f.Store.Create(ctx, r)
}

func (f *faulty) Load(ctx context.Context, id string) (session.Record, error) {
	if f.load != nil {
		return f.load(ctx, id)
	}
	return f.Store.Load(ctx, id)
}

func (f *faulty) Update(ctx context.Context, id string, change func(*session.Record) error) error {
	if f.update != nil {
		return f.update(ctx, id, change)
	}
	return f.Store.Update(ctx, id, change)
}

func (f *faulty) Touch(ctx context.Context, id string) error {
	if f.touch != nil {
		return f.touch(ctx, id)
	}
	return f.Store.Touch(ctx, id)
}

func (f *faulty) Delete(ctx context.Context, id string) error {
	if f.delete != nil {
		return f.delete(ctx, id)
	}
	return f.Store.Delete(ctx, id)
}

func (f *faulty) Sweep(ctx context.Context) (int, error) {
	if f.sweep != nil {
		return f.sweep(ctx)
	}
	return f.Store.Sweep(ctx)
}

func (f *faulty) Begin(ctx context.Context, c session.CallStart) (session.Begun, error) {
	if f.begin != nil {
		return f.begin(ctx, c)
	}
	return f.Store.Begin(ctx, c)
}

func (f *faulty) Append(ctx context.Context, o session.Output, m ...[]byte) (uint64, error) {
	if f.append != nil {
		return f.append(ctx, o, m...)
	}
	return f.Store.Append(ctx, o, m...)
}

func (f *faulty) Take(ctx context.Context, t session.Takeover) (session.Call, error) {
	if f.take != nil {
		return f.take(ctx, t)
	}
	return f.Store.Take(ctx, t)
}

func (f *faulty) Calls(ctx context.Context, id string) ([]session.Call, error) {
	if f.calls != nil {
		return f.calls(ctx, id)
	}
	return f.Store.Calls(ctx, id)
}

func (f *faulty) Orphans(ctx context.Context, max int) ([]session.Orphan, error) {
	if f.orphan != nil {
		return f.orphan(ctx, max)
	}
	return f.Store.Orphans(ctx, max)
}

func (f *faulty) Read(ctx context.Context, id, stream string, after uint64, max int) (session.Page, error) {
	if f.read != nil {
		return f.read(ctx, id, stream, after, max)
	}
	return f.Store.Read(ctx, id, stream, after, max)
}

func (f *faulty) Watch(id, stream string, wake chan<- struct{}) func() {
	if f.watch != nil {
		return f.watch(id, stream, wake)
	}
	return f.Store.Watch(id, stream, wake)
}

func (f *faulty) Notify(ctx context.Context, s session.Signal) error {
	if f.notify != nil {
		return f.notify(ctx, s)
	}
	return f.Store.Notify(ctx, s)
}

func (f *faulty) Listen(handle func(session.Signal)) func() {
	if f.listen != nil {
		return f.listen(handle)
	}
	return f.Store.Listen(handle)
}

func (f *faulty) Close() error {
	if f.close != nil {
		return f.close()
	}
	return f.Store.Close()
}

// Every clause of the suite catches a driver that breaks its rule: none of
// them passes whatever the driver does.
func TestSuiteCatchesFaults(t *testing.T) {
	byName := map[string]clause{}
	for _, c := range clauses() {
		byName[c.name] = c
	}
	caught := map[string]bool{}
	// Most cases only wait for what never comes: all of them at once.
	var running sync.WaitGroup
	for _, f := range faults() {
		for name := range strings.FieldsSeq(f.caughtBy) {
			c, known := byName[name]
			if !known {
				t.Fatalf("fault %q names the unknown case %s", f.name, name)
			}
			caught[name] = true
			running.Go(func() {
				switch err := runFaulty(t.Context(), c, f); {
				case err == nil:
					t.Errorf("case %s passes on a driver with this fault: %s", name, f.name)
				case !strings.Contains(err.Error(), c.rule):
					t.Errorf("the failure of case %s does not explain the rule: %v", name, err)
				}
			})
		}
	}
	running.Wait()
	for name := range byName {
		if !caught[name] {
			t.Errorf("no fault shows that case %s can fail", name)
		}
	}
}

func runFaulty(ctx context.Context, c clause, f fault) error {
	limits, patience := c.limits, 300*time.Millisecond
	if limits.IdleAfter+limits.KeepFor > 0 {
		patience = 2 * time.Second
	}
	if f.limits != nil {
		limits = *f.limits
	}
	first := session.NewMemory(session.MemoryConfig{Limits: limits})
	return c.check(ctx, func() session.Store {
		s := &faulty{Store: first.Join()}
		if f.apply != nil {
			f.apply(s)
		}
		return s
	}, patience)
}
