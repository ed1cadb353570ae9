package tandem

import "context"

// ProgressUpdate is one report of a call that is under way.
type ProgressUpdate struct {
	Done    float64 `json:"progress" doc:"How much is done; it never decreases"`
	Total   float64 `json:"total,omitzero" doc:"How much there is to do, if it is known"`
	Message string  `json:"message,omitzero" doc:"What is being done"`
}

type progressKey struct{}

// Progress reports how far the call has come, in any unit: done of total, where
// a total of zero means that it is not known. It reaches an MCP caller that
// asked for it as a progress notification and a REST caller that accepts
// text/event-stream as an event; for every other caller it does nothing.
func Progress(ctx context.Context, done, total float64, message string) {
	if sink, ok := ctx.Value(progressKey{}).(func(ProgressUpdate)); ok {
		sink(ProgressUpdate{Done: done, Total: total, Message: message})
	}
}

// WithProgress returns a context whose progress goes to sink, which may be
// called from several goroutines at once. Doors use it, and tests of handlers.
func WithProgress(ctx context.Context, sink func(ProgressUpdate)) context.Context {
	return context.WithValue(ctx, progressKey{}, sink)
}
