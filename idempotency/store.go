package idempotency

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"time"
)

// Store keeps what tries of calls have returned. Its clauses are cases of the suite in
// idempotencytest.
//
//   - A method is safe for use by many goroutines, and heeds its context.
//   - All stores on one engine see the same records.
//   - An engine that cannot be reached is an error that wraps [ErrUnavailable].
//   - Byte slices are shared: neither side modifies what it has given or was given.
type Store interface {
	// Begin looks the key up and claims it if it is new.
	//
	//   - Of concurrent Begins with one key at most one gets an Attempt; the
	//     others are [ErrInFlight], or wait for it and get its result.
	//   - After Finish it gives the result, until that has been kept for KeepFor.
	//   - A finished key with another Hash is [ErrReused]; one in flight may be
	//     ErrInFlight instead.
	//   - After Abandon, and after the death of the process that had the attempt, the
	//     key is new.
	//   - A store that is bounded says [ErrFull] to a new key.
	Begin(ctx context.Context, s Start) (Begun, error)

	// Sweep forgets some of the results that have been kept for long enough, and
	// returns how many. It takes no longer than a call may be held up.
	Sweep(ctx context.Context) (int, error)
}

// Attempt is a claim to a key, which ends with Finish or Abandon.
type Attempt interface {
	// Context returns the context in which the handler runs: if the store has a
	// transaction, [Tx] finds it there.
	Context(ctx context.Context) context.Context

	// Finish keeps the result, together with what the handler did in the
	// transaction. If it fails nothing is kept, unless the error is ErrUnavailable:
	// then it may be.
	Finish(ctx context.Context, result []byte) error

	// Abandon ends the attempt as if it had never begun, with what the handler did
	// in the transaction. After Finish it does nothing.
	Abandon(ctx context.Context) error
}

// Start is a call that is about to be tried.
type Start struct {
	Key     Key
	Hash    [32]byte      // of the arguments
	KeepFor time.Duration // how long the result is kept
}

// Begun is the answer of Begin: an attempt, or the result of an earlier one.
type Begun struct {
	Attempt Attempt // nil if there is a result
	Result  []byte
}

// Key names a call.
type Key struct {
	Principal string // of the caller; empty for none
	Operation string // its name
	Key       string // the caller's own
}

// ID returns the SHA-256 of the key, which is what stores go by: it has one size,
// and tells nothing.
func (k Key) ID() [32]byte {
	var b []byte
	for _, part := range []string{k.Principal, k.Operation, k.Key} {
		b = binary.AppendUvarint(b, uint64(len(part))) // so that no two keys run together
		b = append(b, part...)
	}
	return sha256.Sum256(b)
}

// The errors of a [Store], to be tested for with errors.Is.
var (
	ErrInFlight    = errors.New("idempotency: a call with this key is in flight")
	ErrReused      = errors.New("idempotency: the key was used with other arguments")
	ErrFull        = errors.New("idempotency: too many results are kept")
	ErrUnavailable = errors.New("idempotency: store cannot be reached")
)

type txKey struct{}

// WithTx returns a context in which [Tx] finds the transaction: how a store hands it
// to the handler.
func WithTx(ctx context.Context, tx any) context.Context { return context.WithValue(ctx, txKey{}, tx) }

// Tx returns the transaction with which this call's record commits, of the type that
// the store works with: *sql.Tx, or pgx.Tx. It is false where there is none, as in a
// call without a key, or one of another type.
func Tx[T any](ctx context.Context) (T, bool) {
	tx, ok := ctx.Value(txKey{}).(T)
	return tx, ok
}
