package mcp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/tandem-go/tandem/session"
)

// isCall reports whether the request may take its time and speak to the client
// meanwhile, so that it has a record in its session.
func (m *message) isCall() bool {
	switch string(m.method) {
	case methodToolsCall, methodGetPrompt, methodRead:
		return true
	}
	return false
}

// sessionCall is a call of a legacy session. Its output goes to the
// session's log first, so that whoever holds the client's stream can send it, and
// then to sink.
type sessionCall struct {
	door   *Door
	record *session.Record
	msg    *message
	stream string // where its output goes; empty means a stream of its own
	sink   sink   // nil if the client takes nothing but the answer, or has been given it

	telling sync.Mutex // guards sink while the call runs, and keeps what it is told in order
	apart   apart

	owner string
	begun session.Begun
	life  runningCall
}

// sink is the client's connection while the client waits for a call.
type sink interface {
	open()                                // see notifier
	logged(n uint64, notification []byte) // the notification is event n of the call's stream
}

// begin accepts the call. If the outcome is New, run must follow.
func (c *sessionCall) begin(ctx context.Context) error {
	c.owner = rand.Text()
	if c.stream == "" {
		c.stream = c.door.newStream(ctx, c.msg)
	}
	start := session.CallStart{
		Session: c.record.ID,
		Stream:  c.stream,
		Call:    callKey(c.msg.id),
		Hash:    sha256.Sum256(c.msg.raw),
		Owner:   c.owner,
	}
	c.door.running.add(&c.life, ctx, start.Session, start.Call) // before Begin, so that no cancellation is missed
	err := c.door.insist(beginPatience, func() (err error) {
		c.begun, err = c.door.store.Begin(&c.life, start)
		return err
	})
	if err != nil || c.begun.Outcome != session.New {
		c.door.running.remove(&c.life)
	}
	return err
}

// run carries the call out and logs its answer. It returns the answer and its
// number in the stream.
func (c *sessionCall) run() (answer []byte, n uint64) {
	defer c.door.running.remove(&c.life)
	defer c.silence()
	x := exchange{msg: c.msg, revision: c.record.ProtocolVersion, record: c.record}
	if c.sink != nil {
		x.out = c
	}
	buf := newBuffer()
	defer buf.free()
	buf.b, _ = c.door.answer(c.apart.context(&c.life), buf.b, &x)
	answer = slices.Clone(buf.b) // the log keeps it
	return answer, c.finish(answer)
}

// finish ends the call in the store. A call that the client has cancelled ends
// without an answer where nobody waits for one.
func (c *sessionCall) finish(answer []byte) (n uint64) {
	messages := [][]byte{answer}
	patience := answerPatience
	if c.stream == session.Standing || c.apart.isAlone() {
		patience = logPatience // the log is the only way to the client
		if errors.Is(context.Cause(&c.life), errCancelled) {
			messages = nil // 2025-11-25, section "Cancellation"
		}
	}
	err := c.door.insist(patience, func() (err error) {
		n, err = c.append(true, messages...)
		return err
	})
	if ignore(err, session.ErrNotFound) != nil {
		c.door.logger().ErrorContext(&c.life, "mcp: the answer of a call was not logged", "error", err)
	}
	return n
}

func (c *sessionCall) open() {
	c.telling.Lock()
	defer c.telling.Unlock()
	if c.sink != nil {
		c.sink.open()
	}
}

// notify implements notifier: what is lost is one report of several.
func (c *sessionCall) notify(notification []byte) { _ = c.request(notification) }

// request implements questioner.
func (c *sessionCall) request(message []byte) error {
	c.telling.Lock()
	defer c.telling.Unlock()
	n, err := c.append(false, message)
	if err == nil && c.sink != nil {
		c.sink.logged(n, message)
	}
	return err
}

func (c *sessionCall) questions() (*questions, string) {
	return &c.life.questions, callTag(c.life.id)
}

// silence parts the call from its sink; when it returns, the sink is not used any
// more.
func (c *sessionCall) silence() {
	c.telling.Lock()
	defer c.telling.Unlock()
	c.sink = nil
}

// append adds to the call's output. What was done is told even if the call was
// cancelled meanwhile.
func (c *sessionCall) append(final bool, messages ...[]byte) (uint64, error) {
	return c.door.store.Append(context.WithoutCancel(&c.life), session.Output{
		Session: c.record.ID,
		Call:    c.begun.Call.ID,
		Owner:   c.owner,
		Final:   final,
	}, messages...)
}

// How long a step is repeated while the store cannot be reached: with the client
// waiting for the call to be accepted, with it waiting for an answer that it will
// get in any case, and with the log as the only way to the client.
const (
	beginPatience  = 2 * time.Second
	answerPatience = 3 * time.Second
	logPatience    = time.Minute
)

// insist repeats a step of the store that may be repeated while the store cannot
// be reached, at most for as long as patience, and not beyond the door's life.
func (d *Door) insist(patience time.Duration, step func() error) error {
	err := step()
	if !errors.Is(err, session.ErrUnavailable) {
		return err
	}
	deadline := time.Now().Add(patience)
	for pause := 20 * time.Millisecond; errors.Is(err, session.ErrUnavailable) && time.Now().Before(deadline); pause = min(2*pause, time.Second) {
		select {
		case <-time.After(pause):
			err = step()
		case <-d.life.Done():
			return err
		}
	}
	return err
}
