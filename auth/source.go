package auth

import (
	"context"
	"net/http"
)

type sourceKey struct{}

// Source returns where the request that is verified comes from, as
// [Options.Source] has it, such as an address; empty if nobody said. Verifiers
// limit by it what costs them much, such as a call for a token that they do not
// know.
func Source(ctx context.Context) string {
	source, _ := ctx.Value(sourceKey{}).(string)
	return source
}

// WithSource returns a context whose tokens come from this source.
func WithSource(ctx context.Context, source string) context.Context {
	return context.WithValue(ctx, sourceKey{}, source)
}

// sourced is the context of a request whose source is worked out when somebody
// asks, which is seldom.
type sourced struct {
	context.Context
	request *http.Request
	source  func(*http.Request) string
}

// Value returns the source, or what the parent has.
func (s sourced) Value(key any) any {
	if key == (sourceKey{}) {
		return s.source(s.request)
	}
	return s.Context.Value(key)
}
