package mcp

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/tandem-go/tandem/session"
)

const headerLastEvent = "Last-Event-Id"

// serveLegacy serves one posted message of the revisions that have sessions,
// 2025-11-25, section "Sending Messages to the Server".
func (d *Door) serveLegacy(w http.ResponseWriter, r *http.Request, m *message, a accepted) {
	if err := checkLegacyVersion(r.Header); err != nil {
		writeFault(w, m.id, err)
		return
	}
	if m.kind == request && m.is(methodInitialize) {
		d.serveInitialize(w, r, m, a)
		return
	}
	record, err := d.streamableSession(r)
	if err != nil {
		writeFault(w, m.id, d.storeFault(r.Context(), err))
		return
	}
	if m.kind != request {
		d.serveNotice(w, r.Context(), &record, m)
		return
	}
	if !d.gate.enter() {
		writeFault(w, m.id, d.storeFault(r.Context(), errDraining))
		return
	}
	defer d.gate.leave()
	if !d.admit(w, r, m) {
		return
	}
	p := &sessionReply{reply: d.newReply(r.Context(), w, a)}
	if m.is(methodToolsList) {
		p.list(r.Context(), &record, m)
		return
	}
	answer, err := p.answer(r.Context(), &record, m)
	if errors.Is(err, errLeft) {
		p.leave()
		return
	}
	if err != nil {
		p.fail(r.Context(), m.id, err)
		return
	}
	p.finish(http.StatusOK, p.last, answer)
}

// checkLegacyVersion checks the version header, which clients of 2025-03-26 do not
// send; 2025-11-25, section "Protocol Version Header".
func checkLegacyVersion(h http.Header) *rpcError {
	if len(h[headerVersion]) == 0 || slices.Contains(legacyRevisions, headerValue(h, headerVersion)) {
		return nil
	}
	e := unsupportedVersion(headerValue(h, headerVersion))
	e.code = codeInvalidRequest // the code of the modern era would make a client believe that it speaks to it
	return e
}

// streamableSession returns the session that the request names.
func (d *Door) streamableSession(r *http.Request) (session.Record, error) {
	if len(r.Header[headerSession]) == 0 {
		return session.Record{}, invalidRequest("the Mcp-Session-Id header is missing")
	}
	return d.session(r.Context(), headerValue(r.Header, headerSession), session.Streamable)
}

// serveInitialize opens a session.
func (d *Door) serveInitialize(w http.ResponseWriter, r *http.Request, m *message, a accepted) {
	if !d.gate.enter() {
		writeFault(w, m.id, d.storeFault(r.Context(), errDraining))
		return
	}
	defer d.gate.leave()
	record, err := initialRecord(m)
	if err == nil {
		record.Transport = session.Streamable
		record, err = d.newSession(r.Context(), record)
	}
	if err != nil {
		writeFault(w, m.id, d.storeFault(r.Context(), err))
		return
	}
	w.Header().Set(headerSession, record.ID)
	d.newReply(r.Context(), w, a).finish(http.StatusOK, 0, d.initializeAnswer(r.Context(), m, record.ProtocolVersion))
}

// serveNotice serves a notification or a response, which have no answer.
func (d *Door) serveNotice(w http.ResponseWriter, ctx context.Context, record *session.Record, m *message) {
	act := d.notice
	if m.kind == response {
		act = d.receive
	}
	if err := act(ctx, record, m); err != nil {
		writeFault(w, nil, d.storeFault(ctx, err))
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// serveSession serves the methods other than POST: GET opens a stream, DELETE ends
// the session.
func (d *Door) serveSession(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodDelete {
		notAllowed(w, "GET, POST, DELETE")
		return
	}
	if r.Method == http.MethodGet && !accepts(r.Header).stream {
		refuse(w, http.StatusNotAcceptable, "the client must accept text/event-stream")
		return
	}
	err := error(nil)
	if fault := checkLegacyVersion(r.Header); fault != nil {
		err = fault
	}
	var record session.Record
	if err == nil {
		record, err = d.streamableSession(r)
	}
	switch {
	case err != nil:
	case r.Method == http.MethodGet:
		err = d.serveStream(w, r, &record)
	default:
		if err = d.store.Delete(r.Context(), record.ID); err == nil {
			w.WriteHeader(http.StatusNoContent)
		}
	}
	if err != nil {
		writeFault(w, nil, d.storeFault(r.Context(), err))
	}
}
