package tandem

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"
)

// Invoke carries out one call of the operation through every interceptor. The
// error is nil or an *[Error] that may be shown to the caller; where the door lets
// the handler ask without a session it can be a [*Pending].
func (r *Registered) Invoke(ctx context.Context, call *Call) (Result, error) {
	if call.Operation != r { // else it would be authorized by another operation's scopes
		c := *call
		c.Operation = r
		call = &c
	}
	return (*r.invoker.Load())(ctx, call)
}

// authorize refuses callers that lack a scope, from the principal of this call.
func authorize(next Invoker) Invoker {
	return func(ctx context.Context, call *Call) (Result, error) {
		if err := call.Operation.authorize(ctx); err != nil {
			return Result{}, err
		}
		return next(ctx, call)
	}
}

// Authorize reports as an error why the caller of ctx may not use the operation,
// whatever the arguments: it lacks a scope, or a policy refuses. An error about
// scopes names all that are needed at once, also in [Error.Scopes]. A policy that
// panics refuses.
func (r *Registered) Authorize(ctx context.Context) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = r.service.panicked(ctx, &Call{Operation: r}, v)
		}
	}()
	return r.authorize(ctx)
}

func (r *Registered) authorize(ctx context.Context) error {
	p := PrincipalFrom(ctx)
	var err *Error
	switch {
	case r.grants(p):
		return r.judge(ctx, nil)
	case p == nil:
		err = Errorf(Unauthenticated, "%s %q needs credentials", r.kind, r.Name)
	default:
		err = Errorf(PermissionDenied, "%s %q needs the scopes: %s", r.kind, r.Name, strings.Join(r.Scopes, " "))
	}
	err.Scopes = r.Scopes
	return err
}

// grants reports whether the principal's scopes are enough.
func (r *Registered) grants(p *Principal) bool {
	for _, scope := range r.Scopes {
		if !r.service.Holds(p, scope) {
			return false
		}
	}
	return true
}

// withTimeout bounds the call.
func withTimeout(d time.Duration) Interceptor {
	return func(next Invoker) Invoker {
		return func(ctx context.Context, call *Call) (Result, error) {
			ctx, cancel := context.WithTimeout(ctx, d)
			defer cancel()
			return next(ctx, call)
		}
	}
}

// sanitize is the outermost layer: it recovers panics and turns every error
// into one that the caller may read.
func (s *Service) sanitize(next Invoker) Invoker {
	return func(ctx context.Context, call *Call) (result Result, err error) {
		defer func() {
			if v := recover(); v != nil {
				result, err = Result{}, s.panicked(ctx, call, v)
			}
		}()
		if result, err = next(ctx, call); err != nil {
			return Result{}, s.public(ctx, call, err)
		}
		return result, nil
	}
}

// public returns the *Error in err, or what stands for it to the caller.
func (s *Service) public(ctx context.Context, call *Call, err error) error {
	var e *Error
	var p *Pending
	switch {
	case errors.As(err, &p):
		return p
	case errors.As(err, &e) && e != nil:
		if e.cause != nil {
			return s.hide(ctx, call, e, slog.LevelInfo)
		}
		return e
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return &Error{Code: Canceled, Message: "the call was cancelled", cause: err}
	case errors.Is(err, context.Canceled):
		return s.hide(ctx, call, &Error{Code: Canceled, Message: "the operation was cancelled", cause: err}, slog.LevelInfo)
	case errors.Is(err, context.DeadlineExceeded):
		return s.hide(ctx, call, &Error{Code: DeadlineExceeded, Message: "the operation ran out of time", cause: err}, slog.LevelInfo)
	}
	return s.internal(ctx, call, err)
}

// panicked returns the generic error that hides a panic.
func (s *Service) panicked(ctx context.Context, call *Call, v any) error {
	return s.internal(ctx, call, fmt.Errorf("panic: %v", v), slog.String("stack", string(debug.Stack())))
}

// internal returns the generic error that hides the cause.
func (s *Service) internal(ctx context.Context, call *Call, cause error, attrs ...slog.Attr) error {
	e := &Error{Code: Internal, Message: "internal error; the service's log has the cause under the correlation id", cause: cause}
	return s.hide(ctx, call, e, slog.LevelError, attrs...)
}

// hide logs the cause of e and returns e with the correlation id under which the
// log has it.
func (s *Service) hide(ctx context.Context, call *Call, e *Error, level slog.Level, attrs ...slog.Attr) error {
	c := *e
	if c.CorrelationID == "" {
		c.CorrelationID = correlationID(ctx)
	}
	attrs = append([]slog.Attr{
		slog.String("operation", call.Operation.Name),
		slog.String("code", c.Code.String()),
		slog.String("correlation_id", c.CorrelationID),
		slog.String("cause", c.cause.Error()),
	}, attrs...)
	s.logger().LogAttrs(ctx, level, "operation failed", attrs...)
	return &c
}
