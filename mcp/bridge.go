package mcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// bridge hands a request that is not the door's own to the SDK's server, over a
// connection that lives for this request alone, and appends its result.
func (d *Door) bridge(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	if !d.features().serves(string(x.msg.method)) {
		return dst, methodNotFound(x.msg.method)
	}
	response, err := d.dispatch(ctx, x, string(x.msg.method), append([]byte(nil), x.msg.params.raw...))
	if err != nil {
		return dst, err
	}
	return append(dst, response...), nil
}

// dispatch makes one call of the SDK's server and returns the result.
func (d *Door) dispatch(ctx context.Context, x *exchange, method string, params []byte) ([]byte, error) {
	id, err := jsonrpc.MakeID("1") // of this connection; the caller's own id stays outside
	if err != nil {
		return nil, err
	}
	conn := &bridgeConn{
		out:    x.out,
		in:     make(chan jsonrpc.Message, 2),
		answer: make(chan *jsonrpc.Response, 1),
		closed: make(chan struct{}),
	}
	if x.record != nil {
		conn.session = x.record.ID
	}
	state, err := sessionState(x)
	if err != nil {
		return nil, err
	}
	ss, err := d.sdk.Connect(ctx, conn, &sdk.ServerSessionOptions{State: state})
	if err != nil {
		return nil, fmt.Errorf("connect to the SDK's server: %w", err)
	}
	conn.in <- &jsonrpc.Request{ID: id, Method: method, Params: params}
	response := conn.wait(ctx)
	if err := ss.Close(); err != nil {
		d.logger().DebugContext(ctx, "mcp: close of an SDK session", "error", err)
	}
	return d.bridged(response)
}

// bridged returns the result in the SDK's response, or its error made fit to be
// shown.
func (d *Door) bridged(response *jsonrpc.Response) ([]byte, error) {
	if response == nil {
		return nil, errors.New("the SDK's server gave no answer")
	}
	if response.Error == nil {
		return response.Result, nil
	}
	var e *jsonrpc.Error
	if !errors.As(response.Error, &e) || e.Code == 0 {
		return nil, response.Error // an error of a handler: its text is not for the caller
	}
	return nil, &rpcError{code: int(e.Code), message: e.Message, data: e.Data}
}

// bridgeConn is the connection of one request. It implements sdk.Transport and
// sdk.Connection.
type bridgeConn struct {
	session string
	out     notifier // of the request; nil drops notifications
	in      chan jsonrpc.Message
	answer  chan *jsonrpc.Response
	closed  chan struct{}
	once    sync.Once
}

// Connect implements sdk.Transport.
func (c *bridgeConn) Connect(context.Context) (sdk.Connection, error) { return c, nil }

// SessionID implements sdk.Connection.
func (c *bridgeConn) SessionID() string { return c.session }

// Read implements sdk.Connection.
func (c *bridgeConn) Read(ctx context.Context) (jsonrpc.Message, error) {
	select {
	case m := <-c.in:
		return m, nil
	case <-c.closed:
		return nil, io.EOF
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Write implements sdk.Connection.
func (c *bridgeConn) Write(ctx context.Context, m jsonrpc.Message) error {
	switch m := m.(type) {
	case *jsonrpc.Response:
		select {
		case c.answer <- m:
		default: // there was one request, so that there is one answer
		}
	case *jsonrpc.Request:
		if m.IsCall() {
			return c.decline(ctx, m)
		}
		if c.out == nil {
			return nil
		}
		encoded, err := jsonrpc.EncodeMessage(m)
		if err != nil {
			return err
		}
		c.out.notify(encoded)
	}
	return nil
}

// decline answers a request of the server to the client, which nobody carries.
func (c *bridgeConn) decline(ctx context.Context, m *jsonrpc.Request) error {
	refusal := &jsonrpc.Response{ID: m.ID, Error: &jsonrpc.Error{Code: codeMethodNotFound, Message: "the client cannot be asked"}}
	select {
	case c.in <- refusal:
		return nil
	case <-c.closed:
		return io.ErrClosedPipe
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close implements sdk.Connection.
func (c *bridgeConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return nil
}

// wait returns the answer; nil if the connection was closed before. When ctx ends
// it cancels the request and still waits, since the handler runs until then.
func (c *bridgeConn) wait(ctx context.Context) *jsonrpc.Response {
	select {
	case response := <-c.answer:
		return response
	case <-c.closed:
		return nil
	case <-ctx.Done():
	}
	select {
	case c.in <- &jsonrpc.Request{Method: methodCancelled, Params: []byte(`{"requestId":"1"}`)}:
	case <-c.closed:
		return nil
	}
	select {
	case response := <-c.answer:
		return response
	case <-c.closed:
		return nil
	}
}

// recoverPanics keeps a panic of a handler of the SDK's server from ending the
// process.
func (d *Door) recoverPanics(next sdk.MethodHandler) sdk.MethodHandler {
	return func(ctx context.Context, method string, req sdk.Request) (result sdk.Result, err error) {
		defer func() {
			if v := recover(); v != nil {
				d.logger().ErrorContext(ctx, "mcp: panic", "method", method, "panic", v, "stack", string(debug.Stack()))
				result, err = nil, &jsonrpc.Error{Code: codeInternal, Message: "internal error"}
			}
		}()
		return next(ctx, method, req)
	}
}
