package mcp

import (
	"context"
	"errors"
	"runtime/debug"
)

// The methods that the door serves. Of resources, prompts and completion the SDK's
// server serves what was added there.
const (
	methodInitialize  = "initialize"
	methodInitialized = "notifications/initialized"
	methodCancelled   = "notifications/cancelled"
	methodPing        = "ping"
	methodDiscover    = "server/discover"
	methodToolsList   = "tools/list"
	methodToolsCall   = "tools/call"
	methodRead        = "resources/read"
	methodGetPrompt   = "prompts/get"
	methodComplete    = "completion/complete"
)

// answer carries out the request and appends its response to dst, whatever
// happens. The error is that of the response, nil for a result.
func (d *Door) answer(ctx context.Context, dst []byte, x *exchange) (response []byte, fault *rpcError) {
	start := len(dst)
	defer func() {
		if v := recover(); v != nil {
			d.logger().ErrorContext(ctx, "mcp: panic", "method", string(x.msg.method), "panic", v, "stack", string(debug.Stack()))
			fault = &rpcError{code: codeInternal, message: "internal error"}
			response = appendRPCError(dst[:start], x.msg.id, fault)
		}
	}()
	dst = appendResultHead(dst, x.msg.id)
	dst, err := d.result(ctx, dst, x)
	if err != nil {
		fault = d.fault(ctx, err)
		return appendRPCError(dst[:start], x.msg.id, fault), fault
	}
	return append(dst, '}'), nil
}

// appendResultHead appends what comes before the result in a response.
func appendResultHead(dst, id []byte) []byte {
	dst = append(append(dst, `{"jsonrpc":"2.0","id":`...), id...)
	return append(dst, `,"result":`...)
}

// fault returns the *rpcError that err is, or what stands for it to the caller.
func (d *Door) fault(ctx context.Context, err error) *rpcError {
	var e *rpcError
	if errors.As(err, &e) {
		return e
	}
	if ctx.Err() == nil { // else nobody waits any more
		d.logger().ErrorContext(ctx, "mcp: internal error", "error", err)
	}
	return &rpcError{code: codeInternal, message: "internal error"}
}

// result appends the result of a request.
func (d *Door) result(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	switch string(x.msg.method) {
	case methodToolsCall:
		return d.callTool(ctx, dst, x)
	case methodRead:
		return d.readResource(ctx, dst, x)
	case methodGetPrompt:
		return d.getPrompt(ctx, dst, x)
	case methodComplete:
		return d.complete(ctx, dst, x)
	case methodPing:
		if !x.modern() {
			return append(dst, "{}"...), nil
		}
	case methodDiscover:
		if x.modern() {
			return d.appendDiscover(ctx, dst)
		}
	case methodListen:
		if x.modern() {
			return d.listen(ctx, dst, x)
		}
	case methodSetLevel, methodSubscribe, methodUnsubscribe:
		if x.record != nil {
			return d.resultOfSession(ctx, dst, x)
		}
	default:
		if k, ok := listOf(x.msg.method); ok {
			return d.appendList(ctx, dst, x, k)
		}
	}
	return dst, methodNotFound(x.msg.method)
}
