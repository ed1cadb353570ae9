package pgstore_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tandem-go/tandem/internal/pgtest"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/sessiontest"
)

// Begins and final Appends of many owners, on two replicas whose connections break
// all the time, come out as if they had been done one after the other.
func linearizable(t *testing.T, server *pgtest.Server) {
	url := server.Database(t)
	var proxies []*pgtest.Proxy
	var stores []session.Store
	for range 2 {
		p := server.Proxy(t)
		o := options(session.Limits{})
		o.Timeout = 200 * time.Millisecond // gives up where it would try again
		proxies, stores = append(proxies, p), append(stores, open(t, p.URL(url), o))
	}
	id := newSession(t, open(t, url, options(session.Limits{})))
	sessiontest.Linearizable(t, stores, id, func(ctx context.Context) {
		for ctx.Err() == nil {
			time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
			proxies[rand.IntN(2)].Cut()
		}
	})
}
