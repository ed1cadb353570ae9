package server

import (
	"context"
	"encoding/json"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/tandem-go/tandem"
)

// The attributes of the semantic conventions for MCP and generative AI, which
// are still in development and so not in the Go module.
const (
	mcpMethodName      = attribute.Key("mcp.method.name")
	mcpSessionID       = attribute.Key("mcp.session.id")
	mcpProtocolVersion = attribute.Key("mcp.protocol.version")
	genAIToolName      = attribute.Key("gen_ai.tool.name")
	genAIOperation     = attribute.Key("gen_ai.operation.name")
	errorType          = attribute.Key("error.type")
	networkTransport   = attribute.Key("network.transport")
	networkProtocol    = attribute.Key("network.protocol.name")
	clientAddress      = attribute.Key("client.address")

	// operationName and operationCode tell of REST what the others tell of MCP.
	operationName = attribute.Key("tandem.operation")
	operationCode = attribute.Key("tandem.code")
)

// intercept makes the span of an MCP call, and describes the operation in the
// request's span for the other doors.
func (t *tracer) intercept(next tandem.Invoker) tandem.Invoker {
	return func(ctx context.Context, call *tandem.Call) (result tandem.Result, err error) {
		if call.Door != tandem.MCP {
			return t.annotate(ctx, next, call)
		}
		ctx, span := t.startCall(ctx, call)
		code := tandem.Internal // what a panic becomes
		defer func() { endCall(span, code) }()
		result, err = next(ctx, call)
		code = tandem.CodeOf(err)
		return result, err
	}
}

func (t *tracer) annotate(ctx context.Context, next tandem.Invoker, call *tandem.Call) (tandem.Result, error) {
	span := trace.SpanFromContext(ctx)
	span.SetAttributes(operationName.String(call.Operation.Name))
	result, err := next(ctx, call)
	if err != nil {
		span.SetAttributes(operationCode.String(tandem.CodeOf(err).String()))
	}
	return result, err
}

// startCall starts the server span of a tools/call. Where its _meta carries a
// trace context, that is the parent and the HTTP request's span is linked: the
// two are independent of each other.
func (t *tracer) startCall(ctx context.Context, call *tandem.Call) (context.Context, trace.Span) {
	options := []trace.SpanStartOption{
		trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(callAttributes(ctx, call)...),
	}
	if carrier := carrierOf(call.Meta); carrier != nil {
		ambient := trace.SpanContextFromContext(ctx)
		parent := t.propagator.Extract(ctx, carrier)
		if sent := trace.SpanContextFromContext(parent); sent.IsRemote() && !sent.Equal(ambient) {
			ctx = parent
			if ambient.IsValid() {
				options = append(options, trace.WithLinks(trace.Link{SpanContext: ambient}))
			}
		}
	}
	return t.spans.Start(ctx, "tools/call "+call.Operation.Name, options...)
}

func callAttributes(ctx context.Context, call *tandem.Call) []attribute.KeyValue {
	attrs := []attribute.KeyValue{
		mcpMethodName.String("tools/call"),
		genAIToolName.String(call.Operation.Name),
		genAIOperation.String("execute_tool"),
		operationName.String(call.Operation.Name),
	}
	q := requestFrom(ctx)
	if q == nil {
		return append(attrs, networkTransport.String("pipe"))
	}
	attrs = append(attrs, networkTransport.String("tcp"), networkProtocol.String("http"))
	if q.client.IsValid() {
		attrs = append(attrs, clientAddress.String(q.client.String()))
	}
	return append(attrs, mcpAttributes(q)...)
}

// mcpAttributes are what a request's header says of its session.
func mcpAttributes(q *request) (attrs []attribute.KeyValue) {
	if q.sessionID != "" {
		attrs = append(attrs, mcpSessionID.String(clip(q.sessionID, 128)))
	}
	if q.revision != "" {
		attrs = append(attrs, mcpProtocolVersion.String(clip(q.revision, 32)))
	}
	return attrs
}

func addressText(q *request) string {
	if !q.client.IsValid() {
		return ""
	}
	return q.client.String()
}

// carrierOf returns the trace context that a _meta object carries under the
// unprefixed keys of W3C; nil if it carries none.
func carrierOf(meta json.RawMessage) propagation.MapCarrier {
	if len(meta) == 0 {
		return nil
	}
	var sent struct {
		TraceParent string `json:"traceparent"`
		TraceState  string `json:"tracestate"`
		Baggage     string `json:"baggage"`
	}
	if err := json.Unmarshal(meta, &sent); err != nil || sent.TraceParent == "" {
		return nil
	}
	return propagation.MapCarrier{"traceparent": sent.TraceParent, "tracestate": sent.TraceState, "baggage": sent.Baggage}
}

// endCall ends a call's span. A tool's error is a successful response with
// isError, which the conventions call "tool_error".
func endCall(span trace.Span, code tandem.Code) {
	if code != 0 {
		span.SetStatus(codes.Error, "")
		span.SetAttributes(errorType.String("tool_error"), operationCode.String(code.String()))
	}
	span.End()
}
