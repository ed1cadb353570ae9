package mcp

import (
	"net/http"
	"strconv"
)

// reply is the HTTP response to one POST: a single JSON document, or a stream if
// there is something to tell before the answer.
type reply struct {
	door     *Door
	w        http.ResponseWriter
	accepted accepted
	stream   *stream
}

// open makes the reply a stream, if it is not one yet.
func (p *reply) open() {
	if p.stream == nil {
		p.stream = p.door.openStream(p.w)
	}
}

// notify sends a notification ahead of the answer.
func (p *reply) notify(notification []byte) {
	p.open()
	_ = p.stream.send(event{name: "message", data: notification}) // a lost client shows when the answer is written
}

// finish sends the answer. The status counts unless the reply is a stream.
func (p *reply) finish(status int, answer []byte) {
	if p.stream == nil && (p.accepted.json || status != http.StatusOK) {
		writeJSON(p.w, status, answer)
		return
	}
	p.open()
	_ = p.stream.send(event{name: "message", data: answer}) // nobody is left to be told
	p.stream.close()
}

// writeJSON writes a whole response.
func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h["Content-Type"] = jsonContent
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // nobody is left to be told
}

var jsonContent = []string{"application/json"}

// refuse writes an error for a request of which no message is to be answered.
func refuse(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, appendRPCError(nil, nil, &rpcError{code: codeInvalidRequest, message: message}))
}

// unavailable refuses work that may be tried again.
func unavailable(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Retry-After", "1")
	refuse(w, status, message)
}

func notAllowed(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	refuse(w, http.StatusMethodNotAllowed, "the method is not allowed here")
}
