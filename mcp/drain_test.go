package mcp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// While the door drains, calls in flight are finished and answered on every
// transport, whatever is new is refused with 503 and Retry-After, and streams end
// with the advice to come back.
func TestDrain(t *testing.T) {
	srv, d, probe := newServer(t, Config{})
	url := srv.URL + "/mcp"
	s := initialize(t, url, "2025-11-25")
	sse := openSSE(t, srv.URL)
	sse.call(t, initializeSSE)
	standing, err := http.DefaultClient.Do(newRequest(t, http.MethodGet, url, "", s...))
	if err != nil {
		t.Fatal(err)
	}
	defer standing.Body.Close()
	modern := postLater(t, url, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","arguments":{"name":"m"},`+modernMeta+`}}`, modernHeaders("tools/call", "wait")...)
	legacy := postLater(t, url, callBody("1", "wait", `{"name":"l"}`), s...)
	sse.send(t, callBody("1", "wait", `{"name":"s"}`))
	for range 3 {
		<-probe.started
	}

	drained := make(chan error, 1)
	go func() { drained <- d.Drain(context.Background()) }()
	eventually(t, "the gate is shut", d.gate.isShut)
	for name, a := range map[string]answerOf{
		"modern call": post(t, url, `{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{`+modernMeta+`}}`, modernHeaders("tools/list", "")...),
		"legacy call": post(t, url, callBody("2", "silent", `{}`), s...),
		"initialize":  post(t, url, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`),
		"stream":      do(t, http.MethodGet, url, "", s...),
		"SSE session": do(t, http.MethodGet, srv.URL+"/mcp/sse", ""),
		"SSE call":    sse.send(t, callBody("2", "silent", `{}`)),
	} {
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: status %d, Retry-After %q", name, a.status, a.header.Get("Retry-After"))
		}
	}
	if last := lastEvent(newEvents(standing.Body)); last.retry == "" || last.data != "" {
		t.Errorf("the standing stream ended with %+v", last)
	}
	select {
	case err := <-drained:
		t.Fatalf("the drain ended before the calls: %v", err)
	default:
	}
	for range 3 {
		probe.release <- struct{}{}
	}
	for name, answer := range map[string]<-chan answerOf{"modern": modern, "legacy": legacy} {
		if a := <-answer; a.status != http.StatusOK || !strings.Contains(a.body, `"result"`) {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	if e := sse.events.next(t); !strings.Contains(e.data, `"id":1,"result"`) {
		t.Errorf("SSE: %+v", e)
	}
	if last := lastEvent(sse.events); last.retry == "" || last.data != "" {
		t.Errorf("the SSE stream ended with %+v", last)
	}
	if err := <-drained; err != nil {
		t.Errorf("drain: %v", err)
	}
}

func lastEvent(e *events) (last sent) {
	for {
		next, ok := e.try()
		if !ok {
			return last
		}
		last = next
	}
}

// A drain that takes too long says so; Close then cancels what is left, on every
// transport.
func TestDrainDeadlineAndClose(t *testing.T) {
	srv, d, probe := newServer(t, Config{})
	sse := openSSE(t, srv.URL)
	sse.call(t, initializeSSE)
	sse.send(t, callBody("1", "wait", `{"name":"s"}`))
	<-probe.started
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.Drain(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("drain: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	<-probe.cancelled
	if got := d.Stats(); got.InFlight != 0 || got.Streams != 0 {
		t.Errorf("stats %+v", got)
	}
}

// Under load each call gets one answer: its result, or a refusal without having
// run.
func TestDrainUnderLoad(t *testing.T) {
	srv, d, _ := newServer(t, Config{})
	url := srv.URL + "/mcp"
	var answered, refused atomic.Int64
	var clients sync.WaitGroup
	for range 8 {
		s := initialize(t, url, "2025-11-25")
		clients.Go(func() {
			for n := 1; ; n++ {
				a := post(t, url, callBody(fmt.Sprint(n), "greet", `{"name":"x"}`), s...)
				switch {
				case a.status == http.StatusOK && strings.Contains(a.body, "Hello"):
					answered.Add(1)
					continue
				case a.status == http.StatusServiceUnavailable:
					refused.Add(1)
				default:
					t.Errorf("%d %s", a.status, a.body)
				}
				return
			}
		})
	}
	eventually(t, "the load runs", func() bool { return answered.Load() > 100 })
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := d.Drain(ctx); err != nil {
		t.Errorf("drain: %v", err)
	}
	clients.Wait()
	if refused.Load() != 8 {
		t.Errorf("%d clients were refused", refused.Load())
	}
}
