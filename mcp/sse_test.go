package mcp

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file in testdata.
func golden(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got), -update writes it anew:\n%s", path, diff)
	}
}

// sseClient is a client of the HTTP+SSE transport.
type sseClient struct {
	base    string
	headers []string
	post    string // the URL of the endpoint event
	first   sent
	events  *events
	close   func()
}

func openSSE(t testing.TB, base string, headers ...string) *sseClient {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := newRequest(t, http.MethodGet, base+"/mcp/sse", "", append([]string{"Accept: text/event-stream"}, headers...)...)
	resp, err := http.DefaultClient.Do(r.WithContext(ctx))
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	c := &sseClient{base: base, headers: headers, events: newEvents(resp.Body)}
	c.close = func() { cancel(); resp.Body.Close() }
	t.Cleanup(c.close)
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d", resp.StatusCode)
	}
	c.first = c.events.next(t)
	if c.first.name != "endpoint" {
		t.Fatalf("the first event is %+v", c.first)
	}
	c.post = base + c.first.data
	return c
}

func (c *sseClient) send(t testing.TB, body string) answerOf {
	t.Helper()
	return post(t, c.post, body, c.headers...)
}

// call posts a request and returns the next event, or the response to one whose
// caller lacks a scope.
func (c *sseClient) call(t testing.TB, body string) string {
	t.Helper()
	a := c.send(t, body)
	if a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
		return a.body
	}
	if a.status != http.StatusAccepted || a.body != "" {
		t.Fatalf("post: status %d %q", a.status, a.body)
	}
	return c.events.next(t).data
}

const initializeSSE = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`

// The whole of a session of 2024-11-05, byte for byte.
func TestSSETranscript(t *testing.T) {
	srv, _, _ := newServer(t, Config{MessagesURL: "/mcp/messages"})
	c := openSSE(t, srv.URL)
	var out bytes.Buffer
	id := regexp.MustCompile(`[A-Z2-7]{26}`)
	write := func(format string, args ...any) {
		out.WriteString(id.ReplaceAllString(fmt.Sprintf(format, args...), "SESSION"))
	}
	write("GET /mcp/sse\n<- retry %s id %s event %s data %s\n", c.first.retry, c.first.id, c.first.name, c.first.data)
	exchange := func(body string, answers int) {
		a := c.send(t, body)
		write("\nPOST %s\n-> %s\n<- %d %q\n", strings.TrimPrefix(c.post, srv.URL), body, a.status, a.body)
		for range answers {
			e := c.events.next(t)
			write("<- id %s event %s data %s\n", e.id, e.name, e.data)
		}
	}
	exchange(initializeSSE, 1)
	exchange(`{"jsonrpc":"2.0","method":"notifications/initialized"}`, 0)
	exchange(`{"jsonrpc":"2.0","id":1,"method":"ping"}`, 1)
	exchange(`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`, 1)
	exchange(callBody("3", "greet", `{"name":"Ann"}`), 1)
	exchange(callBody("4", "greet", `{"name":""}`), 1)
	exchange(callBody("5", "silent", `{}`), 1)
	exchange(callBody("6", "nope", `{}`), 1)
	exchange(strings.Replace(callBody("7", "count", `{"to":2}`), `"params":{`, `"params":{"_meta":{"progressToken":"p"},`, 1), 3)
	exchange(`{"jsonrpc":"2.0","id":8,"method":"no/such"}`, 1)
	exchange(`{"jsonrpc":"2.0","id":9,"method":"prompts/list"}`, 1)
	exchange(`{"jsonrpc":"2.0","id":"x","method":`, 0)
	exchange(`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, 0)
	golden(t, "sse.golden", out.String())
}

// The rules of the two URLs.
func TestSSERequestRules(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	ann := openSSE(t, srv.URL, "X-User: ann")
	fresh := openSSE(t, srv.URL)
	if got := fresh.call(t, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`); !strings.Contains(got, "initialize") {
		t.Errorf("before the handshake: %s", got)
	}
	streamable := strings.TrimPrefix(initialize(t, srv.URL+"/mcp", "2025-11-25")[0], "Mcp-Session-Id: ")
	for name, c := range map[string]struct {
		method, url, body string
		headers           []string
		status            int
	}{
		"POST to the stream":      {"POST", srv.URL + "/mcp/sse", "{}", nil, 405},
		"GET of the messages":     {"GET", srv.URL + "/mcp/messages", "", nil, 405},
		"stream not accepted":     {"GET", srv.URL + "/mcp/sse", "", []string{"Accept: application/json"}, 406},
		"no session":              {"POST", srv.URL + "/mcp/messages", "{}", nil, 404},
		"unknown session":         {"POST", srv.URL + "/mcp/messages?sessionId=x", "{}", nil, 404},
		"session of another kind": {"POST", srv.URL + "/mcp/messages?sessionId=" + streamable, "{}", nil, 404},
		"somebody else's":         {"POST", ann.post, callBody("1", "greet", `{"name":"x"}`), []string{"X-User: bob"}, 403},
		"nobody's":                {"POST", ann.post, callBody("1", "greet", `{"name":"x"}`), nil, 403},
		"foreign event id":        {"GET", srv.URL + "/mcp/sse", "", []string{"X-User: bob", "Last-Event-ID: " + ann.first.id}, 403},
		"not JSON":                {"POST", ann.post, "{}", []string{"X-User: ann", "Content-Type: text/plain"}, 415},
		"malformed":               {"POST", ann.post, "{", []string{"X-User: ann"}, 400},
		"batch":                   {"POST", ann.post, "[]", []string{"X-User: ann"}, 400},
	} {
		if a := do(t, c.method, c.url, c.body, c.headers...); a.status != c.status {
			t.Errorf("%s: status %d, want %d: %s", name, a.status, c.status, a.body)
		}
	}
}

// Calls of a session run side by side; one can be cancelled, and then has no
// answer.
func TestSSECancel(t *testing.T) {
	srv, _, probe := newServer(t, Config{})
	c := openSSE(t, srv.URL)
	c.call(t, initializeSSE)
	for _, id := range []string{"1", "2"} {
		if a := c.send(t, callBody(id, "wait", `{"name":"`+id+`"}`)); a.status != http.StatusAccepted {
			t.Fatalf("status %d: %s", a.status, a.body)
		}
		<-probe.started
	}
	c.send(t, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	<-probe.cancelled
	probe.release <- struct{}{}
	if got := c.events.next(t).data; !strings.Contains(got, `"id":2,"result"`) {
		t.Errorf("after the cancellation: %s", got)
	}
}

// A client that comes back with its last event id finds its session and what it
// missed, and can go on posting.
func TestSSEResume(t *testing.T) {
	srv, _, probe := newServer(t, Config{})
	c := openSSE(t, srv.URL, "X-User: ann")
	c.call(t, initializeSSE)
	c.send(t, callBody("1", "wait", `{"name":"x"}`))
	<-probe.started
	c.close()
	probe.release <- struct{}{}
	again := openSSE(t, srv.URL, "X-User: ann", "Last-Event-ID: "+strings.Replace(c.first.id, "~0", "~1", 1))
	if again.post != c.post {
		t.Errorf("the session is %s, was %s", again.post, c.post)
	}
	if got := again.events.next(t); !strings.Contains(got.data, `"id":1,"result"`) || !strings.HasSuffix(got.id, "~2") {
		t.Errorf("event %+v", got)
	}
	if got := again.call(t, `{"jsonrpc":"2.0","id":2,"method":"ping"}`); got != `{"jsonrpc":"2.0","id":2,"result":{}}` {
		t.Error(got)
	}
}

// A call posted twice runs once, and its answer comes once.
func TestSSERepeatedRequest(t *testing.T) {
	srv, _, probe := newServer(t, Config{})
	c := openSSE(t, srv.URL)
	c.call(t, initializeSSE)
	for range 2 {
		if a := c.send(t, callBody("1", "wait", `{"name":"x"}`)); a.status != http.StatusAccepted {
			t.Fatalf("status %d: %s", a.status, a.body)
		}
	}
	if a := c.send(t, callBody("1", "wait", `{"name":"y"}`)); a.status != http.StatusBadRequest {
		t.Errorf("another request with the id: status %d", a.status)
	}
	<-probe.started
	probe.release <- struct{}{}
	c.events.next(t)
	if got := c.call(t, `{"jsonrpc":"2.0","id":2,"method":"ping"}`); got != `{"jsonrpc":"2.0","id":2,"result":{}}` {
		t.Errorf("after the one answer: %s", got)
	}
}

// The endpoint event names the configured URL, whatever its form.
func TestMessagesURL(t *testing.T) {
	for configured, want := range map[string]string{
		"":                             "/mcp/messages?sessionId=",
		"/base/mcp/messages":           "/base/mcp/messages?sessionId=",
		"https://example.com/messages": "https://example.com/messages?sessionId=",
		"/messages?v=1":                "/messages?v=1&sessionId=",
	} {
		srv, _, _ := newServer(t, Config{MessagesURL: configured})
		if c := openSSE(t, srv.URL); !strings.HasPrefix(c.first.data, want) {
			t.Errorf("%q: endpoint %s", configured, c.first.data)
		}
	}
}

// Without a configured URL clients post beside the stream, as they addressed it:
// an outer router that strips a prefix does not change the request line. No
// request line leads them to another host.
func TestMessagesBesideStream(t *testing.T) {
	for uri, want := range map[string]string{
		"/mcp/sse":              "/mcp/messages",
		"/x/y/mcp/sse/?a=/b":    "/x/y/mcp/messages",
		"/sse":                  "/messages",
		"/a%2Fb%3F/sse":         "/a%2Fb%3F/messages",
		"http://host/x/mcp/sse": "/x/mcp/messages",
		"//evil.example/sse":    "/mcp/messages",
		"/\\evil.example/sse":   "/%5Cevil.example/messages",
		"/events":               "/mcp/messages",
		"*":                     "/mcp/messages",
		"":                      "/mcp/messages",
		"host:80":               "/mcp/messages",
	} {
		if got := besideStream(uri); got != want {
			t.Errorf("%q: %s, want %s", uri, got, want)
		}
	}
}
