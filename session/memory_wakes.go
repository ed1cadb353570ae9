package session

import (
	"context"
	"slices"
)

// watch is who wants to know of news in a stream.
type watch struct {
	stream  string
	wake    chan<- struct{}
	replica *Memory
}

// send does not wait: a full channel holds a wake already.
func (w *watch) send() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Watch implements [Wakes].
func (m *Memory) Watch(session, stream string, wake chan<- struct{}) (stop func()) {
	w := &watch{stream: stream, wake: wake, replica: m}
	s, err := m.locked(context.Background(), session)
	if err != nil {
		w.send()
		return func() {}
	}
	s.watches = append(s.watches, w)
	s.mu.Unlock()
	if m.closed.Load() { // perhaps after Close had its round
		w.send()
	}
	return func() { s.unwatch(w) }
}

func (s *memSession) unwatch(w *watch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.watches, w); i >= 0 {
		s.watches = slices.Delete(s.watches, i, i+1)
	}
}

func (s *memSession) watched(stream string) bool {
	return slices.ContainsFunc(s.watches, func(w *watch) bool { return w.stream == stream })
}

func (s *memSession) wake(stream string) {
	for _, w := range s.watches {
		if w.stream == stream {
			w.send()
		}
	}
}

func (s *memSession) wakeAll() {
	for _, w := range s.watches {
		w.send()
	}
}

type listener struct{ handle func(Signal) }

// Listen implements [Wakes]. Signals are handled in the goroutine of whoever
// sends them.
func (m *Memory) Listen(handle func(Signal)) (stop func()) {
	l := &listener{handle}
	m.setListeners(func(ls []*listener) []*listener { return append(slices.Clip(ls), l) })
	return func() {
		m.setListeners(func(ls []*listener) []*listener {
			return slices.DeleteFunc(slices.Clone(ls), func(x *listener) bool { return x == l })
		})
	}
}

func (m *Memory) setListeners(change func([]*listener) []*listener) {
	m.mu.Lock()
	defer m.mu.Unlock()
	ls := change(*m.listeners.Load())
	m.listeners.Store(&ls)
}

// Notify implements [Wakes].
func (m *Memory) Notify(ctx context.Context, sig Signal) error {
	if sig.Session == "" && sig.Call == "" {
		if err := m.enter(ctx); err != nil {
			return err
		}
		m.engine.broadcast(sig)
		return nil
	}
	s, err := m.locked(ctx, sig.Session)
	if err != nil {
		return err
	}
	c := s.calls[sig.Call]
	var runner *Memory
	if c != nil && !c.done {
		runner = c.runner
	}
	s.mu.Unlock()
	switch {
	case sig.Call == "":
		m.engine.broadcast(sig)
	case runner == nil || runner.closed.Load():
		return ErrNotRunning
	default:
		runner.deliver(sig)
	}
	return nil
}

func (e *engine) broadcast(sig Signal) {
	for _, m := range *e.replicas.Load() {
		m.deliver(sig)
	}
}

func (m *Memory) deliver(sig Signal) {
	for _, l := range *m.listeners.Load() {
		l.handle(sig)
	}
}
