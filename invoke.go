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
// error is nil or an *[Error] that may be shown to the caller.
func (r *Registered) Invoke(ctx context.Context, call *Call) (Result, error) {
	return (*r.invoker.Load())(ctx, call)
}

// authorize refuses callers that lack a scope, from the principal of this call.
func authorize(next Invoker) Invoker {
	return func(ctx context.Context, call *Call) (Result, error) {
		if err := call.Operation.Authorize(PrincipalFrom(ctx)); err != nil {
			return Result{}, err
		}
		return next(ctx, call)
	}
}

// Authorize reports as an error why p may not call the operation: p is nil and
// scopes are needed, or it lacks some. All needed scopes are named at once.
func (r *Registered) Authorize(p *Principal) error {
	switch {
	case len(r.Scopes) == 0:
		return nil
	case p == nil:
		return Errorf(Unauthenticated, "operation %q needs credentials", r.Name)
	case len(p.missing(r.Scopes)) > 0:
		return Errorf(PermissionDenied, "operation %q needs the scopes: %s", r.Name, strings.Join(r.Scopes, " "))
	}
	return nil
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
				result, err = Result{}, s.internal(ctx, call, fmt.Errorf("panic: %v", v), debug.Stack())
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
	switch {
	case errors.As(err, &e):
		if e.cause != nil {
			s.logger().InfoContext(ctx, "operation failed",
				"operation", call.Operation.Name, "code", e.Code.String(), "cause", e.cause.Error())
		}
		return e
	case errors.Is(err, context.Canceled):
		return &Error{Code: Canceled, Message: "the call was cancelled", cause: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &Error{Code: DeadlineExceeded, Message: "the operation ran out of time", cause: err}
	}
	return s.internal(ctx, call, err, nil)
}

// internal logs the cause under a correlation id and returns the generic error.
func (s *Service) internal(ctx context.Context, call *Call, cause error, stack []byte) error {
	id := correlationID(ctx)
	attrs := []slog.Attr{
		slog.String("operation", call.Operation.Name),
		slog.String("correlation_id", id),
		slog.String("cause", cause.Error()),
	}
	if stack != nil {
		attrs = append(attrs, slog.String("stack", string(stack)))
	}
	s.logger().LogAttrs(ctx, slog.LevelError, "operation failed", attrs...)
	return &Error{Code: Internal, Message: "internal error; the service's log has the cause under the correlation id", CorrelationID: id, cause: cause}
}
