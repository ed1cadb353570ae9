package mcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/tandem-go/tandem/session"
)

// ServeStdio serves one client over a pair of byte streams, in both eras: one
// message per line, calls side by side. The principal of ctx makes every call.
//
// It ends when in does, after the calls in flight have been answered, and then
// returns nil; or when ctx or the door does, which cancels them. It then no longer
// waits for in, whose last read stays behind until in is closed. It returns an
// error if in or out fails.
func (d *Door) ServeStdio(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(d.life, func() { cancel(errDoorClosed) })
	defer stop()
	p := &pipe{door: d, out: out, fail: cancel, calls: map[string]context.CancelCauseFunc{}, ended: make(chan struct{})}
	p.telling.Go(func() { p.tellChanges(ctx) })
	err := p.readAll(ctx, in)
	if err != nil {
		cancel(err)
	}
	close(p.ended)
	p.asked.end()
	p.running.Wait()
	p.telling.Wait()
	return errors.Join(err, p.writeError())
}

// pipe is the connection of one stdio client.
type pipe struct {
	door *Door
	fail context.CancelCauseFunc

	running sync.WaitGroup
	telling sync.WaitGroup
	ended   chan struct{} // closed when the input has ended
	asked   questions

	mu     sync.Mutex
	record session.Record                     // of the handshake; a zero ProtocolVersion means none
	calls  map[string]context.CancelCauseFunc // JSON text of the id → in flight

	writing sync.Mutex
	out     io.Writer
	failed  error
}

// readAll acts on each line until the input or ctx ends.
func (p *pipe) readAll(ctx context.Context, in io.Reader) error {
	lines := make(chan line)
	go readLines(ctx, in, p.door.cfg.MaxBody, lines)
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case l := <-lines:
			switch {
			case errors.Is(l.err, io.EOF):
				return nil
			case errors.Is(l.err, errLineTooLong):
				p.write(appendRPCError(nil, nil, invalidRequest("the message is too large")))
			case l.err != nil:
				return fmt.Errorf("mcp: read: %w", l.err)
			default:
				p.take(ctx, l.data)
			}
		}
	}
}

// take acts on one message.
func (p *pipe) take(ctx context.Context, data []byte) {
	if isBatch(data) {
		p.takeBatch(ctx, data)
		return
	}
	m := new(message)
	if err := parse(data, m); err != nil {
		p.write(appendRPCError(nil, m.id, p.door.fault(ctx, err)))
		return
	}
	p.serve(ctx, m)
}

// takeBatch acts on an array of messages, where the handshake settled a revision
// that has them. Each answer is a line of its own.
func (p *pipe) takeBatch(ctx context.Context, data []byte) {
	messages, faults, err := parseBatch(data)
	if err == nil && (!hasBatches(p.handshake().ProtocolVersion) || len(messages) == 0 || len(messages) > p.door.cfg.MaxBatch) {
		err = invalidRequest("a batch is not possible here")
	}
	if err != nil {
		p.write(appendRPCError(nil, nil, p.door.fault(ctx, err)))
		return
	}
	for i := range messages {
		if faults[i] != nil {
			p.write(appendRPCError(nil, messages[i].id, p.door.fault(ctx, faults[i])))
			continue
		}
		p.serve(ctx, &messages[i])
	}
}

func (p *pipe) serve(ctx context.Context, m *message) {
	switch {
	case m.kind == response:
		if id, ok := text(m.id); ok {
			p.asked.answer(id, m.raw)
		}
	case m.kind == notification:
		p.notice(m)
	case m.params.meta.version != nil:
		p.serveModern(ctx, m)
	case m.is(methodInitialize):
		p.initialize(ctx, m)
	case p.handshake().ProtocolVersion == "" && !m.is(methodPing):
		p.write(appendRPCError(nil, m.id, errHandshake))
	default:
		record := p.handshake()
		p.start(ctx, &exchange{msg: m, revision: record.ProtocolVersion, record: &record, update: p.update})
	}
}

func (p *pipe) notice(m *message) {
	switch string(m.method) {
	case methodInitialized:
		_ = p.update(func(r *session.Record) error { r.Initialized = true; return nil }) // it has no error
	case methodCancelled:
		p.cancel(callKey(m.params.requestID))
	}
}

// serveModern serves a request of the modern era, which has no headers here.
func (p *pipe) serveModern(ctx context.Context, m *message) {
	err := checkMeta(m)
	if version, _ := text(m.params.meta.version); err == nil && version != rev20260728 {
		err = unsupportedVersion(version)
	}
	if err != nil {
		p.write(appendRPCError(nil, m.id, err))
		return
	}
	p.start(ctx, &exchange{msg: m, revision: rev20260728, until: p.ended})
}

func (p *pipe) initialize(ctx context.Context, m *message) {
	record, err := initialRecord(m)
	if err != nil {
		p.write(appendRPCError(nil, m.id, p.door.fault(ctx, err)))
		return
	}
	_ = p.update(func(r *session.Record) error { *r = record; return nil }) // it has no error
	p.write(p.door.initializeAnswer(ctx, m, record.ProtocolVersion))
}

// handshake returns the record of the session.
func (p *pipe) handshake() session.Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.record
}

// update changes the record of the session.
func (p *pipe) update(change func(*session.Record) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	changed, err := p.record.Changed(change)
	if err == nil {
		p.record = *changed
	}
	return err
}

// tellChanges tells a legacy client what changes in the service, until its input
// ends.
func (p *pipe) tellChanges(ctx context.Context) {
	l := p.door.audience.join("", everything)
	defer p.door.audience.leave(l)
	for {
		select {
		case <-l.wake:
		case <-p.ended:
			return
		case <-ctx.Done():
			return
		}
		c, record := l.take(), p.handshake()
		if record.ProtocolVersion == "" {
			continue
		}
		c.of(&record)
		for _, n := range c.notices(nil) {
			p.write(n)
		}
	}
}

// start answers a request on a goroutine of its own.
func (p *pipe) start(ctx context.Context, x *exchange) {
	if !p.door.gate.enter() {
		p.write(appendRPCError(nil, x.msg.id, p.door.storeFault(ctx, errDraining)))
		return
	}
	call, cancel := context.WithCancelCause(ctx)
	key := callKey(x.msg.id)
	if err := p.register(key, cancel); err != nil {
		cancel(nil)
		p.door.gate.leave()
		p.write(appendRPCError(nil, x.msg.id, err))
		return
	}
	p.running.Go(func() {
		defer p.door.gate.leave()
		p.answer(call, x, func() { p.unregister(key, cancel) })
	})
}

// answer writes the answer, unless the client has cancelled the request:
// 2026-07-28, section "Cancellation". The request is over before its answer goes
// out, so that the client may use the id and the room at once.
func (p *pipe) answer(ctx context.Context, x *exchange, over func()) {
	out := &pipeCall{pipe: p, ctx: ctx}
	x.out = out
	buf := newBuffer()
	defer buf.free()
	buf.b, _ = p.door.answer(ctx, buf.b, x)
	silent := out.cancelled()
	over()
	if !silent {
		p.write(buf.b)
	}
}

// pipeCall is the notifier of a request over stdio.
type pipeCall struct {
	pipe *pipe
	ctx  context.Context
}

func (c *pipeCall) open() {}

func (c *pipeCall) questions() (*questions, string) { return &c.pipe.asked, "" }

// request implements questioner.
func (c *pipeCall) request(message []byte) error {
	c.pipe.write(message)
	return c.pipe.writeError()
}

func (c *pipeCall) notify(notification []byte) {
	if !c.cancelled() {
		c.pipe.write(notification)
	}
}

func (c *pipeCall) cancelled() bool { return errors.Is(context.Cause(c.ctx), errCancelled) }

// register enters a call in flight. Input goes on being read beyond the bound,
// since it may hold the cancellation that makes room.
func (p *pipe) register(key string, cancel context.CancelCauseFunc) *rpcError {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, taken := p.calls[key]; taken {
		return invalidRequest("a request with this id is in flight")
	}
	if len(p.calls) >= p.door.cfg.MaxStdioCalls {
		return &rpcError{code: codeInternal, message: "too many requests are in flight"}
	}
	p.calls[key] = cancel
	return nil
}

func (p *pipe) unregister(key string, cancel context.CancelCauseFunc) {
	cancel(nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.calls, key)
}

func (p *pipe) cancel(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cancel, ok := p.calls[key]; ok {
		cancel(errCancelled)
	}
}

// write writes one message as a line.
func (p *pipe) write(message []byte) {
	p.writing.Lock()
	defer p.writing.Unlock()
	if p.failed != nil {
		return
	}
	buf := newBuffer()
	defer buf.free()
	buf.b = append(oneLine(append(buf.b, message...)), '\n')
	if _, err := p.out.Write(buf.b); err != nil {
		p.failed = fmt.Errorf("mcp: write: %w", err)
		p.fail(p.failed)
	}
}

func (p *pipe) writeError() error {
	p.writing.Lock()
	defer p.writing.Unlock()
	return p.failed
}
