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

// running are the legacy calls that this replica runs. Their lives do not depend
// on the requests that brought them.
type running struct {
	mu       sync.Mutex
	sessions map[string]map[string]runningCall // session → owner
	closed   bool
}

type runningCall struct {
	id     string // JSON text
	cancel context.CancelCauseFunc
}

// add returns a context for a call that has the values of ctx but ends only by
// cancel, by the session's end or by release, which the caller must call.
func (r *running) add(ctx context.Context, session, id, owner string) (call context.Context, release func()) {
	call, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		cancel(errDoorClosed)
		return call, func() {}
	}
	calls := r.sessions[session]
	if calls == nil {
		calls = map[string]runningCall{}
		if r.sessions == nil {
			r.sessions = map[string]map[string]runningCall{}
		}
		r.sessions[session] = calls
	}
	calls[owner] = runningCall{id, cancel}
	return call, func() { r.remove(session, owner, cancel) }
}

func (r *running) remove(session, owner string, cancel context.CancelCauseFunc) {
	cancel(nil)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.sessions[session], owner)
	if len(r.sessions[session]) == 0 {
		delete(r.sessions, session)
	}
}

// handle acts on a signal of the store.
func (r *running) handle(s session.Signal) {
	switch s.Kind {
	case signalCancel:
		r.cancel(s.Session, errCancelled, func(c runningCall) bool { return c.id == s.Call })
	case session.Deleted:
		r.cancel(s.Session, errSessionEnded, func(runningCall) bool { return true })
	}
}

func (r *running) cancel(session string, cause error, which func(runningCall) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, call := range r.sessions[session] {
		if which(call) {
			call.cancel(cause)
		}
	}
}

// close cancels every call, and those that are still to come.
func (r *running) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	for _, calls := range r.sessions {
		for _, call := range calls {
			call.cancel(errDoorClosed)
		}
	}
}
