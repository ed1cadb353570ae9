package pgstore

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sync"
)

// streamKey names a stream to the other replicas without saying which it is: an
// id of a session is a secret, and NOTIFYs are not.
func streamKey(session, stream string) uint64 { return wakeKey("stream", session, stream) }

// sessionKey names the end of a session.
func sessionKey(session string) uint64 { return wakeKey("session", session) }

func wakeKey(parts ...string) uint64 {
	sum := sha256.Sum256(bound(parts...))
	return binary.BigEndian.Uint64(sum[:])
}

// watch is who wants to know of news in a stream.
type watch struct {
	session string
	wake    chan<- struct{}
}

// send does not wait: a full channel holds a wake already.
func (w *watch) send() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// watches are this replica's, by the keys that wake them.
type watches struct {
	mu sync.RWMutex
	on map[uint64][]*watch
}

func (ws *watches) add(w *watch, keys ...uint64) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, k := range keys {
		ws.on[k] = append(ws.on[k], w)
	}
}

func (ws *watches) remove(w *watch, keys ...uint64) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, k := range keys {
		rest := slices.DeleteFunc(ws.on[k], func(x *watch) bool { return x == w })
		if len(rest) == 0 {
			delete(ws.on, k)
		} else {
			ws.on[k] = rest
		}
	}
}

func (ws *watches) wake(key uint64) {
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	for _, w := range ws.on[key] {
		w.send()
	}
}

func (ws *watches) wakeAll() {
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	for _, some := range ws.on {
		for _, w := range some {
			w.send()
		}
	}
}

// sessions returns the ids of those that are watched, each once.
func (ws *watches) sessions() [][]byte {
	ws.mu.RLock()
	defer ws.mu.RUnlock()
	seen := make(map[string]bool, len(ws.on))
	var ids [][]byte
	for _, some := range ws.on {
		for _, w := range some {
			if !seen[w.session] {
				seen[w.session] = true
				ids = append(ids, []byte(w.session))
			}
		}
	}
	return ids
}

// Watch implements [session.Wakes]. Each watch begins with a wake, since to know
// whether its session exists would take a round trip.
func (s *Store) Watch(sess, stream string, wake chan<- struct{}) (stop func()) {
	w := &watch{session: sess, wake: wake}
	keys := []uint64{streamKey(sess, stream), sessionKey(sess)}
	s.watches.add(w, keys...)
	w.send()
	return func() { s.watches.remove(w, keys...) }
}

// news wakes who watches what the key names, here and at the other replicas.
func (s *Store) news(key uint64) {
	s.watches.wake(key)
	s.link.tell(key)
}
