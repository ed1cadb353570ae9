package pgstore

import (
	"context"
	"errors"
	"fmt"
	"net"
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

// How often and after what pause a step is tried again: while what it did was
// undone, as by a serialization failure, and where its connection was
// an old one that broke, as after a restart of the server.
const (
	tries      = 5
	firstPause = 10 * time.Millisecond
)

// step runs one step of the contract in the pool. Its error is the context's,
// ErrClosed, ErrUnavailable, or one that the step itself has returned.
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
		if try == tries || !mayRepeat(err, r) || !sleep(bounded, pause) {
			return s.verdict(ctx, err)
		}
		pause *= 2
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

// mayRepeat reports whether a step that failed with the error may be tried again.
func mayRepeat(err error, r repetition) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && rolledBack(e.Code) {
		return true
	}
	if pgconn.SafeToRetry(err) {
		return true
	}
	return r == repeatable && lost(err)
}

// rolledBack are the serialization failure and the deadlock.
func rolledBack(code string) bool { return code == "40001" || code == "40P01" }

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
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}
	if _, ok := errors.AsType[*stepError](err); ok {
		return false
	}
	return !errors.Is(err, pgx.ErrNoRows) && !errors.Is(err, pgx.ErrTooManyRows)
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

// stepError is what a step itself has to say.
type stepError struct{ error }

func (e *stepError) Unwrap() error { return e.error }

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
