package session

import (
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// shardCount spreads the session ids so that no lock is shared by all of them.
const shardCount = 64

// MemoryConfig configures [NewMemory]. Its zero value is ready to use.
type MemoryConfig struct {
	Limits Limits
}

// Memory is the [Store] of a service that runs as one process. It starts no
// goroutine. Beyond the contract it keeps a finished call, whatever the bounds
// of its retention, while its stream is watched.
type Memory struct {
	engine    *engine
	closed    atomic.Bool
	listeners atomic.Pointer[[]*listener] // replaced, never modified
	mu        sync.Mutex                  // guards replacing listeners
}

var _ Store = (*Memory)(nil)

// engine is what the replicas of one Memory share.
type engine struct {
	limits   Limits
	seed     maphash.Seed
	shards   [shardCount]shard
	caps     caps
	replicas atomic.Pointer[[]*Memory] // replaced, never modified
	mu       sync.Mutex                // guards replacing replicas
	left     atomic.Bool               // a replica has closed: there may be orphans
}

type shard struct {
	mu       sync.RWMutex
	sessions map[string]*memSession
}

// NewMemory returns the only replica of a new engine. It panics if a limit is
// negative.
func NewMemory(cfg MemoryConfig) *Memory {
	limits, err := cfg.Limits.Resolved()
	if err != nil {
		panic(err)
	}
	e := &engine{limits: limits, seed: maphash.MakeSeed()}
	for i := range e.shards {
		e.shards[i].sessions = make(map[string]*memSession)
	}
	e.caps.principals = make(map[string]int)
	return e.join()
}

// Join returns one more replica of the same engine, closed or not: what a
// second process would be to an engine that processes share. Tests of what
// happens when a replica dies close one and go on with another.
func (m *Memory) Join() *Memory { return m.engine.join() }

// Sessions returns the number of sessions.
func (m *Memory) Sessions() int { return m.engine.caps.count() }

// Close implements [Store]. It wakes the watches of every replica, so that
// those who tail an orphaned call look after it at once. It never fails.
func (m *Memory) Close() error {
	if m.closed.Swap(true) {
		return nil
	}
	m.engine.left.Store(true)
	m.engine.leave(m)
	for s := range m.engine.all() {
		s.mu.Lock()
		s.wakeAll()
		s.mu.Unlock()
	}
	return nil
}

// enter refuses calls on a closed replica or for a caller that has gone.
func (m *Memory) enter(ctx context.Context) error {
	if m.closed.Load() {
		return ErrClosed
	}
	return ctx.Err()
}

// locked returns the session with its mutex held.
func (m *Memory) locked(ctx context.Context, id string) (*memSession, error) {
	if err := m.enter(ctx); err != nil {
		return nil, err
	}
	s := m.engine.find(id)
	if s == nil {
		return nil, ErrNotFound
	}
	s.mu.Lock()
	if s.gone {
		s.mu.Unlock()
		return nil, ErrNotFound
	}
	return s, nil
}

func (e *engine) join() *Memory {
	m := &Memory{engine: e}
	m.listeners.Store(new([]*listener))
	e.mu.Lock()
	defer e.mu.Unlock()
	replicas := []*Memory{m}
	if old := e.replicas.Load(); old != nil {
		replicas = append(slices.Clip(*old), m)
	}
	e.replicas.Store(&replicas)
	return m
}

func (e *engine) leave(m *Memory) {
	e.mu.Lock()
	defer e.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(*e.replicas.Load()), func(r *Memory) bool { return r == m })
	e.replicas.Store(&rest)
}

func (e *engine) shard(id string) *shard {
	return &e.shards[maphash.String(e.seed, id)%shardCount]
}

func (e *engine) find(id string) *memSession {
	sh := e.shard(id)
	sh.mu.RLock()
	defer sh.mu.RUnlock()
	return sh.sessions[id]
}

// add reports whether the id was free.
func (e *engine) add(s *memSession) bool {
	sh := e.shard(s.id)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.sessions[s.id] != nil {
		return false
	}
	sh.sessions[s.id] = s
	return true
}

// remove takes a session that has been marked gone out of the engine.
func (e *engine) remove(s *memSession) {
	sh := e.shard(s.id)
	sh.mu.Lock()
	delete(sh.sessions, s.id)
	sh.mu.Unlock()
	e.caps.release(s.principal)
	e.broadcast(Signal{Session: s.id, Kind: Deleted})
}

// all yields every session, with no lock held.
func (e *engine) all() func(yield func(*memSession) bool) {
	return func(yield func(*memSession) bool) {
		var some []*memSession
		for i := range e.shards {
			sh := &e.shards[i]
			some = some[:0]
			sh.mu.RLock()
			for _, s := range sh.sessions {
				some = append(some, s)
			}
			sh.mu.RUnlock()
			for _, s := range some {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// memSession is a session, its calls and its streams. The mutex guards all but
// id and principal.
type memSession struct {
	id        string
	principal string

	mu       sync.Mutex
	gone     bool
	record   *Record // replaced, never modified; LastSeen is kept beside it
	seen     time.Time
	calls    map[string]*memCall
	streams  map[string]*memStream
	standing memStream
	inFlight int
	finished finishedCalls
	watches  []*watch
}

// stream returns nil for a stream that does not exist.
func (s *memSession) stream(name string) *memStream {
	if name == Standing {
		return &s.standing
	}
	return s.streams[name]
}
