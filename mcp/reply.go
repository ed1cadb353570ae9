package mcp

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

// reply is the HTTP response to one POST: a single JSON document, or a stream
// where there is something to tell before the answer. It becomes a stream too
// when the answer takes longer than a heartbeat, so that proxies see a sign of
// life. Make one with newReply; finish ends it, and must be called.
type reply struct {
	door     *Door
	w        http.ResponseWriter
	accepted accepted

	ctx context.Context // of the request

	mu       sync.Mutex
	origin   origin
	ended    func(*tandem.Error) // see onEnded; nil for nothing
	expired  *tandem.Error       // why the stream must end; nil before
	stream   *stream
	awaiting bool
	timer    *time.Timer // runs while the answer is awaited
}

// origin is the place in a session's log from which a reply tells. The zero value
// is a reply without a log, whose events have no ids.
type origin struct {
	stream string
	after  uint64
	primed bool // a stream begins by telling its place
}

// id returns the id of event n; 0 is no event of the log.
func (o *origin) id(n uint64) string {
	if o.stream == "" || n == 0 {
		return ""
	}
	return session.EventID(o.stream, n)
}

func (d *Door) newReply(ctx context.Context, w http.ResponseWriter, a accepted) *reply {
	p, _ := d.replies.Get().(*reply)
	if p == nil {
		p = new(reply)
		p.timer = time.AfterFunc(d.cfg.Heartbeat, p.late)
		p.timer.Stop() // in time, or late finds nothing to do
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.door, p.ctx, p.w, p.accepted, p.origin, p.stream = d, ctx, w, a, origin{}, nil
	p.ended, p.expired = nil, nil
	return p
}

// await starts the time after which the reply becomes a stream, which tells from
// the origin.
func (p *reply) await(from origin) {
	if !p.accepted.stream {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.origin, p.awaiting = from, true
	p.timer.Reset(p.door.cfg.Heartbeat)
}

func (p *reply) late() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.w != nil {
		p.begin()
	}
}

// begin makes the reply a stream, if it is not one yet; p.mu is held.
func (p *reply) begin() {
	if p.stream != nil {
		return
	}
	p.stream = p.door.openStream(p.ctx, p.w, p.credentialsEnded)
	if p.origin.primed {
		_ = p.stream.send(primer(session.EventID(p.origin.stream, p.origin.after))) // a lost client shows when the answer is written
	}
}

// open makes the reply a stream.
func (p *reply) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin()
}

// onLost has lost called when the client turns out to be gone.
func (p *reply) onLost(lost func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin()
	p.stream.onLost(lost)
}

// notify sends a notification ahead of the answer.
func (p *reply) notify(notification []byte) { p.send(0, notification) }

// send sends a message on the stream; n is its number in the log, 0 for none.
func (p *reply) send(n uint64, message []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin()
	_ = p.stream.send(event{name: "message", id: p.origin.id(n), data: message}) // a lost client shows when the answer is written
}

// trySend sends the message if the reply is a stream.
func (p *reply) trySend(n uint64, message []byte) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stream == nil {
		return false
	}
	_ = p.stream.send(event{name: "message", id: p.origin.id(n), data: message}) // a lost client shows when the answer is written
	return true
}

// finish sends the answer, the parts of which are written one after the other.
// The status counts unless the reply is a stream; n is the answer's number in the
// log, 0 for none.
func (p *reply) finish(status int, n uint64, answer ...[]byte) {
	defer p.over(p.timer.Stop())
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stream == nil && (p.accepted.json || status != http.StatusOK) {
		writeJSON(p.w, status, answer...)
		return
	}
	p.begin()
	_ = p.stream.send(event{name: "message", id: p.origin.id(n), data: join(answer)}) // nobody is left to be told
}

// leave ends the connection and not the stream: the client is to come back for
// the rest of it.
func (p *reply) leave() {
	defer p.over(p.timer.Stop())
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begin()
	_ = p.stream.send(event{retry: retryAfter}) // a lost client comes back as well
}

// finishBatch sends the answers that are not sent yet.
func (p *reply) finishBatch(answers [][]byte) {
	defer p.over(p.timer.Stop())
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stream == nil && len(answers) == 0:
		p.w.WriteHeader(http.StatusAccepted)
		return
	case p.stream == nil && p.accepted.json:
		writeJSON(p.w, http.StatusOK, joinArray(answers))
		return
	}
	p.begin()
	for _, answer := range answers {
		_ = p.stream.send(event{name: "message", data: answer}) // nobody is left to be told
	}
}

// over ends the reply. If late will not run any more, it can be used again.
func (p *reply) over(stopped bool) {
	p.mu.Lock()
	if p.stream != nil {
		p.stream.close()
	}
	again, d := stopped || !p.awaiting, p.door
	p.door, p.ctx, p.w, p.stream, p.ended, p.awaiting = nil, nil, nil, nil, nil, false
	p.mu.Unlock()
	if again {
		d.replies.Put(p)
	}
}

func join(parts [][]byte) []byte {
	if len(parts) == 1 {
		return parts[0]
	}
	var whole []byte
	for _, part := range parts {
		whole = append(whole, part...)
	}
	return whole
}

// writeJSON writes a whole response.
func writeJSON(w http.ResponseWriter, status int, parts ...[]byte) {
	length := 0
	for _, part := range parts {
		length += len(part)
	}
	h := w.Header()
	h["Content-Type"] = jsonContent
	h["Content-Length"] = []string{strconv.Itoa(length)}
	w.WriteHeader(status)
	for _, part := range parts {
		if _, err := w.Write(part); err != nil {
			return // nobody is left to be told
		}
	}
}

var jsonContent = []string{"application/json"}

// refuse writes an error for a request of which no message is to be answered.
func refuse(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, appendRPCError(nil, nil, &rpcError{code: codeInvalidRequest, message: message}))
}

func notAllowed(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	refuse(w, http.StatusMethodNotAllowed, "the method is not allowed here")
}
