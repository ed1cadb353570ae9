package mcp

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

const headerSession = "Mcp-Session-Id"

// newSession stores a session that belongs to the caller.
func (d *Door) newSession(ctx context.Context, r session.Record) (session.Record, error) {
	r.ID = rand.Text()
	r.Principal = tandem.PrincipalFrom(ctx).Key()
	return r, d.store.Create(ctx, r)
}

// session returns the record of a session of the caller, over this transport.
// To anybody else the session does not exist.
func (d *Door) session(ctx context.Context, id string, transport session.Transport) (session.Record, error) {
	if id == "" || len(id) > 128 {
		return session.Record{}, session.ErrNotFound
	}
	r, err := d.store.Load(ctx, id)
	if err != nil {
		return r, err
	}
	if r.Transport != transport {
		return session.Record{}, session.ErrNotFound
	}
	if r.Principal != tandem.PrincipalFrom(ctx).Key() {
		return session.Record{}, errForeign
	}
	return r, nil
}

// errForeign is a session of another principal.
var errForeign = errors.New("mcp: the session belongs to another principal")

// storeFault returns the error that a failure of the store is to the caller.
func (d *Door) storeFault(ctx context.Context, err error) *rpcError {
	var e *rpcError
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, session.ErrNotFound), errors.Is(err, errForeign):
		return &rpcError{code: codeInvalidRequest, message: "unknown session", status: http.StatusNotFound}
	case errors.Is(err, session.ErrReused):
		return &rpcError{code: codeInvalidRequest, message: "the request id was used for another request", status: http.StatusBadRequest}
	case errors.Is(err, session.ErrTooMany), errors.Is(err, errStreamsTooMany):
		return &rpcError{code: codeInternal, message: "too many sessions, streams or calls at a time: end some, or try again later", status: http.StatusTooManyRequests}
	case errors.Is(err, session.ErrFull), errors.Is(err, errStreamsFull), errors.Is(err, session.ErrUnavailable), errors.Is(err, session.ErrClosed), errors.Is(err, errDraining):
		return &rpcError{code: codeInternal, message: "the service cannot take this now", status: http.StatusServiceUnavailable}
	}
	return d.fault(ctx, err)
}

// errDraining is work that came when the door was being drained.
var errDraining = errors.New("mcp: the door is draining")

// writeFault answers a request by an error before a stream has begun.
func writeFault(w http.ResponseWriter, id []byte, e *rpcError) {
	status := e.httpStatus()
	setRetryAfter(w, status)
	writeJSON(w, status, appendRPCError(nil, id, e))
}

// setRetryAfter advises the client of a request that may be tried again.
func setRetryAfter(w http.ResponseWriter, status int) {
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
}
