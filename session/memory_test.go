package session_test

import (
	"testing"

	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/sessiontest"
)

// The in-memory driver keeps the contract that all drivers keep.
func TestMemoryContract(t *testing.T) {
	sessiontest.Exercise(t, func(t *testing.T, l session.Limits) func() session.Store {
		first := session.NewMemory(session.MemoryConfig{Limits: l})
		return func() session.Store {
			m := first.Join()
			t.Cleanup(func() { m.Close() })
			return m
		}
	})
}
