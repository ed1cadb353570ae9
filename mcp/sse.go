package mcp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/tandem-go/tandem/session"
)

// SSE is the stream of the HTTP+SSE transport of 2024-11-05: a GET opens a
// session, and its first event says where to post. A client that comes back with
// its Last-Event-ID finds the session again; one that closes the stream and gives
// no sign of life between two sweeps has left it.
func (d *Door) SSE() http.Handler { return http.HandlerFunc(d.serveSSE) }

// Messages is where clients of the HTTP+SSE transport post.
func (d *Door) Messages() http.Handler { return http.HandlerFunc(d.serveMessages) }

func (d *Door) serveSSE(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet:
		notAllowed(w, http.MethodGet)
		return
	case !accepts(r.Header).stream:
		refuse(w, http.StatusNotAcceptable, "the client must accept text/event-stream")
		return
	}
	r, err := d.chooseToolsets(r)
	if err != nil {
		writeFault(w, nil, d.fault(r.Context(), err))
		return
	}
	record, after, err := d.sseSession(r)
	if err == nil {
		if err = d.followSSE(w, r, &record, after); err != nil && record.ProtocolVersion == "" {
			d.forget(r.Context(), record.ID)
		}
	}
	if err != nil {
		writeFault(w, nil, d.sseFault(r.Context(), err))
	}
}

// forget deletes a session that came to nothing.
func (d *Door) forget(ctx context.Context, id string) {
	if err := d.store.Delete(context.WithoutCancel(ctx), id); ignore(err, session.ErrNotFound) != nil {
		d.logger().WarnContext(ctx, "mcp: a session was not deleted", "error", err)
	}
}

// sseSession returns a new session, or the one that the client's Last-Event-ID
// belongs to, with the number of the event.
func (d *Door) sseSession(r *http.Request) (record session.Record, after uint64, err error) {
	if id, n, ok := parseSSEID(headerValue(r.Header, headerLastEvent)); ok {
		record, err = d.session(r.Context(), id, session.SSE)
		if err == nil {
			_, err = d.store.Read(r.Context(), id, session.Standing, n, 0)
		}
		if err == nil {
			err = d.store.Touch(r.Context(), id)
		}
		if !errors.Is(err, session.ErrNotFound) && !errors.Is(err, session.ErrTrimmed) {
			return record, n, err
		}
	}
	if d.gate.isShut() {
		return record, 0, errDraining
	}
	record = session.Record{Transport: session.SSE}
	if err = keepToolsets(&record, r.Context()); err == nil {
		record, err = d.newSession(r.Context(), record)
	}
	return record, 0, err
}

// followSSE sends the endpoint event, then the session's log.
func (d *Door) followSSE(w http.ResponseWriter, r *http.Request, record *session.Record, after uint64) error {
	s := &standing{
		door:   d,
		record: record,
		tail:   tail{door: d, session: record.ID, stream: session.Standing, after: after, until: d.drained},
		id:     func(n uint64) string { return sseID(record.ID, n) },
		left:   func() { d.abandon(r.Context(), record.ID) },
	}
	return s.serve(w, r, event{name: "endpoint", id: s.id(after), data: []byte(d.messagesURL(r, record.ID)), retry: retryAfter})
}

// messagesURL returns where the client of the stream that r opened posts.
func (d *Door) messagesURL(r *http.Request, id string) string {
	messages := d.cfg.MessagesURL
	if messages == "" {
		messages = besideStream(r.RequestURI)
	}
	separator := "?"
	if strings.Contains(messages, "?") {
		separator = "&"
	}
	return messages + separator + "sessionId=" + url.QueryEscape(id)
}

// besideStream returns the path beside that of the request line, which an outer
// router does not change when it strips a prefix: /x/mcp/sse has /x/mcp/messages.
// A path that does not end so, or that a client would take for another host's,
// has the default.
func besideStream(requestURI string) string {
	const otherwise = "/mcp/messages"
	u, err := url.ParseRequestURI(requestURI)
	if err != nil {
		return otherwise
	}
	path, ok := strings.CutSuffix(strings.TrimSuffix(u.EscapedPath(), "/"), "/sse")
	if !ok || path != "" && path[0] != '/' || strings.HasPrefix(path, "//") {
		return otherwise
	}
	return path + "/messages"
}

// sseID is an event id that names its session, so that a client that comes back
// with it finds the session again.
func sseID(id string, n uint64) string { return id + "~" + strconv.FormatUint(n, 10) }

func parseSSEID(eventID string) (id string, n uint64, ok bool) {
	id, number, ok := strings.Cut(eventID, "~")
	if !ok || id == "" {
		return "", 0, false
	}
	n, err := strconv.ParseUint(number, 10, 64)
	return id, n, err == nil
}

func (d *Door) serveMessages(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		notAllowed(w, http.MethodPost)
		return
	}
	record, err := d.session(r.Context(), r.URL.Query().Get("sessionId"), session.SSE)
	if err != nil {
		writeFault(w, nil, d.sseFault(r.Context(), err))
		return
	}
	body := new(buffer) // not one of the pool: the call outlives this request
	if err := d.readBody(w, r, body); err != nil {
		refuseBody(w, err)
		return
	}
	m := new(message)
	if err := parse(body.b, m); err != nil {
		writeFault(w, m.id, d.fault(r.Context(), err))
		return
	}
	ctx, err := keptToolsets(keepKey(r).Context(), &record)
	if err == nil {
		var admitted bool
		if admitted, err = d.admitSSE(w, r.WithContext(ctx), &record, m); err == nil && !admitted {
			return
		}
	}
	if err == nil {
		err = d.post(ctx, &record, m)
	}
	if err != nil {
		writeFault(w, m.id, d.sseFault(r.Context(), err))
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// admitSSE is admit for a message of an SSE session: the refusal is the response to
// the POST, and the stream has nothing of it.
func (d *Door) admitSSE(w http.ResponseWriter, r *http.Request, record *session.Record, m *message) (bool, error) {
	if m.kind != request || record.ProtocolVersion == "" {
		return true, nil
	}
	if !d.gate.enter() {
		return false, errDraining
	}
	defer d.gate.leave()
	return d.admit(w, r, m), nil
}

// post acts on one message of an SSE session. The answer goes to the session's
// stream.
func (d *Door) post(ctx context.Context, record *session.Record, m *message) error {
	switch {
	case m.kind == response:
		return d.receive(ctx, record, m)
	case m.kind == notification:
		return d.notice(ctx, record, m)
	case m.is(methodInitialize):
		return d.initializeSSE(ctx, record, m)
	case record.ProtocolVersion == "" && !m.is(methodPing):
		return d.say(ctx, record, appendRPCError(nil, m.id, errHandshake))
	case !m.isCall():
		return d.postRequest(ctx, record, m)
	}
	return d.postCall(ctx, record, m)
}

// initializeSSE settles the revision of a session that is open already.
func (d *Door) initializeSSE(ctx context.Context, record *session.Record, m *message) error {
	initial, err := initialRecord(m)
	if err != nil {
		answer := appendRPCError(nil, m.id, d.fault(ctx, err))
		return d.say(ctx, record, answer)
	}
	err = d.store.Update(ctx, record.ID, func(r *session.Record) error {
		r.ProtocolVersion, r.ClientInfo, r.Capabilities = initial.ProtocolVersion, initial.ClientInfo, initial.Capabilities
		return nil
	})
	if err != nil {
		return err
	}
	return d.say(ctx, record, d.initializeAnswer(ctx, m, initial.ProtocolVersion))
}

// postRequest answers a request that needs no record of its own.
func (d *Door) postRequest(ctx context.Context, record *session.Record, m *message) error {
	if err := d.store.Touch(ctx, record.ID); err != nil {
		return err
	}
	x := exchange{msg: m, revision: record.ProtocolVersion, record: record, out: &speaker{d, ctx, record}}
	answer, _ := d.answer(ctx, nil, &x)
	return d.say(ctx, record, answer)
}

// speaker is the notifier of a request whose answer goes to the session's stream.
type speaker struct {
	door   *Door
	ctx    context.Context
	record *session.Record
}

func (s *speaker) open() {}

func (s *speaker) notify(notification []byte) {
	if err := s.door.say(s.ctx, s.record, notification); err != nil {
		s.door.logger().WarnContext(s.ctx, "mcp: a notification was not logged", "error", err)
	}
}

// say sends a message that no call is behind.
func (d *Door) say(ctx context.Context, record *session.Record, message []byte) error {
	_, err := d.store.Append(ctx, session.Output{Session: record.ID, Stream: session.Standing}, message)
	return err
}

// postCall accepts a call and leaves it running. A call that was posted before
// is on the stream already.
func (d *Door) postCall(ctx context.Context, record *session.Record, m *message) error {
	if !d.gate.enter() {
		return errDraining
	}
	c := &sessionCall{door: d, record: record, msg: m, stream: session.Standing, sink: logOnly{}}
	if err := c.begin(ctx); err != nil || c.begun.Outcome != session.New {
		d.gate.leave()
		return err
	}
	go func() {
		defer d.gate.leave()
		c.run()
	}()
	return nil
}

// logOnly is the sink of a call whose log is followed by somebody else.
type logOnly struct{}

func (logOnly) open()                 {}
func (logOnly) logged(uint64, []byte) {}

// sseFault is storeFault with the status that this transport has for a session
// of another principal.
func (d *Door) sseFault(ctx context.Context, err error) *rpcError {
	if errors.Is(err, errForeign) {
		return &rpcError{code: codeInvalidRequest, message: "the session belongs to another principal", status: http.StatusForbidden}
	}
	return d.storeFault(ctx, err)
}
