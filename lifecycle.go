package tandem

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Starter is a resource that is made ready before the service listens.
type Starter interface {
	Start(ctx context.Context) error
}

// Pinger is a resource with a health check, cheap enough to run every second.
type Pinger interface {
	Ping(ctx context.Context) error
}

// Pooled is a resource with a pool whose figures health and metrics show.
type Pooled interface {
	PoolStats() PoolStats
}

// PoolStats are the figures of a connection pool.
type PoolStats struct {
	Max          int           `json:"max"`       // most connections; 0 means no limit
	Open         int           `json:"open"`      // connections now
	InUse        int           `json:"in_use"`    // of these, lent
	Idle         int           `json:"idle"`      // of these, waiting
	WaitCount    int64         `json:"waits"`     // how often a caller had to wait, since start
	WaitDuration time.Duration `json:"wait_time"` // how long they waited in all
}

// Managed is a managed resource as health checks and metrics see it.
type Managed struct {
	Name string
	// Ping checks it; nil if it has no check.
	Ping func(ctx context.Context) error
	// PoolStats returns its pool's figures; nil if it has no pool.
	PoolStats func() PoolStats

	start func(ctx context.Context) error
	stop  func(ctx context.Context) error
}

type lifecycle struct {
	running   sync.Mutex // held by Start and by Stop
	resources []*Managed
	started   int // how many of resources are started
}

// Manage hands a resource to the service's lifecycle: started in the order of
// registration before the service listens, health-checked while it serves,
// closed in reverse order after the drain. The resource has at least one of
//
//   - Start(context.Context) error
//   - Stop(context.Context) error, Close() error, or Close()
//   - Ping(context.Context) error, or PingContext(context.Context) error
//   - PoolStats() [PoolStats], or Stats() sql.DBStats
//
// as *sql.DB has. Manage panics if it has none, or if the name is taken.
func (s *Service) Manage(name string, resource any) {
	r := &Managed{Name: name, Ping: pingOf(resource), PoolStats: poolOf(resource), stop: stopOf(resource)}
	if v, ok := resource.(Starter); ok {
		r.start = v.Start
	}
	if r.Ping == nil && r.PoolStats == nil && r.start == nil && r.stop == nil {
		panic(fmt.Sprintf("tandem: resource %q: %T has none of Start, Stop, Close, Ping, PingContext, PoolStats", name, resource))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.lifecycle.resources {
		if other.Name == name {
			panic(fmt.Sprintf("tandem: resource %q: the name is taken", name))
		}
	}
	s.lifecycle.resources = append(s.lifecycle.resources, r)
}

// Managed returns the managed resources in order.
func (s *Service) Managed() []*Managed {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append([]*Managed(nil), s.lifecycle.resources...)
}

// Start starts the managed resources in order, but for those that are started
// already. If one fails, those that were started are stopped again, and the error
// names the one that failed.
func (s *Service) Start(ctx context.Context) error {
	s.lifecycle.running.Lock()
	defer s.lifecycle.running.Unlock()
	for _, r := range s.Managed()[s.startedCount():] {
		if r.start != nil {
			if err := r.start(ctx); err != nil {
				return errors.Join(fmt.Errorf("start %s: %w", r.Name, err), s.stopStarted(context.WithoutCancel(ctx)))
			}
		}
		s.setStarted(s.startedCount() + 1)
	}
	return nil
}

// Stop stops the started resources in reverse order, all of them even if one
// fails, and returns their errors joined.
func (s *Service) Stop(ctx context.Context) error {
	s.lifecycle.running.Lock()
	defer s.lifecycle.running.Unlock()
	return s.stopStarted(ctx)
}

// stopStarted is Stop; lifecycle.running is held.
func (s *Service) stopStarted(ctx context.Context) error {
	var errs []error
	resources := s.Managed()
	for n := s.startedCount(); n > 0; n-- {
		r := resources[n-1]
		if r.stop != nil {
			if err := r.stop(ctx); err != nil {
				errs = append(errs, fmt.Errorf("stop %s: %w", r.Name, err))
			}
		}
		s.setStarted(n - 1)
	}
	return errors.Join(errs...)
}

func (s *Service) startedCount() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.lifecycle.started
}

func (s *Service) setStarted(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lifecycle.started = n
}

func stopOf(resource any) func(context.Context) error {
	switch v := resource.(type) {
	case interface{ Stop(context.Context) error }:
		return v.Stop
	case interface{ Close() error }:
		return func(context.Context) error { return v.Close() }
	case interface{ Close() }:
		return func(context.Context) error { v.Close(); return nil }
	}
	return nil
}

func pingOf(resource any) func(context.Context) error {
	switch v := resource.(type) {
	case Pinger:
		return v.Ping
	case interface{ PingContext(context.Context) error }:
		return v.PingContext
	}
	return nil
}

func poolOf(resource any) func() PoolStats {
	switch v := resource.(type) {
	case Pooled:
		return v.PoolStats
	case interface{ Stats() sql.DBStats }:
		return func() PoolStats { return sqlPoolStats(v.Stats()) }
	}
	return nil
}

func sqlPoolStats(st sql.DBStats) PoolStats {
	return PoolStats{
		Max:          st.MaxOpenConnections,
		Open:         st.OpenConnections,
		InUse:        st.InUse,
		Idle:         st.Idle,
		WaitCount:    st.WaitCount,
		WaitDuration: st.WaitDuration,
	}
}
