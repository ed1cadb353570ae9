package pgstore

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tandem-go/tandem/session"
)

// repetition says whether a step may run again after it may have run.
type repetition bool

const (
	repeatable repetition = true
	once       repetition = false
)

// A step is tried again, after a pause that doubles, while what it did was undone,
// as by a serialization failure; and a few times where its connection was an old one
// that broke, as after a restart of the server.
const (
	tries      = 5
	firstPause = 10 * time.Millisecond
	lastPause  = 100 * time.Millisecond
)

// step runs one step of the contract in the pool. Its error is the context's,
// ErrClosed, ErrUnavailable, or one of the server that says what is wrong.
func (s *Store) step(ctx context.Context, r repetition, do func(ctx context.Context) error) error {
	if s.closed.Load() {
		return session.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	pause := firstPause
	for try := 1; ; try++ {
		err := do(bounded)
		if err == nil {
			return nil
		}
		again := undone(err) || try < tries && mayRepeat(err, r)
		if !again || !sleep(bounded, pause/2+rand.N(pause)) {
			return s.verdict(ctx, err)
		}
		pause = min(2*pause, lastPause)
	}
}

// verdict says what an error means to the caller.
func (s *Store) verdict(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case s.closed.Load():
		return session.ErrClosed
	case unavailable(err):
		return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
	}
	return err
}

// undone reports whether the server rolled back what would be done if it were
// tried again: a serialization failure or a deadlock.
func undone(err error) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && (e.Code == "40001" || e.Code == "40P01")
}

// mayRepeat reports whether a step that failed with the error may be tried again.
func mayRepeat(err error, r repetition) bool {
	return pgconn.SafeToRetry(err) || r == repeatable && lost(err)
}

// lost reports whether the connection broke.
func lost(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return strings.HasPrefix(e.Code, "08") || strings.HasPrefix(e.Code, "57P")
	}
	return unavailable(err) && !errors.Is(err, context.DeadlineExceeded)
}

// unavailable reports whether the server could not be reached or could not do its
// work, whatever it was asked.
func unavailable(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return unavailableCode(e.Code)
	}
	_, ours := errors.AsType[pgx.ScanArgError](err)
	return !ours && !errors.Is(err, pgx.ErrNoRows)
}

// unavailableCode goes by the classes of SQLSTATE (PostgreSQL, appendix A).
func unavailableCode(code string) bool {
	switch code {
	case "25006", // read-only: a standby, or a primary that has become one
		"57014": // cancelled, as by statement_timeout
		return true
	}
	for _, class := range []string{
		"08",    // connection
		"40",    // rolled back, once too often
		"53",    // resources: connections, memory, disk
		"55P03", // a lock was not to be had in lock_timeout
		"57P",   // shutting down, starting up
		"58",    // system error
		"XX",    // internal error
	} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return false
}

// sleep reports whether the context outlived the pause.
func sleep(ctx context.Context, pause time.Duration) bool {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
