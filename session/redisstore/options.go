package redisstore

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/tandem-go/tandem/session"
)

// minSecret is how long a secret must be, in bytes.
const minSecret = 16

// Options configure [Open]. Secrets alone are required.
type Options struct {
	Limits session.Limits

	// Secrets authenticate what replicas read of each other. The first one
	// signs, all of them verify: to replace one, deploy the new one in second
	// place, then in first. Each has at least 16 bytes, best 32 random ones.
	Secrets [][]byte

	// Prefix begins every key and channel, so that services can share an
	// engine; default "tandem:". Replicas that share sessions share it.
	Prefix string

	// AliveFor is how long a replica that does not renew its key counts as
	// alive, as one that hangs does; default 5 s.
	AliveFor time.Duration

	// Timeout bounds each step on the engine, the wait for a connection
	// included; default 2 s.
	Timeout time.Duration

	// PoolSize is how many connections are kept to each node of the engine; the
	// default is 10 for each CPU.
	PoolSize int

	// TLS configures the connections of rediss:// URLs; nil for the system's
	// certificate authorities.
	TLS *tls.Config

	// Logger gets warnings; nil for slog.Default().
	Logger *slog.Logger
}

// resolved returns the options with defaults filled in.
func (o Options) resolved() (Options, error) {
	var err error
	if o.Limits, err = o.Limits.Resolved(); err != nil {
		return o, err
	}
	if len(o.Secrets) == 0 {
		return o, errors.New("redisstore: Options.Secrets is empty: give the same random bytes to every replica")
	}
	for _, s := range o.Secrets {
		if len(s) < minSecret {
			return o, fmt.Errorf("redisstore: one of Options.Secrets has %d bytes, fewer than %d", len(s), minSecret)
		}
	}
	if strings.ContainsAny(o.Prefix, "{}") {
		return o, errors.New("redisstore: Options.Prefix has a brace, which would gather all sessions in one slot")
	}
	if o.AliveFor < 0 || o.Timeout < 0 || o.PoolSize < 0 {
		return o, errors.New("redisstore: Options.AliveFor, Timeout or PoolSize is negative")
	}
	if o.Prefix == "" {
		o.Prefix = "tandem:"
	}
	if o.AliveFor == 0 {
		o.AliveFor = 5 * time.Second
	}
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o, nil
}

// beat is how often a replica renews its key.
func (o *Options) beat() time.Duration { return max(o.AliveFor/25, time.Millisecond) }

// suspectFor is how long a replica must be missing to be dead: long enough for
// one that lives to subscribe again after its connection broke.
func (o *Options) suspectFor() time.Duration { return o.beat() * 3 / 2 }

// expiry is when a session that no replica sweeps any more is deleted.
func (o *Options) expiry() time.Duration { return max(4*o.Limits.IdleAfter, time.Minute) }
