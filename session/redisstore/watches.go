package redisstore

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/tandem-go/tandem/session"
)

// watches are who wants to know, on this replica, of news in streams.
type watches struct {
	mu       sync.Mutex
	sessions map[string]*watched
}

// watched is a session that is watched.
type watched struct {
	watches []*watch
	// doubtful says that the engine may not know of it.
	doubtful bool
}

type watch struct {
	session, stream string
	wake            chan<- struct{}
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
	if err := s.watch(id); err != nil {
		if errors.Is(err, session.ErrUnavailable) {
			s.watches.doubt(id)
		}
		w.send()
	}
	if s.closed.Load() { // perhaps after Close had its round
		w.send()
	}
	return func() { s.watches.remove(w) }
}

// watch tells the engine that this replica watches the session.
func (s *Store) watch(id string) error {
	reply, err := s.eval(s.life, &watchScript, s.sessionKey(id), s.id, s.options.Limits.IdleAfter.Milliseconds())
	if err != nil {
		return err
	}
	return reply.failure()
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
	at.watches = slices.DeleteFunc(at.watches, func(x *watch) bool { return x == w })
	if len(at.watches) == 0 {
		delete(ws.sessions, w.session)
	}
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

// doubt has the session's watch told to the engine again.
func (ws *watches) doubt(session string) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if at := ws.sessions[session]; at != nil {
		at.doubtful = true
	}
}

// distrust doubts all: the engine may have been restored from an older state.
func (ws *watches) distrust() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, at := range ws.sessions {
		at.doubtful = true
	}
}

func (ws *watches) doubtful() []string {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var ids []string
	for id, at := range ws.sessions {
		if at.doubtful {
			ids = append(ids, id)
		}
	}
	return ids
}

// restore tells the engine of the watches that it may not know of, and wakes
// them: what was appended before did not.
func (ws *watches) restore(s *Store) {
	for _, id := range ws.doubtful() {
		err := s.watch(id)
		if errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrClosed) || errors.Is(err, context.Canceled) {
			return
		}
		ws.trust(id)
		ws.wakeSession(id)
	}
}

func (ws *watches) trust(session string) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if at := ws.sessions[session]; at != nil {
		at.doubtful = false
	}
}
