package idempotency

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// MemoryConfig bounds what [Memory] keeps. The zero value of a field means its
// default.
type MemoryConfig struct {
	Records             int // results in all; default 100,000
	RecordsPerPrincipal int // results of one principal; default 10,000
	Bytes               int // bytes of results in all; default 64 MiB
}

// Memory is the [Store] of a service that runs as one process, for as long as it
// does. It has no transaction: what a handler that failed has done stays done.
type Memory struct {
	cfg MemoryConfig

	mu         sync.Mutex
	records    map[[32]byte]*memRecord
	principals map[string]int
	bytes      int
	swept      time.Time
}

type memRecord struct {
	principal string
	hash      [32]byte
	done      bool
	result    []byte
	expires   time.Time // once it is done
}

var _ Store = (*Memory)(nil)

// NewMemory returns an empty store. It panics if a bound is negative.
func NewMemory(cfg MemoryConfig) *Memory {
	for _, f := range []struct {
		name string
		v    *int
		def  int
	}{
		{"Records", &cfg.Records, 100_000},
		{"RecordsPerPrincipal", &cfg.RecordsPerPrincipal, 10_000},
		{"Bytes", &cfg.Bytes, 64 << 20},
	} {
		if *f.v < 0 {
			panic(fmt.Sprintf("idempotency: MemoryConfig.%s is negative", f.name))
		}
		if *f.v == 0 {
			*f.v = f.def
		}
	}
	return &Memory{cfg: cfg, records: make(map[[32]byte]*memRecord), principals: make(map[string]int)}
}

// Begin implements [Store].
func (m *Memory) Begin(ctx context.Context, s Start) (Begun, error) {
	if err := ctx.Err(); err != nil {
		return Begun{}, err
	}
	id := s.Key.ID()
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.records[id]
	if r != nil && r.done && !time.Now().Before(r.expires) {
		m.forget(id, r)
		r = nil
	}
	switch {
	case r == nil:
		return m.claim(id, s)
	case r.hash != s.Hash:
		return Begun{}, ErrReused
	case !r.done:
		return Begun{}, ErrInFlight
	}
	return Begun{Result: r.result}, nil
}

func (m *Memory) claim(id [32]byte, s Start) (Begun, error) {
	if m.full(s.Key.Principal) && time.Since(m.swept) > time.Second { // it looks at every record
		m.sweep()
	}
	if m.full(s.Key.Principal) {
		return Begun{}, ErrFull
	}
	r := &memRecord{principal: s.Key.Principal, hash: s.Hash}
	m.records[id] = r
	m.principals[r.principal]++
	return Begun{Attempt: &memAttempt{store: m, id: id, record: r, keepFor: s.KeepFor}}, nil
}

func (m *Memory) full(principal string) bool {
	return len(m.records) >= m.cfg.Records || m.bytes >= m.cfg.Bytes || m.principals[principal] >= m.cfg.RecordsPerPrincipal
}

func (m *Memory) forget(id [32]byte, r *memRecord) {
	delete(m.records, id)
	m.bytes -= len(r.result)
	if m.principals[r.principal]--; m.principals[r.principal] == 0 {
		delete(m.principals, r.principal)
	}
}

// Sweep implements [Store].
func (m *Memory) Sweep(ctx context.Context) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sweep(), nil
}

func (m *Memory) sweep() (n int) {
	now := time.Now()
	m.swept = now
	for id, r := range m.records {
		if r.done && !now.Before(r.expires) {
			m.forget(id, r)
			n++
		}
	}
	return n
}

// memAttempt is a claim in a [Memory].
type memAttempt struct {
	store   *Memory
	id      [32]byte
	record  *memRecord
	keepFor time.Duration
}

func (a *memAttempt) Context(ctx context.Context) context.Context { return ctx }

func (a *memAttempt) Finish(_ context.Context, result []byte) error {
	m := a.store
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records[a.id] != a.record || a.record.done {
		return errors.New("idempotency: the attempt has ended")
	}
	a.record.done, a.record.result, a.record.expires = true, result, time.Now().Add(a.keepFor)
	m.bytes += len(result)
	return nil
}

func (a *memAttempt) Abandon(context.Context) error {
	m := a.store
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.records[a.id] == a.record && !a.record.done {
		m.forget(a.id, a.record)
	}
	return nil
}
