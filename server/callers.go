package server

import (
	"container/list"
	"sync"
)

// callers keep something of each of the callers that were seen last.
type callers[V any] struct {
	capacity int
	make     func() V

	mu      sync.Mutex
	entries map[caller]*list.Element
	recent  *list.List // of *known[V], the most recent one first
}

type known[V any] struct {
	caller caller
	value  V
}

func newCallers[V any](capacity int, make func() V) callers[V] {
	return callers[V]{capacity: capacity, make: make, entries: map[caller]*list.Element{}, recent: list.New()}
}

// of returns what is kept of the caller, made anew for one that is not known.
func (s *callers[V]) of(c caller) V {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e, ok := s.entries[c]; ok {
		s.recent.MoveToFront(e)
		return e.Value.(*known[V]).value
	}
	if s.recent.Len() >= s.capacity {
		oldest := s.recent.Remove(s.recent.Back()).(*known[V])
		delete(s.entries, oldest.caller)
	}
	k := &known[V]{c, s.make()}
	s.entries[c] = s.recent.PushFront(k)
	return k.value
}
