package tandem

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-go/tandem/internal/schema"
)

// FieldError locates one thing that is wrong in an arguments object by a JSON
// Pointer (RFC 6901), whichever part of a REST request carried it.
type FieldError = schema.FieldError

// Error is what a caller may read of a failure. Its cause stays in the log.
type Error struct {
	Code    Code
	Message string       // public: it reaches the caller as it is
	Fields  []FieldError // what is wrong with which argument; nil for none
	// Scopes are all those that the operation needs, where the caller lacks some:
	// what a challenge asks for (RFC 6750, section 3). Nil for any other error.
	Scopes []string
	// RetryAfter tells the caller when to try again; zero says nothing.
	RetryAfter time.Duration
	// HTTPStatus is the status over HTTP where a specification asks for another one
	// than the code's; zero means the code's.
	HTTPStatus int
	// CorrelationID is the id under which the log has the cause. It is filled in
	// on the way to the caller; empty for errors without a hidden cause.
	CorrelationID string

	cause error
}

// Errorf returns an error with a public message. Operands of %w become the
// private cause, found by errors.Is and errors.As, but mind that the verb also
// writes their text into the public message; use [Error.WithCause] to hide it.
func Errorf(code Code, format string, args ...any) *Error {
	wrapped := fmt.Errorf(format, args...)
	cause := errors.Unwrap(wrapped)
	if _, several := wrapped.(interface{ Unwrap() []error }); several {
		cause = wrapped
	}
	return &Error{Code: code, Message: wrapped.Error(), cause: cause}
}

// FieldErrorf returns an InvalidArgument error about one argument. The pointer
// is relative to the value whose Validate method returns it ("/sku").
func FieldErrorf(pointer, format string, args ...any) *Error {
	detail := fmt.Sprintf(format, args...)
	return InvalidFields([]FieldError{{Pointer: pointer, Detail: detail}})
}

// InvalidFields returns the InvalidArgument error that reports all these
// fields.
func InvalidFields(fields []FieldError) *Error {
	message := "1 argument is invalid"
	if len(fields) != 1 {
		message = fmt.Sprintf("the arguments are invalid in %d ways", len(fields))
	}
	return &Error{Code: InvalidArgument, Message: message, Fields: fields}
}

// Error returns the code and the public message.
func (e *Error) Error() string { return e.Code.String() + ": " + e.Message }

// Unwrap returns the private cause, nil if there is none.
func (e *Error) Unwrap() error { return e.cause }

// WithCause returns a copy whose private cause is err. The caller never sees it.
func (e *Error) WithCause(err error) *Error {
	c := *e
	c.cause = err
	return &c
}

// WithRetryAfter returns a copy that tells the caller when to try again.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	c := *e
	c.RetryAfter = d
	return &c
}

// FieldErrors returns Fields, or, where there are none, the message as an error
// about the value as a whole, so that the error can be returned from a Validate
// method at any depth. A nil *Error has none.
func (e *Error) FieldErrors() []FieldError {
	switch {
	case e == nil:
		return nil
	case len(e.Fields) == 0:
		return []FieldError{{Detail: e.Message}}
	}
	return e.Fields
}

// CodeOf returns the code under which err would reach a caller; zero for nil.
func CodeOf(err error) Code {
	if err == nil {
		return 0 // before e, which escapes to the heap
	}
	var e *Error
	switch {
	case errors.As(err, &e):
		return e.Code
	case errors.As(err, new(*Pending)):
		return FailedPrecondition
	case errors.Is(err, context.Canceled):
		return Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return DeadlineExceeded
	}
	return Internal
}
