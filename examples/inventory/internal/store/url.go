package store

import (
	"errors"
	"fmt"
	"strings"
)

const (
	// LargestPool is the most connections that a pool can be configured to have.
	LargestPool = 10_000

	urlForms = "sqlite:PATH, sqlite::memory: or postgres://USER:PASSWORD@HOST:PORT/DATABASE"
)

// parse chooses the engine by the URL's scheme. Its errors do not repeat the URL,
// which can hold a password.
func parse(url string, opts Options) (engine, error) {
	if err := opts.validate(); err != nil {
		return nil, err
	}
	scheme, rest, found := strings.Cut(url, ":")
	switch {
	case !found:
		return nil, errors.New("not a database URL; it takes " + urlForms)
	case scheme == "sqlite":
		return parseSQLite(rest, opts)
	case scheme == "postgres" || scheme == "postgresql":
		return parsePostgres(url, opts)
	}
	return nil, fmt.Errorf("%q is not a known database; it takes %s", scheme, urlForms)
}

func (o Options) validate() error {
	if o.PoolMin < 0 || o.PoolMax < 0 || max(o.PoolMin, o.PoolMax) > LargestPool {
		return fmt.Errorf("a pool of %d to %d connections is not possible: both are 0 to %d", o.PoolMin, o.PoolMax, LargestPool)
	}
	if o.PoolMax > 0 && o.PoolMin > o.PoolMax {
		return fmt.Errorf("the pool's least size %d exceeds its greatest, %d", o.PoolMin, o.PoolMax)
	}
	return nil
}
