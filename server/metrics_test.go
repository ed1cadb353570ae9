package server

import (
	"bufio"
	"context"
	"database/sql"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
)

// sample returns the value of a series in the text format, empty if it is not there.
func sample(text, series string) string {
	for scan := bufio.NewScanner(strings.NewReader(text)); scan.Scan(); {
		if value, ok := strings.CutPrefix(scan.Text(), series+" "); ok {
			return value
		}
	}
	return ""
}

type pooled struct{}

func (pooled) Stats() sql.DBStats {
	return sql.DBStats{MaxOpenConnections: 10, OpenConnections: 4, InUse: 3, Idle: 1, WaitCount: 7, WaitDuration: 2500 * time.Millisecond}
}

// Calls are counted by operation, door and outcome, whether they succeed, fail,
// are refused, or panic; requests by route, not by path; pools by resource.
func TestMetrics(t *testing.T) {
	svc := newService(t)
	svc.Manage("db", pooled{})
	tandem.Register(svc, tandem.Operation{Name: "secret", Summary: "Secret", Path: "/secret", Scopes: []string{"x"},
		Interceptors: []tandem.Interceptor{}}, func(context.Context, none) (none, error) { return none{}, nil })
	s := newServer(t, svc, Config{})
	for range 3 {
		ask(s, "GET", "/api/v1/echo/hi", "")
	}
	ask(s, "GET", "/api/v1/echo/ho", "")
	ask(s, "POST", "/api/v1/echo", `{"text":""}`)
	ask(s, "POST", "/api/v1/fail", "")
	ask(s, "POST", "/api/v1/boom", "")
	ask(s, "POST", "/mcp", callEcho, modern...)
	ask(s, "BREW", "/api/v1/echo", "")
	ask(s, "GET", "/no/such/path", "")
	if _, err := svc.Invoke(t.Context(), "secret", nil); tandem.CodeOf(err) != tandem.Unauthenticated {
		t.Fatal(err)
	}
	text := ask(s, "GET", "/metrics", "").Body.String()
	for series, want := range map[string]string{
		`tandem_operation_calls_total{code="ok",door="rest",operation="get_echo"}`:             "4",
		`tandem_operation_calls_total{code="invalid_argument",door="rest",operation="echo"}`:   "1",
		`tandem_operation_calls_total{code="ok",door="mcp",operation="echo"}`:                  "1",
		`tandem_operation_calls_total{code="internal",door="rest",operation="fail"}`:           "1",
		`tandem_operation_calls_total{code="internal",door="rest",operation="boom"}`:           "1",
		`tandem_operation_calls_total{code="unauthenticated",door="none",operation="secret"}`:  "1",
		`tandem_operation_duration_seconds_count{code="ok",door="rest",operation="get_echo"}`:  "4",
		`tandem_operation_calls_in_flight{operation="boom"}`:                                   "0",
		`tandem_http_requests_total{method="GET",route="/api/v1/echo/{text}",status="200"}`:    "4",
		`tandem_http_requests_total{method="POST",route="/mcp",status="200"}`:                  "1",
		`tandem_http_requests_total{method="_OTHER",route="/api/v1/",status="405"}`:            "1",
		`tandem_http_requests_total{method="GET",route="",status="404"}`:                       "1",
		`tandem_http_request_duration_seconds_count{method="GET",route="/api/v1/echo/{text}"}`: "4",
		`tandem_http_requests_in_flight`:                                                       "1",
		`tandem_service_info{service="testing",version="1.0.0"}`:                               "1",
		`tandem_mcp_sessions`:                           "0",
		`tandem_mcp_streams`:                            "0",
		`tandem_pool_max_connections{resource="db"}`:    "10",
		`tandem_pool_open_connections{resource="db"}`:   "4",
		`tandem_pool_in_use_connections{resource="db"}`: "3",
		`tandem_pool_idle_connections{resource="db"}`:   "1",
		`tandem_pool_waits_total{resource="db"}`:        "7",
		`tandem_pool_wait_seconds_total{resource="db"}`: "2.5",
	} {
		if got := sample(text, series); got != want {
			t.Errorf("%s is %q, want %q", series, got, want)
		}
	}
	for _, present := range []string{"go_goroutines ", "process_start_time_seconds "} {
		if !strings.Contains(text, present) {
			t.Errorf("%s is missing", present)
		}
	}
	if strings.Contains(text, "no/such") || strings.Contains(text, "echo/hi") || strings.Contains(text, "BREW") {
		t.Error("a caller can make up series")
	}
}

// The self-check is no caller.
func TestMetricsWithoutSelfCheck(t *testing.T) {
	s := newServer(t, newService(t), Config{})
	ask(s, "GET", "/health/mcp", "")
	if text := ask(s, "GET", "/metrics", "").Body.String(); strings.Contains(text, `route="/mcp"`) {
		t.Error("it is counted")
	}
}

// A call of a known operation costs no allocation in the metrics.
func TestCallMetricsAllocateNothing(t *testing.T) {
	s := newServer(t, newService(t), Config{})
	op, _ := s.service.Operation("echo")
	call := &tandem.Call{Operation: op, Door: tandem.REST}
	invoke := s.metrics.calls.intercept(func(context.Context, *tandem.Call) (tandem.Result, error) { return tandem.Result{}, nil })
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { _, _ = invoke(ctx, call) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		s.metrics.http.begin()
		s.metrics.http.end("/mcp", "POST", 200, time.Millisecond, false)
	}); n != 0 {
		t.Errorf("%v allocations in HTTP", n)
	}
}

// On an address of their own the metrics need no credentials, and the main
// address has them no more.
func TestMetricsAddr(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	r := run(t, newService(t), Config{APIKeys: []tandem.Secret{testKey}, MetricsAddr: addr})
	apart := &running{client: r.client, url: "http://" + addr}
	eventually(t, "the metrics are there", func() bool {
		response, err := r.client.Get(apart.url + "/metrics")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	for _, path := range []string{"/", "/api/v1/status", "/mcp", "/health"} {
		if code, _ := apart.get(t, path); code != 404 {
			t.Errorf("%s at the metrics' address: %d", path, code)
		}
	}
	if code, _ := r.get(t, "/metrics"); code != 404 {
		t.Errorf("at the main address: %d", code)
	}
}

// BenchmarkREST is what a request costs in process, everything included.
func BenchmarkREST(b *testing.B) {
	s := newServer(b, newService(b), Config{APIKeys: []tandem.Secret{testKey}})
	b.ReportAllocs()
	for b.Loop() {
		if w := ask(s, "GET", "/api/v1/echo/hi", "", "Authorization", "Bearer "+testKey); w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}

// BenchmarkMCP is the same call through MCP.
func BenchmarkMCP(b *testing.B) {
	s := newServer(b, newService(b), Config{APIKeys: []tandem.Secret{testKey}})
	headers := append([]string{"Authorization", "Bearer " + testKey}, modern...)
	b.ReportAllocs()
	for b.Loop() {
		if w := ask(s, "POST", "/mcp", callEcho, headers...); w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}
