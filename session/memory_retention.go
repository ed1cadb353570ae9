package session

import "time"

// finishedCalls lists the calls that are kept for those who ask again, oldest
// first.
type finishedCalls struct {
	oldest, newest *memCall
	count          int
	bytes          int // of their own streams, where no call is in flight
}

// push adds the call, and counts its stream if this was its last one.
func (f *finishedCalls) push(c *memCall) {
	c.prev = f.newest
	if f.newest != nil {
		f.newest.next = c
	} else {
		f.oldest = c
	}
	f.newest = c
	f.count++
	if c.stream.inFlight == 0 && c.Stream != Standing {
		c.stream.counted = c.stream.bytes
		f.bytes += c.stream.counted
	}
}

// reopen takes the stream out of the count: another call begins on it.
func (f *finishedCalls) reopen(st *memStream) {
	f.bytes -= st.counted
	st.counted = 0
}

func (f *finishedCalls) unlink(c *memCall) {
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		f.oldest = c.next
	}
	if c.next != nil {
		c.next.prev = c.prev
	} else {
		f.newest = c.prev
	}
	c.prev, c.next = nil, nil
	f.count--
}

// over reports whether the call, the oldest one, is beyond its retention.
func (f *finishedCalls) over(c *memCall, l *Limits, now time.Time) bool {
	return f.count > l.KeepCalls || f.bytes > l.KeepBytes || now.Sub(c.finished) >= l.KeepFor
}

// forget drops finished calls that are beyond their retention. The newest one
// stays for KeepFor whatever its size, else nobody could read a large answer.
func (s *memSession) forget(l *Limits, now time.Time) {
	f := &s.finished
	for c := f.oldest; c != nil && f.over(c, l, now); {
		next := c.next
		if next == nil && now.Sub(c.finished) < l.KeepFor {
			return
		}
		if !s.pinned(c) {
			s.drop(c)
		}
		c = next
	}
}

// pinned reports whether someone may still be reading the call's stream. The
// standing stream stays in any case.
func (s *memSession) pinned(c *memCall) bool {
	return c.Stream != Standing && s.watched(c.Stream)
}

// drop forgets the call, and its stream with the last call of it.
func (s *memSession) drop(c *memCall) {
	s.finished.unlink(c)
	delete(s.calls, c.ID)
	if c.stream.calls--; c.stream.calls == 0 && c.Stream != Standing {
		s.finished.reopen(c.stream)
		delete(s.streams, c.Stream)
	}
}
