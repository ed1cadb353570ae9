package redisstore_test

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"testing"
	"time"

	"github.com/tandem-go/tandem/internal/redistest"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/redisstore"
	"github.com/tandem-go/tandem/session/sessiontest"
)

var secret = bytes.Repeat([]byte("secret "), 5)

// options are those of a test's replicas: of an engine that is empty, since
// the prefix is new.
func options() redisstore.Options {
	return redisstore.Options{
		Secrets: [][]byte{secret},
		Prefix:  rand.Text() + ":",
		Logger:  slog.New(slog.DiscardHandler),
	}
}

// open opens a replica that is closed when the test ends.
func open(t testing.TB, url string, o redisstore.Options) *redisstore.Store {
	t.Helper()
	s, err := redisstore.Open(t.Context(), url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the engine may be gone
	return s
}

func exercise(t *testing.T, url string) {
	sessiontest.Exercise(t, func(t *testing.T, l session.Limits) func() session.Store {
		o := options()
		o.Limits = l
		return func() session.Store { return open(t, url, o) }
	})
}

// The driver keeps the contract on a single server.
func TestContract(t *testing.T) { exercise(t, redistest.Start(t).URL()) }

// The driver keeps the contract on a cluster, where no step may touch two slots.
func TestContractOnCluster(t *testing.T) { exercise(t, redistest.StartCluster(t).URL()) }

// patience is how long a test waits for what must come.
const patience = 20 * time.Second
