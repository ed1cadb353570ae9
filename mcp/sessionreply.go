package mcp

import (
	"context"
	"errors"
	"net/http"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

// sessionReply is the response to a POST of a legacy session. On a stream its
// events are numbered, so that a client that loses the connection can go on
// where it was: 2025-11-25, section "Resumability and Redelivery".
type sessionReply struct {
	*reply
	last uint64 // number of the answer in the log, 0 for none
}

// answer returns the response to a request of the session.
func (p *sessionReply) answer(ctx context.Context, record *session.Record, m *message) ([]byte, error) {
	if !m.isCall() {
		x := exchange{msg: m, revision: record.ProtocolVersion, record: record}
		if err := p.door.store.Touch(ctx, record.ID); err != nil {
			return nil, err
		}
		if p.accepted.stream {
			x.out = p.reply
		}
		ctx, cancel := p.untilEnded(ctx, m)
		defer cancel(nil)
		p.await(origin{})
		answer, _ := p.door.answer(ctx, nil, &x)
		return answer, nil
	}
	c := &sessionCall{door: p.door, record: record, msg: m}
	if p.accepted.stream {
		c.sink = p
	}
	if err := c.begin(ctx); err != nil {
		return nil, err
	}
	p.await(origin{stream: c.begun.Call.Stream, after: c.begun.Call.After, primed: hasPrimers(record)})
	if c.begun.Outcome != session.New {
		return p.attach(ctx, c)
	}
	c.apart.closable = p.accepted.stream && hasPrimers(record) && p.door.isLong(ctx, m)
	if c.apart.closable || p.accepted.stream && tandem.CanEnd(ctx) {
		return p.runApart(c)
	}
	answer, n := c.run()
	p.last = n
	return answer, nil
}

// logged implements sink.
func (p *sessionReply) logged(n uint64, notification []byte) { p.send(n, notification) }

// list answers tools/list.
func (p *sessionReply) list(ctx context.Context, record *session.Record, m *message) {
	if err := p.door.store.Touch(ctx, record.ID); err != nil {
		p.fail(ctx, m.id, err)
		return
	}
	p.door.replyList(ctx, p.reply, m, false)
}

// attach follows a call that runs already, or has run, on behalf of the same
// request posted before. The error is errLeft if the connection is to end before it.
func (p *sessionReply) attach(ctx context.Context, c *sessionCall) (answer []byte, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p.onEnded(func(*tandem.Error) { cancel(errLeft) })
	t := tail{door: p.door, session: c.record.ID, stream: c.begun.Call.Stream, after: c.begun.Call.After}
	t.send = func(events []session.Event) error {
		for _, e := range events {
			switch {
			case e.Call != c.begun.Call.ID:
			case isAnswer(e.Data):
				answer, p.last = e.Data, e.N
				return errAnswered
			case p.accepted.stream:
				p.send(e.N, e.Data)
			}
		}
		return nil
	}
	if err = t.run(ctx); err == nil { // the stream ended without an answer
		err = errGap
	}
	return answer, ignore(err, errAnswered)
}

// errAnswered ends a tail that has found what it looked for.
var errAnswered = errors.New("mcp: answered")

// isAnswer reports whether a logged message is a response.
func isAnswer(data []byte) bool {
	var m message
	return parse(data, &m) == nil && m.kind == response
}

// fail answers by an error.
func (p *sessionReply) fail(ctx context.Context, id []byte, err error) {
	fault := p.door.storeFault(ctx, err)
	if errors.Is(err, errGap) {
		fault = &rpcError{code: codeInternal, message: "the answer to this request is not kept any more", status: http.StatusConflict}
	}
	setRetryAfter(p.w, fault.httpStatus())
	p.finish(fault.httpStatus(), 0, appendRPCError(nil, id, fault))
}

func ignore(err, target error) error {
	if errors.Is(err, target) {
		return nil
	}
	return err
}
