package mcp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/tandem-go/tandem/session"
)

// sessionCall is a tools/call of a legacy session. Its output goes to the
// session's log first, so that whoever holds the client's stream can send it, and
// then to sink.
type sessionCall struct {
	door   *Door
	record *session.Record
	msg    *message
	stream string // where its output goes; empty means a stream of its own
	sink   sink

	owner string
	begun session.Begun
	ctx   context.Context
	end   func()
}

// sink receives what a call sends while its client waits for it. The zero value
// drops everything.
type sink struct {
	opened func() // the call runs, and was asked for progress
	notify func(c *sessionCall, n uint64, notification []byte)
}

// begin accepts the call. If the outcome is New, run must follow.
func (c *sessionCall) begin(ctx context.Context) error {
	c.owner = rand.Text()
	if c.stream == "" {
		c.stream = c.owner[:12]
	}
	start := session.CallStart{
		Session: c.record.ID,
		Stream:  c.stream,
		Call:    callKey(c.msg.id),
		Hash:    sha256.Sum256(c.msg.raw),
		Owner:   c.owner,
	}
	c.ctx, c.end = c.door.running.add(ctx, start.Session, start.Call, c.owner) // before Begin, so that no cancellation is missed
	var err error
	c.begun, err = c.door.store.Begin(ctx, start)
	if err != nil || c.begun.Outcome != session.New {
		c.end()
	}
	return err
}

// run carries the call out and logs its answer. It returns the answer and its
// number in the stream.
func (c *sessionCall) run() (answer []byte, n uint64) {
	defer c.end()
	x := exchange{msg: c.msg, revision: c.record.ProtocolVersion, record: c.record}
	if c.sink.notify != nil {
		x.notify = c.notify
		x.opened = c.sink.opened
	}
	buf := newBuffer()
	defer buf.free()
	buf.b, _ = c.door.answer(c.ctx, buf.b, &x)
	answer = slices.Clone(buf.b) // the log keeps it
	return answer, c.finish(answer)
}

// finish ends the call in the store. A call that the client has cancelled ends
// without an answer where nobody waits for one.
func (c *sessionCall) finish(answer []byte) uint64 {
	messages := [][]byte{answer}
	if c.silenced() {
		messages = nil
	}
	n, err := c.append(true, messages...)
	if err != nil && !errors.Is(err, session.ErrNotFound) {
		c.door.logger().ErrorContext(c.ctx, "mcp: the answer of a call was not logged", "error", err)
	}
	return n
}

// silenced reports whether the call's answer is not to be sent, 2025-11-25,
// section "Cancellation".
func (c *sessionCall) silenced() bool {
	return c.stream == session.Standing && errors.Is(context.Cause(c.ctx), errCancelled)
}

func (c *sessionCall) notify(notification []byte) {
	n, err := c.append(false, notification)
	if err == nil {
		c.sink.notify(c, n, notification)
	}
}

// append adds to the call's output. What was done is told even if the call was
// cancelled meanwhile.
func (c *sessionCall) append(final bool, messages ...[]byte) (uint64, error) {
	return c.door.store.Append(context.WithoutCancel(c.ctx), session.Output{
		Session: c.record.ID,
		Call:    c.begun.Call.ID,
		Owner:   c.owner,
		Final:   final,
	}, messages...)
}
