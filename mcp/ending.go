package mcp

import (
	"context"
	"errors"

	"github.com/tandem-go/tandem"
)

// errCredentialsEnded is the cause for which what a request has begun is cancelled
// when its credentials are not good any more.
var errCredentialsEnded = errors.New("mcp: the credentials of the request have ended")

// onEnded has f called, with p.mu held, when the stream of the reply must end with
// the credentials of its request; nil for nothing.
func (p *reply) onEnded(f func(*tandem.Error)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = f
	if p.expired != nil && f != nil {
		f(p.expired)
	}
}

// credentialsEnded is told by the stream, which may be that of a reply that is over.
func (p *reply) credentialsEnded(s *stream, e *tandem.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stream != s {
		return
	}
	p.expired = e
	if p.ended != nil {
		p.ended(e)
	}
}

// hasEnded reports whether the credentials of the request have ended on a stream.
func (p *reply) hasEnded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.expired != nil
}

// untilEnded returns the context of a request that nobody can come back to. If its
// stream must end with the credentials, the request is cancelled, and the stream ends
// by saying so in the place of the answer.
func (p *reply) untilEnded(ctx context.Context, m *message) (_ context.Context, answered context.CancelCauseFunc) {
	if !p.accepted.stream || !tandem.CanEnd(ctx) {
		return ctx, func(error) {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	p.onEnded(func(e *tandem.Error) {
		cancel(errCredentialsEnded)
		if m.is(methodListen) {
			return // its result is its end
		}
		_ = p.stream.send(event{name: "message", data: appendRPCError(nil, m.id, refusal(e))}) // it ends either way
		p.stream.close()
	})
	return ctx, func(cause error) {
		cancel(cause)
		p.onEnded(nil)
	}
}
