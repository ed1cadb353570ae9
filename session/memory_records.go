package session

import (
	"context"
	"time"
)

// Create implements [Records].
func (m *Memory) Create(ctx context.Context, r Record) error {
	if err := m.enter(ctx); err != nil {
		return err
	}
	if err := r.Validate(); err != nil {
		return err
	}
	// An id in use is said to be so even where the caps are reached.
	if m.engine.find(r.ID) != nil {
		return ErrExists
	}
	if err := m.engine.caps.reserve(r.Principal, &m.engine.limits); err != nil {
		return err
	}
	now := time.Now()
	r.Created, r.LastSeen = now, now
	s := &memSession{id: r.ID, principal: r.Principal, record: &r, seen: now}
	if !m.engine.add(s) {
		m.engine.caps.release(r.Principal)
		return ErrExists
	}
	return nil
}

// Load implements [Records].
func (m *Memory) Load(ctx context.Context, id string) (Record, error) {
	s, err := m.locked(ctx, id)
	if err != nil {
		return Record{}, err
	}
	defer s.mu.Unlock()
	r := *s.record
	r.LastSeen = s.seen
	return r, nil
}

// Update implements [Records]. It runs change without holding a lock.
func (m *Memory) Update(ctx context.Context, id string, change func(*Record) error) error {
	for {
		s, err := m.locked(ctx, id)
		if err != nil {
			return err
		}
		old := s.record
		s.mu.Unlock()
		changed, err := old.Changed(change)
		if err != nil {
			return err
		}
		if s.swap(old, changed) {
			return nil
		}
	}
}

// swap reports whether the record was still old. It is also false for a
// session that has gone.
func (s *memSession) swap(old, changed *Record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone || s.record != old {
		return false
	}
	s.record = changed
	return true
}

// Touch implements [Records].
func (m *Memory) Touch(ctx context.Context, id string) error {
	s, err := m.locked(ctx, id)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.seen = time.Now()
	return nil
}

// Delete implements [Records].
func (m *Memory) Delete(ctx context.Context, id string) error {
	s, err := m.locked(ctx, id)
	if err != nil {
		return err
	}
	s.end()
	s.mu.Unlock()
	m.engine.remove(s)
	return nil
}

// end marks the session gone. Whoever called it then removes it.
func (s *memSession) end() {
	s.gone = true
	s.calls, s.streams, s.finished = nil, nil, finishedCalls{}
	s.standing.log = nil // its array may be in a reader's hands
	s.wakeAll()
}

// Sweep implements [Records].
func (m *Memory) Sweep(ctx context.Context) (int, error) {
	deleted := 0
	now := time.Now()
	for s := range m.engine.all() {
		if err := m.enter(ctx); err != nil {
			return deleted, err
		}
		if m.engine.sweep(s, now) {
			m.engine.remove(s)
			deleted++
		}
	}
	return deleted, nil
}

// sweep reports whether it ended the session.
func (e *engine) sweep(s *memSession, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return false
	}
	s.forget(&e.limits, now)
	if now.Sub(s.seen) < e.limits.IdleAfter || s.busy() {
		return false
	}
	s.end()
	return true
}

// busy reports whether a replica that lives watches the session or runs one of
// its calls.
func (s *memSession) busy() bool {
	for _, w := range s.watches {
		if !w.replica.closed.Load() {
			return true
		}
	}
	if s.inFlight == 0 {
		return false
	}
	for _, c := range s.calls {
		if !c.done && !c.orphaned() {
			return true
		}
	}
	return false
}
