package tandem

import (
	"context"
	"crypto/rand"
)

type requestIDKey struct{}

// WithRequestID returns a context whose errors and log lines carry this id.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the id of the request, empty if it has none.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

// correlationID returns the request's id, or a new one.
func correlationID(ctx context.Context) string {
	if id := RequestID(ctx); id != "" {
		return id
	}
	return rand.Text()
}
