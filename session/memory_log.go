package session

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// memCall is a call that is in flight, or finished and not forgotten.
type memCall struct {
	Call
	hash       [32]byte
	runner     *Memory // the replica of Owner
	stream     *memStream
	done       bool
	last       uint64    // what its final Append returned
	finished   time.Time // when it was done
	prev, next *memCall  // among the finished ones
}

func (c *memCall) orphaned() bool { return c.runner.closed.Load() }

// view is the call as others see it now.
func (c *memCall) view() Call {
	v := c.Call
	v.Orphaned = !c.done && c.orphaned()
	return v
}

// Begin implements [Log].
func (m *Memory) Begin(ctx context.Context, start CallStart) (Begun, error) {
	if start.Call == "" || start.Stream == "" || start.Owner == "" {
		return Begun{}, errors.New("session: CallStart needs Call, Stream and Owner")
	}
	s, err := m.locked(ctx, start.Session)
	if err != nil {
		return Begun{}, err
	}
	defer s.mu.Unlock()
	s.seen = time.Now()
	if c := s.calls[start.Call]; c != nil {
		return c.again(&start)
	}
	if s.inFlight >= m.engine.limits.CallsPerSession {
		return Begun{}, fmt.Errorf("%w: %d calls in flight", ErrTooMany, s.inFlight)
	}
	return Begun{Outcome: New, Call: s.begin(&start, m).view()}, nil
}

// again answers a Begin of a call that is known.
func (c *memCall) again(start *CallStart) (Begun, error) {
	switch {
	case c.hash != start.Hash:
		return Begun{}, ErrReused
	case c.done:
		return Begun{Outcome: Finished, Call: c.view()}, nil
	case c.Owner == start.Owner:
		return Begun{Outcome: New, Call: c.view()}, nil
	}
	return Begun{Outcome: Attached, Call: c.view()}, nil
}

// begin records the call in flight.
func (s *memSession) begin(start *CallStart, runner *Memory) *memCall {
	if s.calls == nil {
		s.calls = make(map[string]*memCall)
		s.streams = make(map[string]*memStream)
	}
	var c *memCall
	if st := s.stream(start.Stream); st != nil {
		c = &memCall{stream: st}
		s.finished.reopen(st)
	} else {
		// Most calls have a stream of their own: one allocation for both.
		both := new(struct {
			memCall
			own memStream
		})
		c = &both.memCall
		c.stream = &both.own
		s.streams[start.Stream] = c.stream
	}
	c.Call = Call{ID: start.Call, Stream: start.Stream, Owner: start.Owner, After: c.stream.last, Rerun: start.Rerun}
	c.hash, c.runner = start.Hash, runner
	c.stream.calls++
	c.stream.inFlight++
	s.inFlight++
	s.calls[start.Call] = c
	return c
}

// Append implements [Log].
func (m *Memory) Append(ctx context.Context, o Output, messages ...[]byte) (uint64, error) {
	s, err := m.locked(ctx, o.Session)
	if err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	if o.Owner == "" {
		return s.post(o.Stream, messages, &m.engine.limits)
	}
	c := s.calls[o.Call]
	switch {
	case c == nil || c.Owner != o.Owner:
		return 0, ErrFenced
	case c.done && o.Final:
		return c.last, nil
	case c.done:
		return 0, ErrFenced
	}
	c.stream.append(c.ID, messages, &m.engine.limits)
	last := c.stream.last
	if o.Final {
		s.finish(c, len(messages) > 0, &m.engine.limits)
	}
	s.wake(c.Stream)
	return last, nil
}

// post appends messages that no call is behind.
func (s *memSession) post(stream string, messages [][]byte, l *Limits) (uint64, error) {
	st := s.stream(stream)
	if st == nil {
		return 0, ErrNotFound
	}
	st.append("", messages, l)
	s.wake(stream)
	return st.last, nil
}

// finish takes the call out of flight.
func (s *memSession) finish(c *memCall, answered bool, l *Limits) {
	c.done, c.Rerun = true, nil
	c.last, c.finished = c.stream.last, time.Now()
	if answered {
		c.Final = c.last
	}
	s.inFlight--
	c.stream.inFlight--
	s.finished.push(c)
	s.forget(l, c.finished)
}

// Take implements [Log].
func (m *Memory) Take(ctx context.Context, t Takeover) (Call, error) {
	if t.Owner == "" {
		return Call{}, errors.New("session: Takeover needs Owner")
	}
	s, err := m.locked(ctx, t.Session)
	if err != nil {
		return Call{}, err
	}
	defer s.mu.Unlock()
	c := s.calls[t.Call]
	switch {
	case c == nil || c.done:
		return Call{}, ErrFenced
	case c.Owner == t.Owner:
		return c.view(), nil
	case c.Owner != t.From || !c.orphaned():
		return Call{}, ErrFenced
	}
	c.Owner, c.runner = t.Owner, m
	return c.view(), nil
}

// Calls implements [Log].
func (m *Memory) Calls(ctx context.Context, session string) ([]Call, error) {
	s, err := m.locked(ctx, session)
	if err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	calls := make([]Call, 0, s.inFlight)
	for _, c := range s.calls {
		if !c.done {
			calls = append(calls, c.view())
		}
	}
	return calls, nil
}

// Orphans implements [Log].
func (m *Memory) Orphans(ctx context.Context, max int) ([]Orphan, error) {
	if err := m.enter(ctx); err != nil || !m.engine.left.Load() {
		return nil, err
	}
	var found []Orphan
	for s := range m.engine.all() {
		calls, err := m.Calls(ctx, s.id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		for _, c := range calls {
			if len(found) >= max {
				return found, nil
			}
			if c.Orphaned {
				found = append(found, Orphan{Session: s.id, Call: c})
			}
		}
	}
	return found, nil
}

// Read implements [Log].
func (m *Memory) Read(ctx context.Context, session, stream string, after uint64, max int) (Page, error) {
	s, err := m.locked(ctx, session)
	if err != nil {
		return Page{}, err
	}
	defer s.mu.Unlock()
	if st := s.stream(stream); st != nil {
		return st.page(after, max)
	}
	if after > 0 {
		return Page{}, ErrTrimmed
	}
	return Page{Ended: true}, nil
}
