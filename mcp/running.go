package mcp

import (
	"context"
	"errors"
	"sync"

	"github.com/tandem-go/tandem/session"
)

// The causes for which the door cancels a call.
var (
	errCancelled    = errors.New("mcp: the client cancelled the call")
	errSessionEnded = errors.New("mcp: the session ended")
	errDoorClosed   = errors.New("mcp: the door was closed")
)

// signalCancel is the kind of the signal that carries notifications/cancelled to
// the replica that runs the call.
const signalCancel = "cancel"

// running are the legacy calls that this replica runs.
type running struct {
	mu       sync.Mutex
	sessions map[string]*runningCall // the first of a session's calls
	closed   bool
}

// runningCall is the context of a call whose life does not depend on the request
// that brought it: the request's values, and an end of its own.
type runningCall struct {
	context.Context // the end
	values          context.Context
	cancel          context.CancelCauseFunc

	session, id string // the id as JSON text
	questions   questions
	prev, next  *runningCall
}

// Value returns the request's value of the key.
func (c *runningCall) Value(key any) any {
	if v := c.Context.Value(key); v != nil { // by which context finds its own kind
		return v
	}
	return c.values.Value(key)
}

// add enters a call, with the values of ctx. It lives until remove.
func (r *running) add(c *runningCall, ctx context.Context, session, id string) {
	c.values, c.session, c.id = ctx, session, id
	c.Context, c.cancel = context.WithCancelCause(context.Background())
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		c.cancel(errDoorClosed)
	}
	if r.sessions == nil {
		r.sessions = map[string]*runningCall{}
	}
	if c.next = r.sessions[session]; c.next != nil {
		c.next.prev = c
	}
	r.sessions[session] = c
}

func (r *running) remove(c *runningCall) {
	c.cancel(nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.next != nil {
		c.next.prev = c.prev
	}
	switch {
	case c.prev != nil:
		c.prev.next = c.next
	case c.next != nil:
		r.sessions[c.session] = c.next
	default:
		delete(r.sessions, c.session)
	}
}

// handle acts on a signal of the store.
func (r *running) handle(s session.Signal) {
	answered := ""
	if s.Kind == signalAnswer {
		answered = responseID(s.Payload)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := r.sessions[s.Session]; c != nil; c = c.next {
		switch {
		case s.Kind == session.Deleted:
			c.cancel(errSessionEnded)
		case s.Kind == signalCancel && s.Call == c.id:
			c.cancel(errCancelled)
		case s.Kind == signalAnswer && s.Call == c.id:
			c.questions.answer(answered, s.Payload)
		}
	}
}

// close cancels every call, and those that are still to come.
func (r *running) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, c := range r.sessions {
		for ; c != nil; c = c.next {
			c.cancel(errDoorClosed)
		}
	}
}
