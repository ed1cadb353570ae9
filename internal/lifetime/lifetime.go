// Package lifetime ends what outlives its request, such as a stream, with the
// credentials that the request came with.
package lifetime

import (
	"context"
	"sync"
	"time"

	"github.com/tandem-go/tandem"
)

// MaxUnknown is how many checks in a row may find nobody who can say whether the
// credentials are still good. The next one ends them: a fault of whoever issues
// them must not make them last for ever, nor cut every stream at once.
const MaxUnknown = 20

// What a caller reads of the end.
const (
	endedDetail   = "the credentials of this request have ended; go on with new ones"
	unknownDetail = "the credentials of this request can not be checked any more; try again later"
)

// Watch calls end once, on a goroutine of its own, when the credentials of the
// request of ctx are not good any more: at [tandem.Principal.Expires], and when
// [tandem.Reverify], which it asks every so often, refuses them or has not known for
// more than [MaxUnknown] times. The error is what the caller may read, Unauthenticated
// or Unavailable, with the cause in its chain.
//
// It takes no goroutine meanwhile. The watch is over when ctx is, or by stop, which
// does not wait for an end that is under way.
func Watch(ctx context.Context, every time.Duration, end func(*tandem.Error)) (stop func()) {
	if !tandem.CanEnd(ctx) {
		return func() {}
	}
	w := &watch{ctx: ctx, every: every, end: end}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.check = time.AfterFunc(every, w.ask)
	if p := tandem.PrincipalFrom(ctx); p != nil && !p.Expires.IsZero() {
		w.expiry = time.AfterFunc(time.Until(p.Expires), w.expire)
	}
	return w.stop
}

type watch struct {
	ctx   context.Context // of the request, whose credentials are in it
	every time.Duration
	end   func(*tandem.Error)

	mu      sync.Mutex
	over    bool
	check   *time.Timer
	expiry  *time.Timer // nil for credentials that do not expire
	unknown int         // checks in a row without a verdict
}

func (w *watch) stop() { w.close() }

// close ends the watch and reports whether it was not over.
func (w *watch) close() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return false
	}
	w.over = true
	w.check.Stop()
	if w.expiry != nil {
		w.expiry.Stop()
	}
	return true
}

func (w *watch) expire() { w.finish(tandem.Errorf(tandem.Unauthenticated, endedDetail)) }

func (w *watch) finish(e *tandem.Error) {
	if w.close() {
		w.end(e)
	}
}

// ask is one check. It may take as long as the next one is away.
func (w *watch) ask() {
	ctx, cancel := context.WithTimeout(w.ctx, w.every)
	defer cancel()
	err := tandem.Reverify(ctx)
	switch {
	case w.ctx.Err() != nil:
		w.close()
	case err != nil && !isUnknown(err):
		w.finish(tandem.Errorf(tandem.Unauthenticated, endedDetail).WithCause(err))
	case !w.again(err != nil):
		w.finish(tandem.Errorf(tandem.Unavailable, unknownDetail).WithCause(err))
	}
}

// again plans the next check, unless too many in a row were without a verdict.
func (w *watch) again(unknown bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unknown++
	if !unknown {
		w.unknown = 0
	}
	if w.unknown > MaxUnknown {
		return false
	}
	if !w.over {
		w.check.Reset(w.every)
	}
	return true
}

// isUnknown reports whether the error says nothing about the credentials. Any that
// does not say so itself is a refusal, as with verifiers.
func isUnknown(err error) bool {
	switch tandem.CodeOf(err) {
	case tandem.Unavailable, tandem.ResourceExhausted, tandem.Canceled, tandem.DeadlineExceeded:
		return true
	}
	return false
}
