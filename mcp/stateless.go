package mcp

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// The headers of Streamable HTTP.
const (
	headerVersion = "Mcp-Protocol-Version"
	headerMethod  = "Mcp-Method"
	headerName    = "Mcp-Name"
)

// serveStateless serves one message of the modern era, 2026-07-28, section
// "Streamable HTTP". Closing the response cancels the call.
func (d *Door) serveStateless(w http.ResponseWriter, r *http.Request, m *message, a accepted) {
	switch m.kind {
	case response:
		refuse(w, http.StatusBadRequest, "a client does not send responses in this revision")
		return
	case notification:
		w.WriteHeader(http.StatusAccepted)
		return
	}
	if err := checkModern(r.Header, m); err != nil {
		writeJSON(w, err.httpStatus(), appendRPCError(nil, m.id, err))
		return
	}
	if err := d.checkParams(r, m); err != nil {
		fault := d.fault(r.Context(), err)
		writeJSON(w, fault.httpStatus(), appendRPCError(nil, m.id, fault))
		return
	}
	if !d.admit(w, r, m) {
		return
	}
	p := d.newReply(r.Context(), w, a)
	if m.is(methodToolsList) {
		d.replyList(r.Context(), p, m, true)
		return
	}
	x := exchange{msg: m, revision: rev20260728}
	if a.stream {
		x.out = p
	}
	buf := newBuffer()
	defer buf.free()
	ctx, cancel := p.untilEnded(r.Context(), m)
	defer cancel(nil)
	p.await(origin{})
	var fault *rpcError
	buf.b, fault = d.answer(ctx, buf.b, &x)
	p.finish(fault.httpStatus(), 0, buf.b)
}

// checkModern checks the metadata of a request against its headers, 2026-07-28,
// sections "Per-request protocol fields" and "Server Validation".
func checkModern(h http.Header, m *message) *rpcError {
	header := headerValue(h, headerVersion)
	if header == "" {
		return headerMismatch("the MCP-Protocol-Version header is missing")
	}
	if err := checkMeta(m); err != nil {
		return err
	}
	if version := unquote(m.params.meta.version); header != string(version) {
		return headerMismatch("the MCP-Protocol-Version header differs from _meta")
	}
	if header != rev20260728 {
		return unsupportedVersion(header)
	}
	return checkMirrors(h, m)
}

// checkMeta checks that the required members of _meta are there.
func checkMeta(m *message) *rpcError {
	switch meta := &m.params.meta; {
	case !isString(meta.version):
		return invalidParams(`"_meta" lacks ` + metaVersion)
	case string(unquote(meta.version)) != rev20260728:
		return nil // what this revision requires may not be what that one does
	case !isObject(meta.abilities):
		return invalidParams(`"_meta" lacks ` + metaAbilities)
	case meta.client != nil && !isObject(meta.client):
		return invalidParams(metaClient + " must be an object")
	}
	return nil
}

// checkMirrors checks the headers that mirror the body.
func checkMirrors(h http.Header, m *message) *rpcError {
	switch method := headerValue(h, headerMethod); {
	case method == "":
		return headerMismatch("the Mcp-Method header is missing")
	case method != string(m.method):
		return headerMismatch("the Mcp-Method header differs from the body")
	}
	source := m.params.name
	switch string(m.method) {
	case methodToolsCall, methodGetPrompt:
	case methodRead:
		source = m.params.uri
	default:
		return nil
	}
	if !isString(source) {
		return nil // there is nothing to compare with; the method refuses it
	}
	name := headerValue(h, headerName)
	if name == "" {
		return headerMismatch("the Mcp-Name header is missing")
	}
	decoded, ok := decodeMirror(name)
	if !ok || decoded != string(unquote(source)) {
		return headerMismatch("the Mcp-Name header differs from the body")
	}
	return nil
}

// headerValue returns the value of a header given in its canonical form. A header
// that comes twice with different values has none.
func headerValue(h http.Header, name string) string {
	values := h[name]
	if len(values) == 0 {
		return ""
	}
	for _, v := range values[1:] {
		if v != values[0] {
			return ""
		}
	}
	return values[0]
}

// decodeMirror decodes a mirrored value, 2026-07-28, section "Value Encoding".
func decodeMirror(value string) (string, bool) {
	encoded, ok := strings.CutPrefix(value, "=?base64?")
	if ok {
		encoded, ok = strings.CutSuffix(encoded, "?=")
	}
	if ok {
		decoded, err := base64.StdEncoding.Strict().DecodeString(encoded)
		return string(decoded), err == nil
	}
	for i := range len(value) {
		if c := value[i]; c != '\t' && (c < ' ' || c > '~') {
			return "", false
		}
	}
	return value, true
}
