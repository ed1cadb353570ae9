package mcp

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

// A handler ends the connection of its caller, who comes back with the id of the
// first event for the rest of the stream: SEP-1699.
func TestCloseStream(t *testing.T) {
	svc := tandem.New("long", "1")
	svc.Logger = slog.New(slog.DiscardHandler)
	release := make(chan struct{})
	tandem.Register(svc, tandem.Operation{Name: "long", Long: true}, func(ctx context.Context, in greetIn) (string, error) {
		tandem.CloseStream(ctx)
		tandem.CloseStream(ctx)
		select {
		case <-release:
			tandem.Progress(ctx, 1, 1, "done")
			return in.Name, nil
		case <-ctx.Done():
			return "", ctx.Err()
		}
	})
	srv, d := serveService(t, svc, Config{})
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":"p"},"name":"long","arguments":{"name":"answer"}}}`
	headers := initialize(t, srv.URL+"/mcp", rev20251125)
	a := post(t, srv.URL+"/mcp", call, headers...)
	stream := newEvents(strings.NewReader(a.body))
	primer := stream.next(t)
	if primer.id == "" || primer.data != "" || primer.retry == "" {
		t.Errorf("the first event is %+v", primer)
	}
	if last, _ := stream.try(); last.data != "" || last.retry == "" {
		t.Errorf("the last event is %+v", last)
	}
	for range 8 { // others use the memory of the request again
		post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":9,"method":"ping","params":{"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx":1}}`, headers...)
	}
	if got := d.Stats().InFlight; got != 1 {
		t.Errorf("%d calls are in flight", got)
	}
	close(release)
	r := newRequest(t, http.MethodGet, srv.URL+"/mcp", "", append([]string{"Accept: text/event-stream", "Last-Event-ID: " + primer.id}, headers...)...)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	rest := newEvents(resp.Body)
	rest.next(t) // where it goes on
	if got := rest.next(t).data; !strings.Contains(got, "notifications/progress") {
		t.Errorf("got %s", got)
	}
	if got := rest.next(t).data; !strings.Contains(got, `"id":1,"result"`) || !strings.Contains(got, `answer`) {
		t.Errorf("got %s", got)
	}
	if _, more := rest.try(); more {
		t.Error("the stream goes on after the answer")
	}
}

// A caller who cannot come back keeps its connection.
func TestCloseStreamElsewhere(t *testing.T) {
	svc := tandem.New("long", "1")
	tandem.Register(svc, tandem.Operation{Name: "long", Long: true}, func(ctx context.Context, _ struct{}) (string, error) {
		tandem.CloseStream(ctx)
		return "answer", nil
	})
	srv, d := serveService(t, svc, Config{})
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"long"}}`
	for name, headers := range map[string][]string{
		"an older revision":   initialize(t, srv.URL+"/mcp", rev20250618),
		"who takes no stream": append(initialize(t, srv.URL+"/mcp", rev20251125), "Accept: application/json"),
	} {
		if a := post(t, srv.URL+"/mcp", call, headers...); !strings.Contains(a.body, "answer") {
			t.Errorf("%s: got %s", name, a.body)
		}
	}
	modern := strings.Replace(call, `"name":"long"`, `"name":"long",`+modernMeta, 1)
	if a := post(t, srv.URL+"/mcp", modern, modernHeaders("tools/call", "long")...); !strings.Contains(a.body, "answer") {
		t.Errorf("the modern era: got %s", a.body)
	}
	sse := openSSE(t, srv.URL)
	sse.call(t, initializeSSE)
	if got := sse.call(t, call); !strings.Contains(got, "answer") {
		t.Errorf("SSE: got %s", got)
	}
	stdio := startStdio(t, context.Background(), d)
	stdio.send(t, initializeSSE)
	<-stdio.lines
	stdio.send(t, call)
	if got := <-stdio.lines; !strings.Contains(got, "answer") {
		t.Errorf("stdio: got %s", got)
	}
}
