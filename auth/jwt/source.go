package jwt

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-go/tandem"
)

// fetchTimeout bounds a fetch, discovery included.
const fetchTimeout = 10 * time.Second

// source has an issuer's keys, and fetches them when somebody asks for them: one
// fetch at a time and one in each gap, in a goroutine that lives as long as the
// fetch, so that it does not end with the request that caused it. close ends it.
type source struct {
	issuer                 string
	gap, refresh, maxStale time.Duration
	load                   func(ctx context.Context, previous *keySet, now time.Time) (*keySet, error)
	logger                 *slog.Logger

	latest atomic.Pointer[keySet] // the last good ones; nil before
	ctx    context.Context        // ends with close
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu      sync.Mutex
	flight  *flight   // the fetch under way; nil if there is none
	started time.Time // when the last one began
	failure error     // why the last one failed; nil if it did not
}

// flight is a fetch under way. done is closed after it.
type flight struct{ done chan struct{} }

func (f *flight) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var (
	errClosed  = errors.New("the verifier is closed")
	errNoFetch = errors.New("the keys were not fetched")
)

// current returns the keys that are to be believed now. Nobody waits while they are
// younger than the refresh period, towards whose end they are fetched anew, nor
// while they cannot be fetched and are not too old.
func (s *source) current(ctx context.Context) (*keySet, error) {
	set := s.latest.Load()
	if set != nil && time.Since(set.asked) < s.refresh*3/4 {
		return set, nil
	}
	f, failing := s.begin()
	if set != nil {
		age := time.Since(set.asked)
		if age < s.refresh || failing && age < s.maxStale {
			return set, nil
		}
	}
	if f != nil {
		if err := f.wait(ctx); err != nil {
			return nil, s.unavailable(err)
		}
	}
	if set = s.latest.Load(); set == nil || time.Since(set.asked) >= s.maxStale {
		return nil, s.unavailable(nil)
	}
	return set, nil
}

// newer returns keys fetched because set lacks one, or set itself if the gap does
// not allow a fetch. While the keys cannot be fetched, nobody can say that a key does
// not exist.
func (s *source) newer(ctx context.Context, set *keySet) (*keySet, error) {
	f, failing := s.begin()
	if f != nil {
		if err := f.wait(ctx); err != nil {
			return nil, s.unavailable(err)
		}
		failing = s.failing()
	}
	if failing {
		return nil, s.unavailable(nil)
	}
	if latest := s.latest.Load(); latest != nil {
		return latest, nil
	}
	return set, nil
}

// begin returns the fetch under way, a new one if the gap allows it, or nil; and
// whether the last one failed.
func (s *source) begin() (f *flight, failing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	idle := s.flight == nil && s.ctx.Err() == nil
	if idle && (s.started.IsZero() || now.Sub(s.started) >= s.gap) {
		s.flight, s.started = &flight{done: make(chan struct{})}, now
		s.wg.Add(1)
		go s.fetch(s.flight, now)
	}
	return s.flight, s.failure != nil
}

func (s *source) failing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure != nil
}

func (s *source) fetch(f *flight, started time.Time) {
	defer s.wg.Done()
	ctx, cancel := context.WithTimeout(s.ctx, fetchTimeout)
	defer cancel()
	set, err := s.load(ctx, s.latest.Load(), started)
	s.land(f, set, err)
}

func (s *source) land(f *flight, set *keySet, err error) {
	s.mu.Lock()
	before := s.failure
	if s.flight, s.failure = nil, err; err == nil {
		s.latest.Store(set)
	}
	s.mu.Unlock()
	close(f.done)
	switch {
	case err != nil && before == nil && s.ctx.Err() == nil:
		s.logger.Warn("the keys of an issuer cannot be fetched", "issuer", s.issuer, "cause", err)
	case err == nil && before != nil:
		s.logger.Info("the keys of an issuer are fetched again", "issuer", s.issuer)
	}
}

// unavailable says that there is no verdict, and when there may be one.
func (s *source) unavailable(cause error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cause == nil {
		cause = s.failure
	}
	if cause == nil {
		cause = errNoFetch
	}
	if s.ctx.Err() != nil {
		cause = errClosed
	}
	retry := max(time.Second, s.gap-time.Since(s.started))
	return tandem.Errorf(tandem.Unavailable, "the issuer's keys are not known").WithCause(cause).WithRetryAfter(retry)
}

// close ends a fetch under way and waits for it. The keys remain as they are.
func (s *source) close() {
	s.mu.Lock() // so that no fetch begins after it
	s.cancel()
	s.mu.Unlock()
	s.wg.Wait()
}
