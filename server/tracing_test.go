package server

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// newTraced returns a server whose spans the test reads.
func newTraced(t *testing.T, cfg Config) (*Server, func() tracetest.SpanStubs) {
	t.Helper()
	svc := newService(t)
	s, err := New(svc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	exporter := tracetest.NewInMemoryExporter()
	provider, err := newProvider(svc, sdktrace.NewSimpleSpanProcessor(exporter))
	if err != nil {
		t.Fatal(err)
	}
	s.tracer = tracerOf(provider, svc)
	svc.Observe(s.tracer.intercept)
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		_ = provider.Shutdown(t.Context())
	})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, func() tracetest.SpanStubs {
		spans := exporter.GetSpans()
		exporter.Reset()
		return spans
	}
}

// attributes returns a span's attributes as text.
func attributes(s tracetest.SpanStub) map[string]string {
	all := map[string]string{}
	for _, a := range s.Attributes {
		all[string(a.Key)] = a.Value.String()
	}
	return all
}

const (
	headerTrace = "0af7651916cd43dd8448eb211c80319c"
	headerSpan  = "b7ad6b7169203331"
	metaTrace   = "4bf92f3577b34da6a3ce929d0e0e4736"
	metaSpan    = "00f067aa0ba902b7"
)

// The span of a request follows the semantic conventions for HTTP, hangs below
// the caller's, and shows no secret.
func TestHTTPSpan(t *testing.T) {
	s, spans := newTraced(t, Config{})
	ask(s, "GET", "/api/v1/echo/hi?x=hush", "", "traceparent", "00-"+headerTrace+"-"+headerSpan+"-01",
		"User-Agent", "curl/8", "Authorization", "Bearer hush")
	got := spans()
	if len(got) != 1 {
		t.Fatalf("%d spans", len(got))
	}
	span := got[0]
	if span.Name != "GET /api/v1/echo/{text}" || span.SpanKind != trace.SpanKindServer {
		t.Errorf("%s, %v", span.Name, span.SpanKind)
	}
	if span.SpanContext.TraceID().String() != headerTrace || span.Parent.SpanID().String() != headerSpan {
		t.Errorf("below %v", span.Parent)
	}
	attrs := attributes(span)
	for key, want := range map[string]string{
		"http.request.method": "GET", "http.route": "/api/v1/echo/{text}", "http.response.status_code": "400",
		"url.path": "/api/v1/echo/hi", "url.query": "x=REDACTED", "url.scheme": "http", "server.address": "localhost", "server.port": "8000",
		"client.address": "127.0.0.1", "network.peer.address": "127.0.0.1", "network.protocol.version": "1.1", "user_agent.original": "curl/8",
		"tandem.operation": "get_echo", "tandem.code": "invalid_argument",
	} {
		if attrs[key] != want {
			t.Errorf("%s is %q, want %q", key, attrs[key], want)
		}
	}
	for key, value := range attrs {
		if strings.Contains(value, "hush") {
			t.Errorf("%s shows a secret", key)
		}
	}
	if span.Status.Code != codes.Unset {
		t.Errorf("a caller's mistake is not the server's error: %v", span.Status)
	}
	about := map[string]string{}
	for _, a := range span.Resource.Attributes() {
		about[string(a.Key)] = a.Value.String()
	}
	if about["service.name"] != "testing" || about["service.version"] != "1.0.0" {
		t.Errorf("the resource is %v", about)
	}
}

// A failure of the service is an error of its span.
func TestHTTPSpanOfFailure(t *testing.T) {
	s, spans := newTraced(t, Config{})
	ask(s, "POST", "/api/v1/boom", "")
	span := spans()[0]
	if attrs := attributes(span); span.Status.Code != codes.Error || attrs["error.type"] != "500" || attrs["http.response.status_code"] != "500" {
		t.Errorf("%v %v", span.Status, attrs)
	}
}

// A tool call has a span by the semantic conventions for MCP, below that of its
// request.
func TestMCPSpan(t *testing.T) {
	s, spans := newTraced(t, Config{})
	ask(s, "POST", "/mcp", callEcho, append([]string{"traceparent", "00-" + headerTrace + "-" + headerSpan + "-01"}, modern...)...)
	got := spans()
	if len(got) != 2 {
		t.Fatalf("%d spans", len(got))
	}
	tool, request := got[0], got[1]
	if attrs := attributes(request); attrs["mcp.method.name"] != "tools/call" || attrs["mcp.protocol.version"] != "2026-07-28" {
		t.Errorf("the request's span has %v", attrs)
	}
	if tool.Name != "tools/call echo" || tool.SpanKind != trace.SpanKindServer || request.Name != "POST /mcp" {
		t.Errorf("%q below %q", tool.Name, request.Name)
	}
	if tool.Parent.SpanID() != request.SpanContext.SpanID() || tool.SpanContext.TraceID().String() != headerTrace {
		t.Errorf("below %v", tool.Parent)
	}
	want := map[string]string{
		"mcp.method.name": "tools/call", "gen_ai.tool.name": "echo", "gen_ai.operation.name": "execute_tool", "tandem.operation": "echo",
		"mcp.protocol.version": "2026-07-28", "network.transport": "tcp", "network.protocol.name": "http", "client.address": "127.0.0.1",
	}
	if diff := cmp.Diff(want, attributes(tool)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A trace context in _meta is the parent of the call, and the request is linked:
// the two are independent of each other.
func TestMCPSpanParentInMeta(t *testing.T) {
	s, spans := newTraced(t, Config{})
	meta := `"_meta":{"traceparent":"00-` + metaTrace + `-` + metaSpan + `-01","tracestate":"rojo=1",`
	ask(s, "POST", "/mcp", strings.Replace(callEcho, `"_meta":{`, meta, 1), modern...)
	got := spans()
	if len(got) != 2 {
		t.Fatalf("%d spans", len(got))
	}
	tool, request := got[0], got[1]
	if tool.SpanContext.TraceID().String() != metaTrace || tool.Parent.SpanID().String() != metaSpan || tool.SpanContext.TraceState().String() != "rojo=1" {
		t.Errorf("below %v", tool.Parent)
	}
	if len(tool.Links) != 1 || tool.Links[0].SpanContext.SpanID() != request.SpanContext.SpanID() {
		t.Errorf("links %v", tool.Links)
	}
}

// A session's id is in the span, an error is "tool_error", and rubbish in _meta
// is no parent.
func TestMCPSpanOfSession(t *testing.T) {
	s, spans := newTraced(t, Config{})
	id := ask(s, "POST", "/mcp", initialize, modern[:2]...).Header().Get("Mcp-Session-Id")
	spans()
	body := `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"fail","_meta":{"traceparent":"rubbish"}}}`
	ask(s, "POST", "/mcp", body, append([]string{"Mcp-Session-Id", id, "MCP-Protocol-Version", "2025-11-25"}, modern[:2]...)...)
	got := spans()
	if len(got) != 2 {
		t.Fatalf("%d spans", len(got))
	}
	tool, request := got[0], got[1]
	attrs := attributes(tool)
	if attrs["mcp.session.id"] != id || attrs["mcp.protocol.version"] != "2025-11-25" || attrs["error.type"] != "tool_error" ||
		attrs["tandem.code"] != "internal" || tool.Status.Code != codes.Error {
		t.Errorf("%v %v", tool.Status, attrs)
	}
	if tool.Parent.SpanID() != request.SpanContext.SpanID() || len(tool.Links) != 0 {
		t.Errorf("below %v, links %v", tool.Parent, tool.Links)
	}
}

// Over stdio there is no request: the transport is a pipe.
func TestMCPSpanOfStdio(t *testing.T) {
	s, spans := newTraced(t, Config{})
	in := strings.NewReader(initialize + "\n" + toolsCall(2, "hi") + "\n")
	if err := s.ServeStdio(t.Context(), in, io.Discard); err != nil {
		t.Fatal(err)
	}
	got := spans()
	if len(got) != 1 || attributes(got[0])["network.transport"] != "pipe" || got[0].Parent.IsValid() {
		t.Errorf("got %+v", got)
	}
}

// The self-check makes no spans.
func TestSelfCheckIsNotTraced(t *testing.T) {
	s, spans := newTraced(t, Config{})
	ask(s, "GET", "/health/mcp", "")
	for _, span := range spans() {
		if span.Name != "GET /health/mcp" {
			t.Errorf("it made %q", span.Name)
		}
	}
}

// With the variables of OpenTelemetry set, spans reach a collector by OTLP over
// HTTP, the last ones when the server stops, and OTEL_SERVICE_NAME names the
// service.
func TestOTLP(t *testing.T) {
	var (
		mu    sync.Mutex
		names []string
		about = map[string]string{}
	)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request := readOTLP(t, r)
		mu.Lock()
		defer mu.Unlock()
		for _, rs := range request.ResourceSpans {
			for _, a := range rs.Resource.Attributes {
				about[a.Key] = a.Value.GetStringValue()
			}
			for _, ss := range rs.ScopeSpans {
				for _, span := range ss.Spans {
					names = append(names, span.Name)
				}
			}
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	defer receiver.Close()
	variables := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": receiver.URL, "OTEL_SERVICE_NAME": "shop-eu"}
	for name, value := range variables {
		t.Setenv(name, value) // the exporter reads them itself
	}
	cfg, err := FromEnv(env(variables))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(newService(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	ask(s, "GET", "/api/v1/echo/hi", "")
	ask(s, "POST", "/mcp", callEcho, modern...)
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff([]string{"GET /api/v1/echo/{text}", "tools/call echo", "POST /mcp"}, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if about["service.name"] != "shop-eu" || about["service.version"] != "1.0.0" {
		t.Errorf("the resource is %v", about)
	}
}

func readOTLP(t *testing.T, r *http.Request) *collector.ExportTraceServiceRequest {
	t.Helper()
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Error(err)
			return nil
		}
		body = unpacked
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Error(err)
	}
	var request collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(data, &request); err != nil || r.URL.Path != "/v1/traces" {
		t.Errorf("%s: %v", r.URL.Path, err)
	}
	return &request
}

// Without those variables nothing is traced, and nothing is spent on it.
func TestNoTracing(t *testing.T) {
	s := newServer(t, newService(t), Config{})
	if s.tracer != nil {
		t.Error("there is a tracer")
	}
}

// What _meta carries is read by the names of W3C, and rubbish is none.
func TestCarrierOf(t *testing.T) {
	for meta, want := range map[string]bool{
		``: false, `null`: false, `{}`: false, `[]`: false, `{"traceparent":7}`: false, `{"traceparent":""}`: false,
		`{"traceparent":"00-a-b-01"}`: true, `{"progressToken":1,"traceparent":"x","tracestate":"y"}`: true,
	} {
		if got := carrierOf([]byte(meta)); (got != nil) != want {
			t.Errorf("%s: %v", meta, got)
		}
	}
}
