package mcp

import (
	"errors"
	"net/http"
)

// ServeHTTP is Streamable HTTP in both eras. A request whose MCP-Protocol-Version
// or whose _meta is of 2026-07-28 or later is served without a session; any other
// belongs to a session of 2025-03-26 to 2025-11-25.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	version := headerValue(r.Header, headerVersion)
	if r.Method == http.MethodPost {
		d.servePost(w, r, version)
		return
	}
	if isModern(version) {
		notAllowed(w, http.MethodPost)
		return
	}
	d.serveSession(w, r)
}

func (d *Door) servePost(w http.ResponseWriter, r *http.Request, version string) {
	a := accepts(r.Header)
	if !a.json && !a.stream {
		refuse(w, http.StatusNotAcceptable, "the client must accept application/json or text/event-stream")
		return
	}
	body := newBuffer()
	defer body.free()
	if err := d.readBody(w, r, body); err != nil {
		refuseBody(w, err)
		return
	}
	r, wrongToolset := d.chooseToolsets(r)
	if isBatch(body.b) && !isModern(version) {
		if wrongToolset != nil {
			writeFault(w, nil, d.fault(r.Context(), wrongToolset))
			return
		}
		d.serveBatch(w, r, body, a)
		return
	}
	var m message
	if err := parse(body.b, &m); err != nil {
		writeJSON(w, http.StatusBadRequest, appendRPCError(nil, m.id, d.fault(r.Context(), err)))
		return
	}
	if wrongToolset != nil {
		writeFault(w, m.id, d.fault(r.Context(), wrongToolset))
		return
	}
	m.body = body
	r = keepKey(r)
	if isModern(version) || m.params.meta.version != nil && m.kind == request {
		d.serveModern(w, r, &m, a)
		return
	}
	d.serveLegacy(w, r, &m, a)
}

// serveModern counts the request in, and serves it.
func (d *Door) serveModern(w http.ResponseWriter, r *http.Request, m *message, a accepted) {
	if !d.gate.enter() {
		writeFault(w, m.id, d.storeFault(r.Context(), errDraining))
		return
	}
	defer d.gate.leave()
	d.serveStateless(w, r, m, a)
}

func refuseBody(w http.ResponseWriter, err error) {
	var e *httpError
	if !errors.As(err, &e) {
		e = &httpError{http.StatusBadRequest, "bad request"}
	}
	refuse(w, e.status, e.message)
}
