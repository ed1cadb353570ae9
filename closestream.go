package tandem

import "context"

type closeStreamKey struct{}

// CloseStream ends the connection on which the caller of this call waits, so that
// a call of a Long [Operation] holds none: a caller that knows how to come back for the
// answer does so (MCP 2025-11-25 over Streamable HTTP, section "Sending Messages
// to the Server"). For every other caller it does nothing. The call goes on.
func CloseStream(ctx context.Context) {
	if end, ok := ctx.Value(closeStreamKey{}).(func()); ok {
		end()
	}
}

// WithCloseStream returns a context in which [CloseStream] calls end, which may be
// called more than once. Doors use it, and tests of handlers.
func WithCloseStream(ctx context.Context, end func()) context.Context {
	return context.WithValue(ctx, closeStreamKey{}, end)
}
