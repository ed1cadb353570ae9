package pgstore

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/tandem-go/tandem/internal/seal"
	"github.com/tandem-go/tandem/session"
)

// maxSchema leaves room for what a channel's name begins with.
const maxSchema = 50

// Options configure [Open] and [New]. Secrets alone are required; the
// zero value of another field means its default.
type Options struct {
	Limits session.Limits

	// Secrets seal what makes another replica act. Required: at least one, each
	// of 32 bytes or more, the same for all replicas. The first one seals, all of
	// them open, so that they can be rotated.
	Secrets [][]byte

	// Schema is the schema of the tables; default "tandem".
	Schema string

	// Relaxed lets a write return before it is on the server's disk: see the
	// package's documentation for what a crash of the server then loses.
	Relaxed bool

	// PoolSize bounds the pool that Open makes; default what the URL says by
	// pool_max_conns, else the greater of 4 and the number of CPUs.
	PoolSize int

	// Timeout bounds each step, the wait for a connection included; default 2 s. A
	// step that has not ended then is [session.ErrUnavailable].
	Timeout time.Duration

	// NotifyEvery is the least time between two NOTIFYs of a replica; default 5 ms.
	NotifyEvery time.Duration

	// BeatEvery is the time between two signs of life; default 250 ms. A replica
	// that died is known to be dead after about four of them.
	BeatEvery time.Duration

	// AliveFor is how long a replica that gives no sign of life, though its
	// connection seems to be there, counts as alive, as one that hangs does;
	// default 5 s.
	AliveFor time.Duration

	// Logger takes what nobody else hears of: lost connections and what could not
	// be verified. Default [slog.Default].
	Logger *slog.Logger
}

// settings are options that have been checked.
type settings struct {
	Options
	keys *seal.Keys
}

// lateAfter is when a sign of life counts as late.
func (o *settings) lateAfter() time.Duration { return 3 * o.BeatEvery }

func (o Options) resolved() (settings, error) {
	s := settings{Options: o}
	var err error
	if s.Limits, err = o.Limits.Resolved(); err != nil {
		return s, fmt.Errorf("pgstore: %w", err)
	}
	if len(o.Secrets) == 0 {
		return s, errors.New("pgstore: Options.Secrets is empty: replicas authenticate what they tell each other by it")
	}
	if s.keys, err = seal.New(o.Secrets...); err != nil {
		return s, fmt.Errorf("pgstore: Options.Secrets: %w", err)
	}
	if o.PoolSize < 0 {
		return s, errors.New("pgstore: Options.PoolSize is negative")
	}
	if s.Schema == "" {
		s.Schema = "tandem"
	}
	if len(s.Schema) > maxSchema {
		return s, errors.New("pgstore: Options.Schema is longer than 50 bytes")
	}
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	return s, s.resolveTimes()
}

func (s *settings) resolveTimes() error {
	for _, f := range []struct {
		name string
		v    *time.Duration
		def  time.Duration
	}{
		{"Timeout", &s.Timeout, 2 * time.Second},
		{"NotifyEvery", &s.NotifyEvery, 5 * time.Millisecond},
		{"BeatEvery", &s.BeatEvery, 250 * time.Millisecond},
		{"AliveFor", &s.AliveFor, 5 * time.Second},
	} {
		if *f.v < 0 {
			return fmt.Errorf("pgstore: Options.%s is negative", f.name)
		}
		if *f.v == 0 {
			*f.v = f.def
		}
	}
	if s.AliveFor < s.lateAfter() {
		return fmt.Errorf("pgstore: Options.AliveFor is less than three times BeatEvery, %s", s.lateAfter())
	}
	return nil
}
