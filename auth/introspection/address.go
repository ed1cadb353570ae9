package introspection

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tandem-go/tandem/internal/authserver"
)

const (
	addressTTL = time.Hour
	// addressRetry is how long nobody asks for metadata again that could not be read.
	addressRetry = 2 * time.Second
)

var errNoIntrospection = errors.New("the issuer's metadata has no introspection_endpoint: configure the URL")

// address finds out where to introspect. One caller at a time reads the metadata,
// the others wait for it.
type address struct {
	fixed    string // from the configuration
	issuer   string
	timeout  time.Duration
	discover func(ctx context.Context, issuer string) (authserver.Metadata, error)

	mu    sync.Mutex
	url   string // the last good one
	err   error  // of the last attempt
	until time.Time
}

// get returns the address. One that was found remains good while the metadata
// cannot be read.
func (a *address) get(ctx context.Context) (string, error) {
	if a.fixed != "" {
		return a.fixed, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Now().After(a.until) {
		a.look(ctx)
	}
	if a.url == "" {
		return "", a.err
	}
	return a.url, nil
}

// look is called with a.mu held.
func (a *address) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	m, err := a.discover(ctx, a.issuer)
	if err == nil && m.IntrospectionEndpoint == "" {
		err = errNoIntrospection
	}
	if a.err = err; err != nil {
		a.until = time.Now().Add(addressRetry)
		return
	}
	a.url, a.until = m.IntrospectionEndpoint, time.Now().Add(addressTTL)
}
