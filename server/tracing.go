package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/tandem-go/tandem"
)

// Tracing says where spans go.
type Tracing uint8

// The places. The zero value means that there are no spans.
const (
	NoTracing Tracing = iota
	// TraceOTLP exports by OTLP over HTTP, as the OTEL_EXPORTER_OTLP_* variables
	// say. The sampler and further attributes come from OTEL_* too.
	TraceOTLP
	// TraceGlobal uses the provider that the program gave to OpenTelemetry.
	TraceGlobal
)

// tracingFromEnv reads whether the environment asks for traces: those variables
// of the OpenTelemetry specification that say so, and those whose values this
// server cannot follow.
func tracingFromEnv(lookup func(string) (string, bool)) (Tracing, error) {
	get := func(name string) string { v, _ := lookup(name); return strings.TrimSpace(v) }
	if strings.EqualFold(get("OTEL_SDK_DISABLED"), "true") {
		return NoTracing, nil
	}
	asked := get("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
	var errs []error
	switch exporter := get("OTEL_TRACES_EXPORTER"); exporter {
	case "":
	case "none":
		asked = false
	case "otlp":
		asked = true
	default:
		errs = append(errs, fmt.Errorf("OTEL_TRACES_EXPORTER=%q: it takes otlp or none", exporter))
	}
	for _, v := range traceVariables {
		if value := get(v.name); asked && value != "" && !v.good(value) {
			errs = append(errs, fmt.Errorf("%s=%q: it takes %s", v.name, value, v.takes))
		}
	}
	if !asked || len(errs) > 0 {
		return NoTracing, errors.Join(errs...)
	}
	return TraceOTLP, nil
}

// traceVariables are those that OpenTelemetry's SDK reads, and whose wrong values
// it passes over.
var traceVariables = []struct {
	name, takes string
	good        func(value string) bool
}{
	{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf", isSpokenProtocol},
	{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf", isSpokenProtocol},
	{"OTEL_EXPORTER_OTLP_ENDPOINT", "a URL, such as http://localhost:4318", isCollector},
	{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "a URL, such as http://localhost:4318/v1/traces", isCollector},
	{"OTEL_TRACES_SAMPLER", strings.Join(samplers, ", "), func(v string) bool { return slices.Contains(samplers, strings.ToLower(v)) }},
}

var samplers = []string{"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio"}

func isSpokenProtocol(protocol string) bool { return protocol == "http/protobuf" }

func isCollector(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}

// logTraces sends what goes wrong with traces to the log. OpenTelemetry has one
// place for that in a process, so it is for programs that are the whole process.
func logTraces(logger *slog.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.Warn("traces", "error", err) }))
}

// instrumentation is the name under which spans are made.
const instrumentation = "github.com/tandem-go/tandem/server"

// tracer makes the spans of requests and of MCP calls. A nil tracer makes none.
type tracer struct {
	spans      trace.Tracer
	propagator propagation.TextMapPropagator
	shutdown   func(context.Context) error // nil where the provider is not ours
}

// newTracer returns the tracer of a configuration, nil for none.
func newTracer(svc *tandem.Service, where Tracing) (*tracer, error) {
	switch where {
	case NoTracing:
		return nil, nil
	case TraceGlobal:
		return tracerOf(otel.GetTracerProvider(), svc), nil
	}
	exporter, err := otlptracehttp.New(context.Background())
	if err != nil {
		return nil, fmt.Errorf("server: OTLP exporter: %w", err)
	}
	provider, err := newProvider(svc, sdktrace.NewBatchSpanProcessor(exporter))
	if err != nil {
		return nil, errors.Join(err, exporter.Shutdown(context.Background()))
	}
	t := tracerOf(provider, svc)
	t.shutdown = provider.Shutdown
	return t, nil
}

// newProvider names the service in every span, unless OTEL_SERVICE_NAME does.
func newProvider(svc *tandem.Service, p sdktrace.SpanProcessor) (*sdktrace.TracerProvider, error) {
	about := []resource.Option{
		resource.WithAttributes(semconv.ServiceName(svc.Name()), semconv.ServiceVersion(svc.Version())),
		resource.WithTelemetrySDK(),
		resource.WithFromEnv(),
	}
	r, err := resource.New(context.Background(), about...)
	if err != nil {
		return nil, fmt.Errorf("server: OTEL_RESOURCE_ATTRIBUTES=%q: %w", os.Getenv("OTEL_RESOURCE_ATTRIBUTES"), err)
	}
	return sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(p), sdktrace.WithResource(r)), nil
}

func tracerOf(p trace.TracerProvider, svc *tandem.Service) *tracer {
	return &tracer{
		spans:      p.Tracer(instrumentation, trace.WithInstrumentationVersion(svc.Version()), trace.WithSchemaURL(semconv.SchemaURL)),
		propagator: propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}),
	}
}

// close sends what is left of the spans.
func (t *tracer) close(ctx context.Context) error {
	if t == nil || t.shutdown == nil {
		return nil
	}
	return t.shutdown(ctx)
}
