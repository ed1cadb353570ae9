package redisstore

import (
	"errors"
	"slices"
	"sync"

	"github.com/tandem-go/tandem/session"
)

// Bounds of the watches that have ended and of which the engine is told late.
const (
	mostEnded   = 4096
	endedAtOnce = 256
)

// watches are who wants to know, on this replica, of news in streams.
type watches struct {
	mu       sync.Mutex
	sessions map[string]*watched // none of them empty
	ended    []*watch            // of which the engine has not been told
}

// watched are the watches of a session.
type watched struct{ watches []*watch }

type watch struct {
	session, stream string
	wake            chan<- struct{}
	doubtful        bool // the engine may not know of it; guarded by watches.mu
}

// send does not wait: a full channel holds a wake already.
func (w *watch) send() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Watch implements [session.Wakes]. If the engine cannot be reached, it wakes at
// once, and again when it can.
func (s *Store) Watch(id, stream string, wake chan<- struct{}) (stop func()) {
	w := &watch{session: id, stream: stream, wake: wake}
	s.watches.add(w)
	if err := s.watch(id, stream); err != nil {
		if errors.Is(err, session.ErrUnavailable) {
			s.watches.doubt(w, true)
		}
		w.send()
	}
	if s.closed.Load() { // perhaps after Close had its round
		w.send()
	}
	return func() { s.watches.remove(w) }
}

// watch tells the engine that this replica watches the stream: its wakes come
// here from now on, and its calls are kept beyond the bounds of retention.
func (s *Store) watch(id, stream string) error {
	l := &s.options.Limits
	reply, err := s.eval(s.life, &watchScript, s.sessionKey(id), s.id, l.IdleAfter.Milliseconds(), stream, l.CallsPerSession)
	if err != nil {
		return err
	}
	return reply.failure()
}

// unwatch tells the engine of watches that have ended. What it cannot tell ends
// with their lease.
func (s *Store) unwatch() {
	for _, w := range s.watches.takeEnded() {
		if _, err := s.eval(s.life, &unwatchScript, s.sessionKey(w.session), s.id, w.stream); err != nil {
			return
		}
	}
}

func (ws *watches) add(w *watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.sessions == nil {
		ws.sessions = make(map[string]*watched)
	}
	at := ws.sessions[w.session]
	if at == nil {
		at = &watched{}
		ws.sessions[w.session] = at
	}
	at.watches = append(at.watches, w)
}

func (ws *watches) remove(w *watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	at := ws.sessions[w.session]
	if at == nil {
		return
	}
	before := len(at.watches)
	at.watches = slices.DeleteFunc(at.watches, func(x *watch) bool { return x == w })
	if len(at.watches) < before && w.stream != session.Standing && !at.has(w.stream) && len(ws.ended) < mostEnded {
		ws.ended = append(ws.ended, w)
	}
	if len(at.watches) == 0 {
		delete(ws.sessions, w.session)
	}
}

// takeEnded returns some of the watches that ended and did not begin again.
func (ws *watches) takeEnded() []*watch {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	some := ws.ended[:min(len(ws.ended), endedAtOnce)]
	ws.ended = slices.Clone(ws.ended[len(some):])
	return slices.DeleteFunc(some, func(w *watch) bool {
		at := ws.sessions[w.session]
		return at != nil && at.has(w.stream)
	})
}

func (at *watched) has(stream string) bool {
	return slices.ContainsFunc(at.watches, func(w *watch) bool { return w.stream == stream })
}

func (ws *watches) has(session string) bool {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.sessions[session] != nil
}

func (ws *watches) wake(session, stream string) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if at := ws.sessions[session]; at != nil {
		for _, w := range at.watches {
			if w.stream == stream {
				w.send()
			}
		}
	}
}

func (ws *watches) wakeSession(session string) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if at := ws.sessions[session]; at != nil {
		at.wake()
	}
}

func (ws *watches) wakeAll() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, at := range ws.sessions {
		at.wake()
	}
}

func (at *watched) wake() {
	for _, w := range at.watches {
		w.send()
	}
}

// doubt has the watch told to the engine again, or says that it knows of it.
func (ws *watches) doubt(w *watch, doubtful bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	w.doubtful = doubtful
}

// distrust doubts all: the engine may have been restored from an older state.
func (ws *watches) distrust() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, at := range ws.sessions {
		for _, w := range at.watches {
			w.doubtful = true
		}
	}
}

// doubtful returns the watches that the engine may not know of.
func (ws *watches) doubtful() []*watch {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var found []*watch
	for _, at := range ws.sessions {
		for _, w := range at.watches {
			if w.doubtful {
				found = append(found, w)
			}
		}
	}
	return found
}

// restore tells the engine of the watches that it may not know of, and wakes
// them: what was appended before did not.
func (s *Store) restore() {
	for _, w := range s.watches.doubtful() {
		err := s.watch(w.session, w.stream)
		if err != nil && !errors.Is(err, session.ErrNotFound) {
			return
		}
		s.watches.doubt(w, false)
		w.send()
	}
}
