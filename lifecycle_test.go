package tandem_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
)

type resource struct {
	name  string
	trail *[]string
	fail  error
}

func (r resource) Start(context.Context) error {
	*r.trail = append(*r.trail, "start "+r.name)
	return r.fail
}

func (r resource) Close() error {
	*r.trail = append(*r.trail, "close "+r.name)
	return nil
}

// Resources start in order and stop in reverse, each once.
func TestLifecycleOrder(t *testing.T) {
	var trail []string
	svc := tandem.New("test", "1")
	svc.Manage("db", resource{name: "db", trail: &trail})
	svc.Manage("cache", resource{name: "cache", trail: &trail})
	for range 2 { // the second time is without effect
		if err := svc.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		if err := svc.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"start db", "start cache", "close cache", "close db"}
	if diff := cmp.Diff(want, trail); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// If one resource fails to start, those before it are stopped again and the
// error names the one that failed.
func TestLifecycleFailedStart(t *testing.T) {
	var trail []string
	boom := errors.New("boom")
	svc := tandem.New("test", "1")
	svc.Manage("db", resource{name: "db", trail: &trail})
	svc.Manage("cache", resource{name: "cache", trail: &trail, fail: boom})
	err := svc.Start(t.Context())
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), "cache") {
		t.Errorf("got %v", err)
	}
	want := []string{"start db", "start cache", "close db"}
	if diff := cmp.Diff(want, trail); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Manage refuses what has no lifecycle at all, and a name that is taken.
func TestManagePanics(t *testing.T) {
	for name, manage := range map[string]func(*tandem.Service){
		"nothing to manage": func(s *tandem.Service) { s.Manage("x", 7) },
		"name taken":        func(s *tandem.Service) { s.Manage("db", resource{}) },
	} {
		t.Run(name, func(t *testing.T) {
			svc := tandem.New("test", "1")
			svc.Manage("db", resource{})
			defer func() {
				if recover() == nil {
					t.Error("it did not panic")
				}
			}()
			manage(svc)
		})
	}
}

type countedStart struct{ starts, stops atomic.Int32 }

func (c *countedStart) Start(context.Context) error { c.starts.Add(1); return nil }
func (c *countedStart) Close()                      { c.stops.Add(1) }

// Starts and stops that overlap start and stop each resource once.
func TestLifecycleOverlap(t *testing.T) {
	var r countedStart
	svc := tandem.New("test", "1")
	svc.Manage("counted", &r)
	together := func(step func(context.Context) error) {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if err := step(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
	together(svc.Start)
	together(svc.Stop)
	if r.starts.Load() != 1 || r.stops.Load() != 1 {
		t.Errorf("started %d times, stopped %d times", r.starts.Load(), r.stops.Load())
	}
}
