package server

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-go/tandem"
)

// outcomes are the codes and, as zero, success.
const outcomes = int(tandem.Unauthenticated) + 1

// doorLabels are the values of the label "door": REST, MCP, and none of both.
var doorLabels = [...]string{"rest", "mcp", "none"}

// callMetrics count the calls of operations through every door.
type callMetrics struct {
	calls    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	repaired *prometheus.CounterVec
	known    sync.Map // *tandem.Registered → *operationMetrics
}

// operationMetrics are the series of one operation, resolved at their first use,
// so that a call allocates nothing and an outcome that never comes has no series.
type operationMetrics struct {
	inFlight prometheus.Gauge
	outcomes [len(doorLabels)][outcomes]atomic.Pointer[callSeries]
}

type callSeries struct {
	calls    prometheus.Counter
	duration prometheus.Observer
}

func newCallMetrics(r prometheus.Registerer) *callMetrics {
	labels := []string{"operation", "door", "code"}
	m := &callMetrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tandem_operation_calls_total",
			Help: `Calls of operations by door and outcome: "ok" or an error code.`,
		}, labels),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tandem_operation_duration_seconds",
			Help:    "Time of calls within the service, by operation, door and outcome.",
			Buckets: durationBuckets,
		}, labels),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tandem_operation_calls_in_flight",
			Help: "Calls that are under way, by operation.",
		}, []string{"operation"}),
		repaired: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tandem_arguments_repaired_total",
			Help: "Values in the arguments of valid MCP calls that came as strings and were taken for what the schema wants, by operation.",
		}, []string{"operation"}),
	}
	r.MustRegister(m.calls, m.duration, m.inFlight, m.repaired)
	return m
}

// intercept measures every call, refused ones included.
func (m *callMetrics) intercept(next tandem.Invoker) tandem.Invoker {
	return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
		if call.Completing != "" { // what a person types is no call of the operation
			return next(ctx, call)
		}
		op := m.operation(call.Operation)
		op.inFlight.Inc()
		start := time.Now()
		code := tandem.Internal // what a panic becomes
		defer func() {
			op.inFlight.Dec()
			series := m.series(op, call, code)
			series.calls.Inc()
			series.duration.Observe(time.Since(start).Seconds())
			if call.Repaired > 0 {
				m.repaired.WithLabelValues(call.Operation.Name).Add(float64(call.Repaired))
			}
		}()
		result, err := next(ctx, call)
		code = 0
		if err != nil { // or CodeOf would allocate for nothing
			code = tandem.CodeOf(err)
		}
		return result, err
	}
}

func (m *callMetrics) operation(op *tandem.Registered) *operationMetrics {
	if known, ok := m.known.Load(op); ok {
		return known.(*operationMetrics)
	}
	known, _ := m.known.LoadOrStore(op, &operationMetrics{inFlight: m.inFlight.WithLabelValues(op.Name)})
	return known.(*operationMetrics)
}

func (m *callMetrics) series(op *operationMetrics, call *tandem.Call, code tandem.Code) *callSeries {
	if int(code) >= outcomes {
		code = tandem.Unknown
	}
	door := doorIndex(call.Door)
	slot := &op.outcomes[door][code]
	if s := slot.Load(); s != nil {
		return s
	}
	labels := []string{call.Operation.Name, doorLabels[door], codeLabel(code)}
	s := &callSeries{calls: m.calls.WithLabelValues(labels...), duration: m.duration.WithLabelValues(labels...)}
	slot.Store(s)
	return s
}

func doorIndex(d tandem.Doors) int {
	switch d {
	case tandem.REST:
		return 0
	case tandem.MCP:
		return 1
	}
	return 2
}

func codeLabel(c tandem.Code) string {
	if c == 0 {
		return "ok"
	}
	return c.String()
}
