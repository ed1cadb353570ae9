package server

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// startHTTP starts the server span of a request, by the semantic conventions for
// HTTP. Its parent comes from the traceparent header.
func (t *tracer) startHTTP(ctx context.Context, q *request, r *http.Request) context.Context {
	if t == nil {
		return ctx
	}
	ctx = t.propagator.Extract(ctx, propagation.HeaderCarrier(r.Header))
	ctx, span := t.spans.Start(ctx, spanMethod(r.Method), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithTimestamp(q.start), trace.WithAttributes(httpAttributes(q, r)...))
	q.span = span
	return ctx
}

// spanMethod is the method as the first word of a span's name.
func spanMethod(method string) string {
	if m := knownMethod(method); m != "_OTHER" {
		return m
	}
	return "HTTP"
}

func httpAttributes(q *request, r *http.Request) []attribute.KeyValue {
	scheme := "http"
	if q.https {
		scheme = "https"
	}
	attrs := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(knownMethod(r.Method)),
		semconv.URLScheme(scheme),
		semconv.URLPath(clip(r.URL.EscapedPath(), 256)),
		semconv.NetworkProtocolVersion(protocolVersion(r)),
	}
	if m := knownMethod(r.Method); m != r.Method {
		attrs = append(attrs, semconv.HTTPRequestMethodOriginal(clip(r.Method, 16)))
	}
	if r.URL.RawQuery != "" {
		attrs = append(attrs, semconv.URLQuery(redactQuery(r.URL.RawQuery)))
	}
	if q.client.IsValid() {
		attrs = append(attrs, semconv.ClientAddress(q.client.String()))
	}
	if peer := peerOf(r); peer.IsValid() {
		attrs = append(attrs, semconv.NetworkPeerAddress(peer.String()))
	}
	if agent := r.UserAgent(); agent != "" {
		attrs = append(attrs, semconv.UserAgentOriginal(clip(agent, 256)))
	}
	attrs = append(attrs, serverAttributes(q.host)...)
	if q.route.kind == kindMCP {
		attrs = append(attrs, mcpAttributes(q)...)
		if method := r.Header.Get("Mcp-Method"); method != "" {
			attrs = append(attrs, mcpMethodName.String(clip(method, 64)))
		}
	}
	return attrs
}

func serverAttributes(host string) []attribute.KeyValue {
	if host == "" {
		return nil
	}
	attrs := []attribute.KeyValue{semconv.ServerAddress(clip(hostname(host), 256))}
	if _, port, err := net.SplitHostPort(host); err == nil {
		if n, err := strconv.Atoi(port); err == nil {
			attrs = append(attrs, semconv.ServerPort(n))
		}
	}
	return attrs
}

// protocolVersion returns "1.1" or "2".
func protocolVersion(r *http.Request) string {
	if r.ProtoMajor >= 2 {
		return strconv.Itoa(r.ProtoMajor)
	}
	return strings.TrimPrefix(r.Proto, "HTTP/")
}

// finishHTTP ends the request's span, now that its route is known.
func (t *tracer) finishHTTP(q *request, route string) {
	if q.span == nil {
		return
	}
	if route != "" {
		q.span.SetName(spanMethod(q.method) + " " + route)
		q.span.SetAttributes(semconv.HTTPRoute(route))
	}
	status := q.writer.status
	if status > 0 {
		q.span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	}
	if status == 0 || status >= http.StatusInternalServerError {
		q.span.SetStatus(codes.Error, "")
		q.span.SetAttributes(semconv.ErrorTypeKey.String(statusText(status)))
	}
	q.span.End()
}
