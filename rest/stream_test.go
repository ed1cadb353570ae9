package rest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/rest"
)

// script is what a test's operation does.
type script func(ctx context.Context) (json.RawMessage, error)

// scripted returns a handler whose POST /run does as the script says.
func scripted(t testing.TB, cfg rest.Config, run script, interceptors ...tandem.Interceptor) *rest.Handler {
	t.Helper()
	svc := tandem.New("test", "1")
	tandem.Register(svc, tandem.Operation{Name: "run", Interceptors: interceptors},
		func(ctx context.Context, _ struct {
			N int `json:"n,omitzero"`
		}) (json.RawMessage, error) {
			return run(ctx)
		})
	return newHandler(t, svc, cfg)
}

// events opens an event stream.
func (c *client) events(target string) (*http.Response, *bufio.Reader) {
	c.t.Helper()
	response, err := http.DefaultTransport.RoundTrip(c.request("POST", target, nil, "Accept: text/event-stream"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { response.Body.Close() })
	return response, bufio.NewReader(response.Body)
}

func TestEvents(t *testing.T) {
	c := serve(t, scripted(t, rest.Config{}, func(ctx context.Context) (json.RawMessage, error) {
		tandem.Progress(ctx, 1, 3, "one")
		tandem.Progress(ctx, 2, 0, "two\nlines \xff")
		tandem.Progress(ctx, math.NaN(), math.Inf(1), "")
		return json.RawMessage(`{"a": 1}`), nil
	}))
	got := c.do("POST", "/api/v1/run", "", "Accept: text/event-stream")
	want := ": open\n\n" +
		"event: progress\ndata: {\"progress\":1,\"total\":3,\"message\":\"one\"}\n\n" +
		"event: progress\ndata: {\"progress\":2,\"message\":\"two\\nlines \uFFFD\"}\n\n" +
		"event: progress\ndata: {\"progress\":0}\n\n" +
		"event: result\ndata: {\"a\":1}\n\n"
	if got.StatusCode != 200 || got.body != want {
		t.Errorf("%d, got:\n%s\nwant:\n%s", got.StatusCode, got.body, want)
	}
	for key, value := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no",
		"X-Content-Type-Options": "nosniff", "Vary": "Accept",
	} {
		if got.Header.Get(key) != value {
			t.Errorf("%s: %q, want %q", key, got.Header.Get(key), value)
		}
	}
}

// TestEventsRefused protects the rule of Handler: what is refused before the handler starts is a plain HTTP error.
func TestEventsRefused(t *testing.T) {
	c := serve(t, scripted(t, rest.Config{}, func(context.Context) (json.RawMessage, error) {
		t.Error("the handler ran")
		return nil, nil
	}))
	for target, want := range map[string]string{"/api/v1/run?n=1": "/n", "/api/v1/run?x=1": "/x"} {
		if got := c.do("POST", target, "", "Accept: text/event-stream"); got.StatusCode != 400 || pointers(got.problem(t)) != want {
			t.Errorf("%s: %d %s", target, got.StatusCode, got.body)
		}
	}
}

func TestEventsFailed(t *testing.T) {
	c := serve(t, scripted(t, rest.Config{}, func(context.Context) (json.RawMessage, error) {
		return nil, tandem.Errorf(tandem.NotFound, "no such\nthing")
	}))
	got := c.do("POST", "/api/v1/run", "", "Accept: text/event-stream")
	want := ": open\n\n" + `event: error` + "\n" +
		`data: {"type":"about:blank","title":"Not found","status":404,"code":"not_found","detail":"no such\nthing"}` + "\n\n"
	if got.StatusCode != 200 || got.body != want {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// TestEventsWithoutHandler protects the stream of a call that an interceptor answers, and of one without output.
func TestEventsWithoutHandler(t *testing.T) {
	for result, want := range map[string]string{"": "null", "{\n\"a\":\r\n1}": "{\ndata: \"a\":\ndata: \ndata: 1}"} {
		answer := func(tandem.Invoker) tandem.Invoker {
			return func(context.Context, *tandem.Call) (tandem.Result, error) {
				if result == "" {
					return tandem.Result{}, nil
				}
				return tandem.Result{JSON: json.RawMessage(result)}, nil
			}
		}
		c := serve(t, scripted(t, rest.Config{}, nil, answer))
		got := c.do("POST", "/api/v1/run", "", "Accept: text/event-stream")
		if want := ": open\n\nevent: result\ndata: " + want + "\n\n"; got.body != want {
			t.Errorf("got %q, want %q", got.body, want)
		}
	}
}

// TestEventsAtOnce protects that the stream opens and each event leaves before the call ends.
func TestEventsAtOnce(t *testing.T) {
	next := make(chan struct{})
	c := serve(t, scripted(t, rest.Config{}, func(ctx context.Context) (json.RawMessage, error) {
		<-next
		tandem.Progress(ctx, 1, 2, "")
		<-next
		return json.RawMessage("1"), nil
	}))
	_, stream := c.events("/api/v1/run")
	for _, want := range []string{": open\n", "event: progress\n", "event: result\n"} {
		line := ""
		for line != want {
			var err error
			if line, err = stream.ReadString('\n'); err != nil {
				t.Fatalf("before %q: %v", want, err)
			}
		}
		if want != "event: result\n" {
			next <- struct{}{}
		}
	}
}

func TestHeartbeat(t *testing.T) {
	c := serve(t, scripted(t, rest.Config{Heartbeat: time.Millisecond}, func(ctx context.Context) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}))
	response, stream := c.events("/api/v1/run")
	for pings := 0; pings < 3; {
		line, err := stream.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if line == ": ping\n" {
			pings++
		}
	}
	response.Body.Close()
}

// TestDisconnect protects that a caller who goes away cancels the call, with and without events.
func TestDisconnect(t *testing.T) {
	for _, accept := range []string{"application/json", "text/event-stream"} {
		started, ended := make(chan struct{}), make(chan error, 1)
		c := serve(t, scripted(t, rest.Config{}, func(ctx context.Context) (json.RawMessage, error) {
			close(started)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil, ctx.Err()
		}))
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-started
			cancel()
		}()
		response, err := http.DefaultTransport.RoundTrip(c.request("POST", "/api/v1/run", nil, "Accept: "+accept).WithContext(ctx))
		if err == nil {
			_, _ = io.ReadAll(response.Body)
			response.Body.Close()
		}
		if err := <-ended; err != context.Canceled {
			t.Errorf("%s: %v", accept, err)
		}
		cancel()
	}
}

// TestSlowReader protects that a caller who does not read is let go by the deadline per write.
func TestSlowReader(t *testing.T) {
	ended := make(chan struct{})
	c := serve(t, scripted(t, rest.Config{WriteTimeout: 20 * time.Millisecond}, func(ctx context.Context) (json.RawMessage, error) {
		defer close(ended)
		for ctx.Err() == nil {
			tandem.Progress(ctx, 1, 2, strings.Repeat("x", 1<<16))
		}
		return nil, ctx.Err()
	}))
	_, stream := c.events("/api/v1/run")
	if _, err := stream.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	<-ended // or else the test times out
}

// TestServerTimeouts protects that a server's ReadTimeout and WriteTimeout do not cut a stream.
func TestServerTimeouts(t *testing.T) {
	const timeout = 30 * time.Millisecond
	server := httptest.NewUnstartedServer(scripted(t, rest.Config{Heartbeat: timeout / 10}, func(ctx context.Context) (json.RawMessage, error) {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(3 * timeout):
			return json.RawMessage("1"), nil
		}
	}))
	server.Config.ReadTimeout, server.Config.WriteTimeout = timeout, timeout
	server.Start()
	defer server.Close()
	c := &client{t: t, url: server.URL}
	if got := c.do("POST", "/api/v1/run", "", "Accept: text/event-stream"); !strings.HasSuffix(got.body, "event: result\ndata: 1\n\n") {
		t.Errorf("got %q", got.body)
	}
}

// TestLateProgress protects that nothing is written once the call has ended.
func TestLateProgress(t *testing.T) {
	var late func()
	h := scripted(t, rest.Config{}, func(ctx context.Context) (json.RawMessage, error) {
		late = func() { tandem.Progress(ctx, 1, 2, "late") }
		return json.RawMessage("1"), nil
	})
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/api/v1/run", nil)
	r.Header.Set("Accept", "text/event-stream")
	h.ServeHTTP(w, r)
	before := w.Body.String()
	late()
	if got := w.Body.String(); got != before || !strings.HasSuffix(got, "data: 1\n\n") {
		t.Errorf("got %q", got)
	}
}

// TestNoFlusher protects that a ResponseWriter which can neither flush nor take deadlines still gets the events.
func TestNoFlusher(t *testing.T) {
	h := scripted(t, rest.Config{}, func(context.Context) (json.RawMessage, error) { return json.RawMessage("1"), nil })
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/api/v1/run", nil)
	r.Header.Set("Accept", "text/event-stream")
	h.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
	if got := w.Body.String(); got != ": open\n\nevent: result\ndata: 1\n\n" {
		t.Errorf("got %q", got)
	}
}
