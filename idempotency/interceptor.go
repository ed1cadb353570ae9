package idempotency

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-go/tandem"
)

// MetaKey is where an MCP request has its key in _meta; the doors read it.
const MetaKey = "io.github.tandem-go/idempotency-key"

const (
	maxKey     = 255
	sweepEvery = time.Minute
	endTimeout = 10 * time.Second // how long an attempt may take to end
)

// Options configure [Interceptor]. The zero value of a field means its default.
type Options struct {
	// KeepFor is how long a result is kept; default 24 h.
	KeepFor time.Duration
	// Logger takes errors of the store that no caller hears of; default
	// [slog.Default].
	Logger *slog.Logger
}

// Interceptor returns what makes the service's operations keep the promise of
// [tandem.Operation].Idempotency. Add it by [tandem.Service.Use]. It sweeps the store once a minute, in
// the course of a call. It panics if KeepFor is negative.
func Interceptor(store Store, o Options) tandem.Interceptor {
	if o.KeepFor < 0 {
		panic("idempotency: Options.KeepFor is negative")
	}
	if o.KeepFor == 0 {
		o.KeepFor = 24 * time.Hour
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	k := &keeper{store: store, Options: o}
	return func(next tandem.Invoker) tandem.Invoker {
		return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
			return k.invoke(ctx, call, next)
		}
	}
}

// keeper keeps the results of a service's calls.
type keeper struct {
	Options
	store Store
	swept atomic.Int64 // when it was swept last, in Unix seconds
}

func (k *keeper) invoke(ctx context.Context, call *tandem.Call, next tandem.Invoker) (tandem.Result, error) {
	if call.Operation.Idempotency == 0 || call.Completing != "" {
		return next(ctx, call)
	}
	if err := checkKey(call); err != nil {
		return tandem.Result{}, err
	}
	hash, ok := argumentsHash(call)
	if call.IdempotencyKey == "" || !ok {
		return next(ctx, call)
	}
	begun, err := k.store.Begin(ctx, Start{
		Key: Key{
			Principal: tandem.PrincipalFrom(ctx).Key(),
			Operation: call.Operation.Name,
			Key:       call.IdempotencyKey,
		},
		Hash:    hash,
		KeepFor: k.KeepFor,
	})
	switch {
	case err != nil:
		return tandem.Result{}, refusal(ctx, err)
	case begun.Attempt == nil:
		return decodeResult(begun.Result)
	}
	return k.try(ctx, call, next, begun.Attempt)
}

// checkKey refuses a key that is none, and the lack of one that is needed.
func checkKey(call *tandem.Call) error {
	switch {
	case call.IdempotencyKey == "" && call.Operation.Idempotency == tandem.Required:
		return tandem.Errorf(tandem.InvalidArgument,
			"operation %q needs an idempotency key, by which it can be tried again without a second effect: send a new UUID as the header Idempotency-Key, or over MCP as %q in _meta", call.Operation.Name, MetaKey)
	case len(call.IdempotencyKey) > maxKey:
		return tandem.Errorf(tandem.InvalidArgument, "the idempotency key is longer than %d bytes", maxKey)
	}
	return nil
}

// argumentsHash returns the hash of the arguments, whatever their order and layout.
// It is false for arguments that the validation refuses anyway.
func argumentsHash(call *tandem.Call) (hash [32]byte, ok bool) {
	if len(call.Invalid) > 0 {
		return hash, false
	}
	// Numbers are compared as they are written: as floats, large ids would be equal.
	v := jsontext.Value(append([]byte(nil), call.Arguments...))
	if err := v.Canonicalize(jsontext.CanonicalizeRawInts(false), jsontext.CanonicalizeRawFloats(false)); err != nil {
		return hash, false
	}
	return sha256.Sum256(v), true
}

// refusal is what the caller hears of an error of Begin.
func refusal(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, ErrInFlight):
		return tandem.Errorf(tandem.Aborted, "a call with this idempotency key is in flight; try again for its result").WithRetryAfter(time.Second)
	case errors.Is(err, ErrReused):
		e := tandem.Errorf(tandem.InvalidArgument, "the idempotency key was used with other arguments; a new call needs a new key")
		e.HTTPStatus = 422 // draft-ietf-httpapi-idempotency-key-header, section 2.7
		return e
	case errors.Is(err, ErrFull):
		return tandem.Errorf(tandem.ResourceExhausted, "too many idempotency keys are in use").WithRetryAfter(time.Minute)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return tandem.Errorf(tandem.Unavailable, "idempotency keys cannot be looked up now; try again with the same key").WithCause(err).WithRetryAfter(time.Second)
}

// try carries the call out and ends the attempt, even if the handler panics.
func (k *keeper) try(ctx context.Context, call *tandem.Call, next tandem.Invoker, a Attempt) (result tandem.Result, err error) {
	ending := context.WithoutCancel(ctx) // what was done is kept even if the caller has gone
	finished := false
	defer func() {
		if !finished {
			k.abandon(ending, a)
		}
	}()
	if result, err = next(a.Context(ctx), call); err != nil {
		return result, err
	}
	if err = k.finish(ending, a, result); err != nil {
		return tandem.Result{}, tandem.Errorf(tandem.Unavailable, "whether the call had its effect is not known; try again with the same idempotency key").WithCause(err).WithRetryAfter(time.Second)
	}
	finished = true
	k.sweep(ending)
	return result, nil
}

func (k *keeper) finish(ctx context.Context, a Attempt, result tandem.Result) error {
	encoded, err := encodeResult(result)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	return a.Finish(ctx, encoded)
}

func (k *keeper) abandon(ctx context.Context, a Attempt) {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	if err := a.Abandon(ctx); err != nil {
		k.Logger.WarnContext(ctx, "idempotency: an attempt was not abandoned", "error", err)
	}
}

// sweep lets one call a minute forget what is old.
func (k *keeper) sweep(ctx context.Context) {
	last, now := k.swept.Load(), time.Now()
	if now.Sub(time.Unix(last, 0)) < sweepEvery || !k.swept.CompareAndSwap(last, now.Unix()) {
		return
	}
	if _, err := k.store.Sweep(ctx); err != nil {
		k.Logger.WarnContext(ctx, "idempotency: old results were not forgotten", "error", err)
	}
}
