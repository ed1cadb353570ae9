package mcp

import (
	"context"
	"errors"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

// exchange is one request on its way through the door.
type exchange struct {
	msg      *message
	revision string
	record   *session.Record // of a legacy session; nil for none
	out      notifier        // nil where the caller can take nothing but the answer

	// update changes the record of a session that no store has; nil for any other.
	update func(change func(*session.Record) error) error
	// until ends a subscription whose client has gone; nil means never.
	until <-chan struct{}
}

// notifier carries what the caller of a request is told before the answer.
type notifier interface {
	// open is called once the request is known to be well formed, if its caller
	// asked to be told.
	open()
	notify(notification []byte)
}

// modern reports whether the request carries its own metadata.
func (x *exchange) modern() bool { return isModern(x.revision) }

// callTool serves tools/call: decode ▸ invoke ▸ encode. It appends the result to
// dst. The error is a *rpcError: an operation's own errors are results.
func (d *Door) callTool(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	call, tool, err := d.decode(ctx, x.msg)
	if err != nil {
		return dst, err
	}
	if call.IdempotencyKey, err = x.key(ctx, call.Operation); err != nil {
		return dst, err
	}
	result, err := d.invoke(ctx, call, x)
	if out, done, fault := d.interim(dst, err); done {
		return out, fault
	}
	return d.encode(dst, x, tool, result, err), nil
}

// decode finds the tool, and makes a call of the message. The arguments stay as
// they came: the operation's schema judges them.
func (d *Door) decode(ctx context.Context, m *message) (*tandem.Call, *tool, error) {
	if !isString(m.params.name) {
		return nil, nil, invalidParams(`"name" must be a string`)
	}
	if m.params.meta.raw != nil && !isObject(m.params.meta.raw) {
		return nil, nil, invalidParams(`"_meta" must be an object`)
	}
	t, err := d.target(ctx, m)
	if err != nil {
		return nil, nil, err
	}
	tool := t.tool
	if tool == nil {
		return nil, nil, invalidParams("unknown tool: " + string(clip(unquote(m.params.name), 64)))
	}
	call := &tandem.Call{Operation: tool.op, Door: tandem.MCP, Arguments: m.params.arguments, Meta: m.params.meta.raw, Repair: !d.cfg.NoRepair}
	if call.Arguments == nil || string(call.Arguments) == "null" {
		call.Arguments = noArguments
	}
	return call, tool, nil
}

var noArguments = []byte("{}")

// encode appends the CallToolResult: the output as text and as structured
// content, its blocks, or the problem document of an error as text.
func (d *Door) encode(dst []byte, x *exchange, tool *tool, result tandem.Result, err error) []byte {
	dst = appendResultType(dst, x)
	switch {
	case err != nil:
		dst = append(appendContent(dst, problemOf(err).JSON()), `,"isError":true`...)
	case tool.op.HasContent():
		dst = appendBlocks(dst, x.revision, result.Blocks)
	case result.JSON == nil:
		dst = append(dst, `"content":[]`...)
	default:
		dst = appendContent(dst, result.JSON)
		if hasStructured(x.revision) {
			dst = appendStructured(dst, tool, result.JSON)
		}
	}
	if result.Replayed {
		return d.appendReplayedMeta(dst, x)
	}
	return d.appendServerMeta(dst, x)
}

// appendContent appends a content member of one text block.
func appendContent(dst, text []byte) []byte {
	dst = append(dst, `"content":[{"type":"text","text":`...)
	return append(appendString(dst, text), "}]"...)
}

func appendStructured(dst []byte, tool *tool, output []byte) []byte {
	dst = append(dst, `,"structuredContent":`...)
	if !tool.wrapped {
		return append(dst, output...)
	}
	dst = append(dst, `{"result":`...)
	return append(append(dst, output...), '}')
}

// problemOf returns the document of an operation's error, which Invoke has made
// fit to be shown.
func problemOf(err error) tandem.Problem {
	var e *tandem.Error
	if !errors.As(err, &e) { // not reachable: Invoke returns nothing else
		e = tandem.Errorf(tandem.Internal, "internal error")
	}
	return e.Problem()
}
