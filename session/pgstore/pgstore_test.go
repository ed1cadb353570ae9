package pgstore_test

import (
	"testing"

	"github.com/tandem-go/tandem/internal/pgtest"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/pgstore"
	"github.com/tandem-go/tandem/session/sessiontest"
)

var secret = []byte("0123456789abcdef0123456789abcdef")

func options(l session.Limits) pgstore.Options {
	return pgstore.Options{Limits: l, Secrets: [][]byte{secret}, PoolSize: 4}
}

// The driver keeps the contract that all drivers keep.
func TestContract(t *testing.T) {
	server := pgtest.Start(t)
	sessiontest.Exercise(t, func(t *testing.T, l session.Limits) func() session.Store {
		url := server.Database(t)
		return func() session.Store {
			s, err := pgstore.Open(t.Context(), url, options(l))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return s
		}
	})
}
