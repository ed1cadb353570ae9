package redisstore_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tandem-go/tandem/internal/redistest"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/sessiontest"
)

// Rate limits count over all replicas; an engine that is away is told from a bucket
// that is empty.
func TestSpend(t *testing.T) {
	server := redistest.Start(t)
	o := options()
	a, b := open(t, server.URL(), o), open(t, server.URL(), o)
	sessiontest.RunSpend(t, a, b)
	server.Stop(t)
	if _, _, err := a.Spend(t.Context(), "together", 1, 3, time.Hour); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("without an engine: %v", err)
	}
}

// A bucket is in one slot, wherever that is.
func TestSpendOnCluster(t *testing.T) {
	url := redistest.StartCluster(t).URL()
	o := options()
	sessiontest.RunSpend(t, open(t, url, o), open(t, url, o))
}
