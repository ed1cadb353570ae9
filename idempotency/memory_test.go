package idempotency_test

import (
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem/idempotency"
	"github.com/tandem-go/tandem/idempotency/idempotencytest"
)

// The in-memory store keeps the contract that all stores keep.
func TestMemoryContract(t *testing.T) {
	idempotencytest.Exercise(t, func(*testing.T) func() idempotency.Store {
		m := idempotency.NewMemory(idempotency.MemoryConfig{})
		return func() idempotency.Store { return m }
	})
}

func begin(t *testing.T, m *idempotency.Memory, principal, key string) error {
	t.Helper()
	b, err := m.Begin(t.Context(), idempotency.Start{Key: idempotency.Key{Principal: principal, Key: key}, KeepFor: time.Hour})
	if err != nil {
		return err
	}
	return b.Attempt.Finish(t.Context(), make([]byte, 10))
}

// What is kept is bounded: in number, for each principal, and in bytes. A new key is
// refused then, since to forget an old one would break its promise; an old one still
// gives its result. What has been kept for long enough makes room.
func TestMemoryIsBounded(t *testing.T) {
	for name, cfg := range map[string]idempotency.MemoryConfig{
		"records":               {Records: 5},
		"records per principal": {RecordsPerPrincipal: 5},
		"bytes":                 {Bytes: 50},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := idempotency.NewMemory(cfg)
				for i := range 5 {
					if err := begin(t, m, "alice", strconv.Itoa(i)); err != nil {
						t.Fatal(err)
					}
				}
				if err := begin(t, m, "alice", "one more"); !errors.Is(err, idempotency.ErrFull) {
					t.Errorf("one key too many is %v, want ErrFull", err)
				}
				if err := begin(t, m, "bob", "1"); (err == nil) != (cfg.RecordsPerPrincipal > 0) {
					t.Errorf("the key of another principal is %v", err)
				}
				time.Sleep(time.Hour)
				if err := begin(t, m, "alice", "one more"); err != nil {
					t.Errorf("a key is refused after the old ones have been kept for long enough: %v", err)
				}
			})
		})
	}
}
