package mcp

import (
	"context"
	"errors"
	"net/http"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

// standing is an open stream that follows a log of a session.
type standing struct {
	door   *Door
	record *session.Record
	tail   tail
	stream *stream
	told   *listener             // nil for a stream of a call
	id     func(n uint64) string // the event id of a number in the log
	left   func()                // called if the client has gone; nil for nothing
}

// serve counts the stream in, opens it with the first event, and follows the log
// until the client, the session or the door ends it. An error means that nothing
// was written.
func (s *standing) serve(w http.ResponseWriter, r *http.Request, first event) error {
	d := s.door
	if !d.standing.enter() {
		return errDraining
	}
	defer d.standing.leave()
	if err := d.streams.open(s.record.Principal); err != nil {
		return err
	}
	defer d.streams.close(s.record.Principal)
	if s.tail.stream == session.Standing { // before the client sees the stream, and relies on it
		s.told = d.audience.join(s.record.ID, everything)
		defer d.audience.leave(s.told)
		s.tail.news, s.tail.tell = s.told.wake, s.tell
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	s.stream = d.openStream(r.Context(), w, func(*stream, *tandem.Error) { cancel(errCredentialsEnded) })
	defer s.stream.close()
	if err := s.stream.send(first); err != nil {
		return nil // the client has gone
	}
	s.follow(ctx, cancel)
	return nil
}

// follow sends what the log has until something ends the stream.
func (s *standing) follow(ctx context.Context, cancel context.CancelCauseFunc) {
	s.stream.onLost(func() { cancel(errStreamClosed) })
	stop := context.AfterFunc(s.door.life, func() { cancel(errDoorClosed) })
	defer stop()
	s.tail.send = s.send
	err := s.tail.run(ctx)
	switch {
	case errors.Is(err, errEnding), errors.Is(err, errDoorClosed), errors.Is(err, errCredentialsEnded), errors.Is(err, session.ErrUnavailable):
		_ = s.stream.send(event{retry: retryAfter}) // the client is to come back, here or at another replica
	case err != nil && !errors.Is(err, session.ErrNotFound) && s.left != nil:
		s.left()
	}
}

// tell sends what has changed in the service. It is not logged: of
// what changes while a client has no stream it is not told.
func (s *standing) tell(ctx context.Context) error {
	c := s.told.take()
	record, err := s.door.store.Load(ctx, s.record.ID)
	if err != nil || record.ProtocolVersion == "" {
		return ignore(err, session.ErrUnavailable)
	}
	c.of(&record)
	if err := s.door.keepReadable(ctx, &c); err != nil {
		return err
	}
	var events []event
	for _, n := range c.notices(nil) {
		events = append(events, event{name: "message", data: n})
	}
	if len(events) == 0 {
		return nil
	}
	return s.stream.send(events...)
}

func (s *standing) send(events []session.Event) error {
	out := make([]event, len(events))
	for i, e := range events {
		out[i] = event{name: "message", id: s.id(e.N), data: e.Data}
	}
	return s.stream.send(out...)
}

// serveStream serves GET: a stream of what the server has to say on its own
// account, or the rest of a stream that was lost; 2025-11-25, sections "Listening
// for Messages from the Server" and "Resumability and Redelivery".
func (d *Door) serveStream(w http.ResponseWriter, r *http.Request, record *session.Record) error {
	s := &standing{door: d, record: record, tail: tail{door: d, session: record.ID, stream: session.Standing, until: d.draining}}
	if last := headerValue(r.Header, headerLastEvent); last != "" {
		name, n, ok := session.ParseEventID(last)
		if !ok {
			return invalidRequest("the Last-Event-ID is not one of this service")
		}
		s.tail.stream, s.tail.after = name, n
		err := d.mayResume(r.Context(), name)
		if e, refused := errors.AsType[*tandem.Error](err); refused {
			d.challenge(w, r, nil, e)
			return nil
		}
		if err != nil {
			return err
		}
	}
	page, err := d.store.Read(r.Context(), record.ID, s.tail.stream, s.tail.after, 0)
	switch {
	case errors.Is(err, session.ErrTrimmed):
		return errNotKept
	case err != nil:
		return err
	case len(r.Header[headerLastEvent]) == 0:
		s.tail.after = page.Last // what came before was for whoever listened then
	}
	if s.tail.stream != session.Standing {
		s.tail.until = nil // it ends by itself, with the call
	}
	s.id = func(n uint64) string { return session.EventID(s.tail.stream, n) }
	first := event{comment: "open"}
	if hasPrimers(record) {
		first = primer(s.id(s.tail.after))
	}
	return s.serve(w, r, first)
}

// hasPrimers reports whether the session's revision begins streams by an event
// without data that tells the client where it is; an older client might take it
// for a message.
func hasPrimers(record *session.Record) bool { return record.ProtocolVersion >= rev20251125 }

func primer(id string) event { return event{id: id, retry: retryAfter, data: []byte{}} }
