package jwt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tandem-go/tandem/internal/authserver"
)

// maxDocument bounds a JWK Set, in bytes. Those of large providers, with
// certificates, have some 20 KB.
const maxDocument = 256 << 10

var errNoJWKS = errors.New("the issuer's metadata has no jwks_uri: configure the JWKSURL")

// document is where an issuer publishes its keys. One goroutine at a time uses it.
type document struct {
	client *authserver.Client
	issuer string
	fixed  string // from the configuration
	logger *slog.Logger

	discovered string // from the issuer's metadata; "" means to ask for it
	faults     string // those of the last set, which are logged once
}

// load fetches the keys as they are from now on.
func (d *document) load(ctx context.Context, previous *keySet, now time.Time) (*keySet, error) {
	address, err := d.address(ctx)
	if err != nil {
		return nil, err
	}
	body, _, err := d.client.Get(ctx, address, maxDocument)
	if err != nil {
		if errors.Is(err, authserver.ErrBadAnswer) {
			d.discovered = "" // the issuer may have moved it
		}
		return nil, err
	}
	set, faults, err := parseKeySet(body, now, previous)
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w: %w", address, authserver.ErrBadAnswer, err)
	}
	d.report(address, errors.Join(faults...))
	return set, nil
}

func (d *document) address(ctx context.Context) (string, error) {
	if d.fixed != "" {
		return d.fixed, nil
	}
	if d.discovered == "" {
		m, err := d.client.Discover(ctx, d.issuer)
		if err != nil {
			return "", err
		}
		if m.JWKSURI == "" {
			return "", fmt.Errorf("%w: %w", authserver.ErrBadAnswer, errNoJWKS)
		}
		d.discovered = m.JWKSURI
	}
	return d.discovered, nil
}

func (d *document) report(address string, faults error) {
	text := ""
	if faults != nil {
		text = faults.Error()
	}
	if text != "" && text != d.faults {
		d.logger.Warn("some keys of an issuer are not used", "address", address, "cause", text)
	}
	d.faults = text
}
