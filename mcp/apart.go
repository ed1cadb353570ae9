package mcp

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/tandem-go/tandem"
)

// errLeft says that a connection ends before the call that it brought.
var errLeft = errors.New("mcp: the connection ends before the call")

// apart lets a call outlive the connection that brought it, 2025-11-25, section
// "Sending Messages to the Server". The zero value is a call that cannot.
type apart struct {
	leaving  chan struct{} // holds one; nil for a call that cannot be left
	closable bool          // the handler may end the connection
	alone    atomic.Bool   // the connection has gone
}

// context returns the context in which the handler can end the connection.
func (a *apart) context(ctx context.Context) context.Context {
	if !a.closable {
		return ctx
	}
	return tandem.WithCloseStream(ctx, a.leave)
}

func (a *apart) leave() {
	select {
	case a.leaving <- struct{}{}:
	default: // it is leaving already
	}
}

// isAlone reports whether the log is the only way to the client.
func (a *apart) isAlone() bool { return a.alone.Load() }

// isLong reports whether the request calls a tool that may outlive its connection.
func (d *Door) isLong(ctx context.Context, m *message) bool {
	if !m.is(methodToolsCall) {
		return false
	}
	t, err := d.target(ctx, m)
	return err == nil && t.tool != nil && t.op.Long
}

// runApart carries the call out beside the connection. The error is nil, or errLeft
// if the connection is to end before the call: the handler wants it, or the
// credentials have ended. Whoever comes back with good ones finds the rest in the
// log.
func (p *sessionReply) runApart(c *sessionCall) ([]byte, error) {
	c.apart.leaving = make(chan struct{}, 1)
	p.onEnded(func(*tandem.Error) { c.apart.leave() })
	done := make(chan struct{})
	var answer []byte
	p.door.gate.again()
	go func() {
		defer p.door.gate.leave()
		defer close(done)
		answer, p.last = c.run()
	}()
	select {
	case <-done:
		return answer, nil
	case <-c.apart.leaving:
	}
	c.apart.alone.Store(true)
	c.silence()
	c.msg.body.kept = true
	return nil, errLeft
}
