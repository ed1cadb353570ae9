package server

import (
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// durationBuckets are upper bounds in seconds.
var durationBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// metrics are the figures of one server, in a registry of their own.
type metrics struct {
	registry *prometheus.Registry
	http     *httpMetrics
	calls    *callMetrics
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	m.http = newHTTPMetrics(m.registry)
	m.calls = newCallMetrics(m.registry)
	return m
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// httpMetrics count requests by route, which has few values, unlike the path.
type httpMetrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge

	mu    sync.RWMutex
	known map[httpLabels]httpSeries
}

type httpLabels struct {
	route  string
	method string
	status int
}

// httpSeries are resolved once per combination, so that a request allocates nothing.
type httpSeries struct {
	requests prometheus.Counter
	duration prometheus.Observer
}

func newHTTPMetrics(r prometheus.Registerer) *httpMetrics {
	m := &httpMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tandem_http_requests_total",
			Help: "HTTP requests that were answered, by route, method and status.",
		}, []string{"route", "method", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "tandem_http_request_duration_seconds",
			Help:    "Time to answer an HTTP request, event streams aside, by route and method.",
			Buckets: durationBuckets,
		}, []string{"route", "method"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tandem_http_requests_in_flight",
			Help: "HTTP requests that are being answered, open streams included.",
		}),
		known: map[httpLabels]httpSeries{},
	}
	r.MustRegister(m.requests, m.duration, m.inFlight)
	return m
}

func (m *httpMetrics) begin() { m.inFlight.Inc() }

func (m *httpMetrics) end(route, method string, status int, took time.Duration, stream bool) {
	m.inFlight.Dec()
	series := m.series(httpLabels{route, knownMethod(method), status})
	series.requests.Inc()
	if !stream {
		series.duration.Observe(took.Seconds())
	}
}

func (m *httpMetrics) series(l httpLabels) httpSeries {
	m.mu.RLock()
	s, ok := m.known[l]
	m.mu.RUnlock()
	if ok {
		return s
	}
	s = httpSeries{
		requests: m.requests.WithLabelValues(l.route, l.method, statusText(l.status)),
		duration: m.duration.WithLabelValues(l.route, l.method),
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.known[l] = s
	return s
}

// knownMethod keeps callers from making up series.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	}
	return "_OTHER"
}

// statusText returns the status, or "none" where a connection broke before one.
func statusText(status int) string {
	if status < 100 || status > 999 {
		return "none"
	}
	return string([]byte{byte('0' + status/100), byte('0' + status/10%10), byte('0' + status%10)})
}
