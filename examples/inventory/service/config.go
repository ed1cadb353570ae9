package service

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/internal/stock"
	"github.com/tandem-go/tandem/examples/inventory/internal/store"
	"github.com/tandem-go/tandem/server"
)

const (
	defaultDatabase  = "sqlite:inventory.db"
	shortestKey      = 32 // bytes of CURSOR_KEY: as many as its HMAC-SHA256 has
	longestStepDelay = time.Minute
)

// Usage lists the variables that [FromEnv] reads.
const Usage = `Environment of the inventory:
  DATABASE_URL       sqlite:PATH, sqlite::memory: or postgres://…; default: sqlite:inventory.db
  DATABASE_URL_FILE  a file that holds it instead
  DB_POOL_MIN        connections that are kept open
  DB_POOL_MAX        connections at most; default: what suits the engine
  CURSOR_KEY         secret of at least 32 bytes that signs list cursors, the same on every replica
  CURSOR_KEY_FILE    a file that holds it instead
  RECOUNT_DELAY      how long a recount takes per step; default: 200ms`

// Config configures the service; the zero value means the defaults that each
// field states.
type Config struct {
	// DatabaseURL is sqlite:PATH, sqlite::memory: or postgres://…; empty means the
	// file inventory.db in the working folder. It can hold a password.
	DatabaseURL tandem.Secret
	// PoolMin and PoolMax bound the database pool; zero means the engine's default.
	PoolMin, PoolMax int
	// CursorKey signs list cursors; empty means a random one, so that cursors end
	// with the process and are not shared by replicas.
	CursorKey tandem.Secret
	// RecountDelay is how long a recount takes per step of 25 products; zero means
	// 200 ms, a negative one no delay.
	RecountDelay time.Duration
}

func (c Config) databaseURL() string {
	if c.DatabaseURL == "" {
		return defaultDatabase
	}
	return c.DatabaseURL.Reveal()
}

// FromEnv reads the configuration from variables, such as those of os.LookupEnv:
// DATABASE_URL, DB_POOL_MIN, DB_POOL_MAX, CURSOR_KEY and RECOUNT_DELAY, and the two
// secrets among them from the files of DATABASE_URL_FILE and CURSOR_KEY_FILE. An
// unset or empty variable means the default. The error names the variable and what
// it takes.
func FromEnv(lookup func(string) (string, bool)) (Config, error) {
	getenv := func(name string) string {
		value, _ := lookup(name)
		return value
	}
	var (
		cfg Config
		err error
	)
	if cfg.DatabaseURL, err = server.LookupSecret(lookup, "DATABASE_URL"); err != nil {
		return Config{}, err
	}
	if cfg.CursorKey, err = server.LookupSecret(lookup, "CURSOR_KEY"); err != nil {
		return Config{}, err
	}
	if cfg.PoolMin, err = poolSize(getenv, "DB_POOL_MIN", 0); err != nil {
		return Config{}, err
	}
	if cfg.PoolMax, err = poolSize(getenv, "DB_POOL_MAX", 1); err != nil {
		return Config{}, err
	}
	if cfg.PoolMax > 0 && cfg.PoolMin > cfg.PoolMax {
		return Config{}, fmt.Errorf("DB_POOL_MIN=%d exceeds DB_POOL_MAX=%d", cfg.PoolMin, cfg.PoolMax)
	}
	if n := len(cfg.CursorKey); n > 0 && n < shortestKey {
		return Config{}, fmt.Errorf("CURSOR_KEY has %d bytes; it takes a secret of at least %d, the same on every replica", n, shortestKey)
	}
	if cfg.RecountDelay, err = stepDelay(getenv("RECOUNT_DELAY")); err != nil {
		return Config{}, err
	}
	if _, err := store.Open(cfg.databaseURL(), store.Options{PoolMin: cfg.PoolMin, PoolMax: cfg.PoolMax}); err != nil {
		return Config{}, fmt.Errorf("DATABASE_URL: %w", err)
	}
	return cfg, nil
}

// poolSize reads a number of connections; unset means zero, the engine's default.
func poolSize(getenv func(string) string, variable string, least int) (int, error) {
	text := getenv(variable)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > store.LargestPool {
		return 0, fmt.Errorf("%s=%q: it takes a number of connections from %d to %d", variable, text, least, store.LargestPool)
	}
	return n, nil
}

// stepDelay reads RECOUNT_DELAY; "0s" means no delay, which a Config says by a
// negative one.
func stepDelay(text string) (time.Duration, error) {
	if text == "" {
		return stock.DefaultStepDelay, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || d > longestStepDelay {
		return 0, fmt.Errorf("RECOUNT_DELAY=%q: it takes a duration per step from 0s to %v, such as 200ms", text, longestStepDelay)
	}
	if d == 0 {
		return -1, nil
	}
	return d, nil
}
