package server

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tandem-go/tandem/session"
)

// memoryScheme is of the URL that shares nothing.
const memoryScheme = "memory"

// openTimeout bounds the connection to the shared state at the start.
const openTimeout = 15 * time.Second

// stateScheme returns the scheme of StateURL; without one nothing is shared.
func (c Config) stateScheme() string {
	if c.StateURL == "" {
		return memoryScheme
	}
	scheme, _, _ := strings.Cut(c.StateURL.Reveal(), ":")
	return strings.ToLower(scheme)
}

// sharesState reports whether there are other replicas to reckon with.
func (c Config) sharesState() bool { return c.stateScheme() != memoryScheme }

// checkStateURL never repeats the URL, of which more than the password may be secret.
func (c Config) checkStateURL() error {
	if !isScheme(c.stateScheme()) || c.StateURL != "" && !strings.Contains(c.StateURL.Reveal(), ":") {
		return errors.New("it is no URL; STATE_URL takes memory:, redis://…, rediss://… or postgres://…")
	}
	if !c.sharesState() {
		if c.StateURL != "" && strings.TrimRight(c.StateURL.Reveal()[len(memoryScheme):], "/") != ":" {
			return errors.New("memory: takes nothing after the colon")
		}
		return nil
	}
	if c.MCP.Sessions != nil {
		return errors.New("Config.MCP.Sessions is set too; set one of them")
	}
	if len(c.StateKeys) == 0 {
		return errors.New("replicas that share their state need the same keys: set STATE_KEYS or STATE_KEYS_FILE (Config.StateKeys) " +
			"on all of them to the same secret of at least 32 bytes, such as `openssl rand -base64 32` makes")
	}
	_, err := c.stateDriver()
	return err
}

func isScheme(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool { return isEscaped(c) && c != '+' })
}

// stateDriver returns the driver of StateURL's scheme.
func (c Config) stateDriver() (session.Driver, error) {
	scheme := c.stateScheme()
	for _, d := range c.StateDrivers {
		if slices.Contains(d.Schemes, scheme) {
			return d, nil
		}
	}
	return session.Driver{}, c.missingDriver(scheme)
}

// missingDriver says which line is to be added to the program.
func (c Config) missingDriver(scheme string) error {
	packages := map[string]string{"redis": "redisstore", "rediss": "redisstore", "postgres": "pgstore", "postgresql": "pgstore"}
	name, known := packages[scheme]
	if !known {
		return fmt.Errorf("no driver for %s: is compiled into this program; STATE_URL takes memory:, redis://…, rediss://… or postgres://…", scheme)
	}
	return fmt.Errorf("no driver for %[1]s:// is compiled into this program: import github.com/tandem-go/tandem/session/%[2]s and add it, "+
		"as by server.Main(svc, func(c *server.Config) { c.StateDrivers = append(c.StateDrivers, %[2]s.Driver()) })", scheme, name)
}

// openState connects to the engine that the replicas share. It returns nil where
// they share none.
func (c Config) openState(service string) (session.Store, error) {
	if !c.sharesState() {
		return nil, nil
	}
	driver, err := c.stateDriver()
	if err != nil {
		return nil, err
	}
	secrets, err := c.storeSecrets()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), openTimeout)
	defer cancel()
	store, err := driver.Open(ctx, c.StateURL.Reveal(), session.DriverOptions{
		Service: service, Limits: c.MCP.Limits, Secrets: secrets, Logger: c.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("server: the shared state of STATE_URL (Config.StateURL): %w", err)
	}
	return store, nil
}

// storeSecrets derives the store's secrets from the keys of the service, so that
// neither says anything about the other.
func (c Config) storeSecrets() ([][]byte, error) {
	secrets := make([][]byte, len(c.StateKeys))
	for i, key := range c.StateKeys {
		secret, err := hkdf.Key(sha256.New, []byte(key.Reveal()), nil, "tandem session store 1", shortestStateKey)
		if err != nil {
			return nil, fmt.Errorf("server: Config.StateKeys: %w", err)
		}
		secrets[i] = secret
	}
	return secrets, nil
}

// stateCheck returns the check of the engine, or nil where replicas share nothing.
func (s *Server) stateCheck() func(context.Context) error {
	if s.state == nil {
		return nil
	}
	if p, ok := s.state.(interface{ Ping(context.Context) error }); ok {
		return p.Ping
	}
	return func(ctx context.Context) error {
		if _, err := s.state.Load(ctx, "health"); !errors.Is(err, session.ErrNotFound) {
			return err
		}
		return nil
	}
}

// shareLimits makes the limits count over all replicas, where the store can.
func (s *Server) shareLimits(classes classLimits) {
	tokens, ok := s.state.(tokenStore)
	if !ok {
		return
	}
	o := &outage{logger: s.config.Logger}
	if s.limiter != nil {
		s.limiter.shared = newSharedLimit(tokens, requestsPolicy, s.limiter.rate, o)
	}
	for _, c := range classes {
		c.limiter.shared = newSharedLimit(tokens, c.name, c.limiter.rate, o)
	}
}
