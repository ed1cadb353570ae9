package mcp

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

// loggingService has an operation that tells its caller things of every level.
func loggingService() *tandem.Service {
	svc := tandem.New("logging", "1")
	svc.Logger = slog.New(slog.DiscardHandler)
	tandem.Register(svc, tandem.Operation{Name: "log"}, func(ctx context.Context, _ struct{}) (string, error) {
		tandem.Log(ctx, slog.LevelDebug-1, "trace")
		tandem.Log(ctx, slog.LevelInfo, "started", "rows", 3)
		tandem.Log(ctx, slog.LevelInfo+1, "between")
		tandem.Log(ctx, slog.LevelError, "broken")
		tandem.Log(ctx, tandem.LevelEmergency+5, "worse")
		return "done", nil
	})
	return svc
}

// logged returns the notifications in what a request was answered by.
func logged(body string) (all []string) {
	for line := range strings.SplitSeq(body, "\n") {
		if data, ok := strings.CutPrefix(line, "data: "); ok && strings.Contains(data, "notifications/message") {
			all = append(all, data)
		}
	}
	return all
}

// A session is told nothing before it sets a level, and then what is of that level
// or above.
func TestLogOfSession(t *testing.T) {
	srv, _ := serveService(t, loggingService(), Config{})
	const call = `{"jsonrpc":"2.0","id":%,"method":"tools/call","params":{"name":"log"}}`
	for _, revision := range legacyRevisions[:3] {
		headers := initialize(t, srv.URL+"/mcp", revision)
		send := func(id string) []string {
			return logged(post(t, srv.URL+"/mcp", strings.Replace(call, "%", id, 1), headers...).body)
		}
		if got := send("1"); len(got) != 0 {
			t.Errorf("%s: before a level was set came %q", revision, got)
		}
		set := func(level string) string {
			return post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":9,"method":"logging/setLevel","params":{"level":`+level+`}}`, headers...).body
		}
		if got := set(`"info"`); !strings.Contains(got, `"result":{}`) {
			t.Errorf("%s: got %s", revision, got)
		}
		for _, level := range []string{`"loud"`, `7`, `null`, `""`} {
			if got := set(level); !strings.Contains(got, "-32602") {
				t.Errorf("%s: level %s: got %s", revision, level, got)
			}
		}
		want := []string{
			`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":{"msg":"started","rows":3}}}`,
			`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"between"}}`,
			`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"error","data":"broken"}}`,
			`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"emergency","data":"worse"}}`,
		}
		if got := send("2"); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got %q", revision, got)
		}
		set(`"error"`)
		if got := send("3"); len(got) != 2 {
			t.Errorf("%s: from error came %q", revision, got)
		}
	}
}

// The modern era logs by consent of the request alone: 2026-07-28, section
// "Per-request log level".
func TestLogOfRequest(t *testing.T) {
	srv, _ := serveService(t, loggingService(), Config{})
	send := func(level string, headers ...string) answerOf {
		meta := modernMeta
		if level != "" {
			meta = strings.Replace(meta, "{", `{"io.modelcontextprotocol/logLevel":`+level+`,`, 1)
		}
		return post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"log",`+meta+`}}`, append(modernHeaders("tools/call", "log"), headers...)...)
	}
	for level, want := range map[string]int{"": 0, `"info"`: 4, `"error"`: 2, `"emergency"`: 1} {
		if got := logged(send(level).body); len(got) != want {
			t.Errorf("level %s: got %q", level, got)
		}
	}
	for _, level := range []string{`"loud"`, `7`, `""`} {
		if a := send(level); a.status != http.StatusBadRequest || !strings.Contains(a.body, "-32602") {
			t.Errorf("level %s: got %d %s", level, a.status, a.body)
		}
	}
	if a := send(`"debug"`, "Accept: application/json"); a.status != http.StatusOK || strings.Contains(a.body, "notifications") {
		t.Errorf("who takes no stream got %d %s", a.status, a.body)
	}
}

// A stdio session sets its level for itself.
func TestLogStdio(t *testing.T) {
	_, d := serveService(t, loggingService(), Config{})
	c := startStdio(t, context.Background(), d)
	for _, line := range []string{initializeSSE, `{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"critical"}}`} {
		c.send(t, line)
		<-c.lines
	}
	c.send(t, `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"log"}}`)
	if got := <-c.lines; !strings.Contains(got, `"level":"emergency"`) {
		t.Errorf("got %s", got)
	}
	if got := <-c.lines; !strings.Contains(got, `"id":2`) {
		t.Errorf("got %s", got)
	}
}

// A handler that goes on talking after its call has ended reaches nobody.
func TestLogAfterTheEnd(t *testing.T) {
	var said []string
	talk := &talk{notify: func(n []byte) { said = append(said, string(n)) }}
	talk.tell(tandem.LogMessage{Data: []byte(`"in time"`)})
	talk.stop()
	talk.tell(tandem.LogMessage{Data: []byte(`"late"`)})
	if len(said) != 1 || !strings.Contains(said[0], "in time") {
		t.Errorf("said %q", said)
	}
}
