package mcp

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem/session"
)

// callBody is a tools/call of a legacy session.
func callBody(id, name, arguments string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"` + name + `","arguments":` + arguments + `}}`
}

// Each revision that has sessions is negotiated as it was asked for, any other
// becomes the newest; 2025-11-25, section "Version Negotiation".
func TestInitializeNegotiates(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	for asked, want := range map[string]string{
		"2024-11-05": "2024-11-05", "2025-03-26": "2025-03-26", "2025-06-18": "2025-06-18", "2025-11-25": "2025-11-25",
		"2026-07-28": "2025-11-25", "1.0": "2025-11-25", "": "2025-11-25",
	} {
		a := post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"`+asked+`","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`)
		result := decodeAnswer(t, a.body).Result
		if a.status != http.StatusOK || result["protocolVersion"] != want {
			t.Errorf("%s: %d %s", asked, a.status, a.body)
		}
		if id := a.header.Get("Mcp-Session-Id"); len(id) < 20 {
			t.Errorf("session id %q", id)
		}
	}
}

// What a server says of itself: only what works.
func TestInitializeResult(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	a := post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`)
	const want = `{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"logging":{},"tools":{"listChanged":true}},"serverInfo":{"name":"test-service","title":"Test service","version":"1.2.3"},"instructions":"Greet people."}}`
	if a.body != want {
		t.Errorf("got %s\nwant %s", a.body, want)
	}
}

// The rules of a session's requests, 2025-11-25, section "Transports".
func TestSessionRequestRules(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	url := srv.URL + "/mcp"
	session := initialize(t, url, "2025-11-25")
	old := initialize(t, url, "2025-03-26")
	ann := initialize(t, url, "2025-11-25", "X-User: ann")
	call := callBody("1", "greet", `{"name":"Ann"}`)
	const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	for name, c := range map[string]struct {
		method  string
		body    string
		headers []string
		status  int
		code    int
	}{
		"call":                       {"POST", call, session, 200, 0},
		"ping":                       {"POST", ping, session, 200, 0},
		"list":                       {"POST", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, session, 200, 0},
		"params null":                {"POST", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}`, session, 200, 0},
		"without a version header":   {"POST", ping, drop(session, "MCP-Protocol-Version"), 200, 0},
		"with another version":       {"POST", ping, append(drop(session, "MCP-Protocol-Version"), "MCP-Protocol-Version: 2025-06-18"), 200, 0},
		"unsupported version":        {"POST", ping, append(drop(session, "MCP-Protocol-Version"), "MCP-Protocol-Version: 2025-01-01"), 400, codeInvalidRequest},
		"version that is none":       {"POST", ping, append(drop(session, "MCP-Protocol-Version"), "MCP-Protocol-Version: 1"), 400, codeInvalidRequest},
		"no session":                 {"POST", ping, drop(session, "Mcp-Session-Id"), 400, codeInvalidRequest},
		"no session, notification":   {"POST", `{"jsonrpc":"2.0","method":"notifications/initialized"}`, nil, 400, codeInvalidRequest},
		"unknown session":            {"POST", ping, []string{"Mcp-Session-Id: nope"}, 404, codeInvalidRequest},
		"empty session":              {"POST", ping, []string{"Mcp-Session-Id: "}, 404, codeInvalidRequest},
		"huge session id":            {"POST", ping, []string{"Mcp-Session-Id: " + strings.Repeat("x", 5000)}, 404, codeInvalidRequest},
		"somebody else's":            {"POST", call, append(drop(ann, "X-User"), "X-User: bob"), 404, codeInvalidRequest},
		"nobody's":                   {"POST", call, drop(ann, "X-User"), 404, codeInvalidRequest},
		"stream of somebody else's":  {"GET", "", append(drop(ann, "X-User"), "X-User: bob"), 404, codeInvalidRequest},
		"end of somebody else's":     {"DELETE", "", append(drop(ann, "X-User"), "X-User: bob"), 404, codeInvalidRequest},
		"one's own":                  {"POST", call, ann, 200, 0},
		"notification":               {"POST", `{"jsonrpc":"2.0","method":"notifications/whatever"}`, session, 202, 0},
		"response":                   {"POST", `{"jsonrpc":"2.0","id":1,"result":{}}`, session, 202, 0},
		"error response":             {"POST", `{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}`, session, 202, 0},
		"unknown method":             {"POST", `{"jsonrpc":"2.0","id":1,"method":"no/such"}`, session, 200, codeMethodNotFound},
		"discover":                   {"POST", `{"jsonrpc":"2.0","id":1,"method":"server/discover"}`, session, 200, codeMethodNotFound},
		"prompts that there are not": {"POST", `{"jsonrpc":"2.0","id":1,"method":"prompts/list"}`, session, 200, codeMethodNotFound},
		"unknown tool":               {"POST", callBody("9", "nope", "{}"), session, 200, codeInvalidParams},
		"bad cursor":                 {"POST", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x"}}`, session, 200, codeInvalidParams},
		"initialize without version": {"POST", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}`, nil, 400, codeInvalidParams},
		"batch in a new revision":    {"POST", "[" + ping + "]", session, 400, codeInvalidRequest},
		"batch":                      {"POST", "[" + ping + "]", old, 200, 0},
		"malformed":                  {"POST", "{", session, 400, codeParse},
		"GET without a stream":       {"GET", "", append(session, "Accept: application/json"), 406, codeInvalidRequest},
		"GET with a bad event id":    {"GET", "", append(session, "Last-Event-ID: nonsense"), 400, codeInvalidRequest},
		"GET beyond the log":         {"GET", "", append(session, "Last-Event-ID: 0_7"), 400, codeInvalidRequest},
		"PUT":                        {"PUT", "", session, 405, codeInvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			a := do(t, c.method, url, c.body, c.headers...)
			if a.status != c.status {
				t.Errorf("status %d, want %d: %s", a.status, c.status, a.body)
			}
			switch {
			case a.status == http.StatusAccepted:
				if a.body != "" {
					t.Errorf("202 with the body %q", a.body)
				}
			case strings.HasPrefix(a.body, "["):
			default:
				if code := decodeAnswer(t, a.body).code(); code != c.code {
					t.Errorf("code %d, want %d: %s", code, c.code, a.body)
				}
			}
		})
	}
}

// Structured content belongs to the revisions that know it.
func TestStructuredContentByRevision(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	for revision, want := range map[string]bool{"2024-11-05": false, "2025-03-26": false, "2025-06-18": true, "2025-11-25": true} {
		a := post(t, srv.URL+"/mcp", callBody("1", "greet", `{"name":"Ann"}`), initialize(t, srv.URL+"/mcp", revision)...)
		if got := strings.Contains(a.body, "structuredContent"); got != want {
			t.Errorf("%s: %s", revision, a.body)
		}
		if strings.Contains(a.body, "resultType") {
			t.Errorf("%s has a member of another era: %s", revision, a.body)
		}
	}
}

// DELETE ends the session, and a session that has ended is 404.
func TestDelete(t *testing.T) {
	srv, _, probe := newServer(t, Config{})
	url := srv.URL + "/mcp"
	s := initialize(t, url, "2025-11-25")
	answer := postLater(t, url, callBody("1", "wait", `{"name":"x"}`), s...)
	<-probe.started
	if a := do(t, http.MethodDelete, url, "", s...); a.status != http.StatusNoContent {
		t.Errorf("delete: status %d", a.status)
	}
	<-probe.cancelled // its calls end with it
	<-answer
	for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
		if a := do(t, method, url, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, s...); a.status != http.StatusNotFound {
			t.Errorf("%s after the end: status %d", method, a.status)
		}
	}
}

// postLater posts on a goroutine of its own.
func postLater(t testing.TB, url, body string, headers ...string) <-chan answerOf {
	r := newRequest(t, http.MethodPost, url, body, headers...)
	answer := make(chan answerOf, 1)
	go func() {
		defer close(answer)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Errorf("post: %v", err)
			return
		}
		defer resp.Body.Close()
		content, _ := io.ReadAll(resp.Body)
		answer <- answerOf{resp.StatusCode, resp.Header, string(content)}
	}()
	return answer
}

// notifications/cancelled ends the call that it names, of this session and no
// other; 2025-11-25, section "Cancellation".
func TestCancelledNotification(t *testing.T) {
	srv, _, probe := newServer(t, Config{})
	url := srv.URL + "/mcp"
	s, other := initialize(t, url, "2025-11-25"), initialize(t, url, "2025-11-25")
	answer := postLater(t, url, callBody(`"c1"`, "wait", `{"name":"x"}`), s...)
	<-probe.started
	const cancelled = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"c\u0031","reason":"enough"}}`
	for _, harmless := range []struct {
		body    string
		headers []string
	}{
		{cancelled, other},
		{`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, s},
		{`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}`, s},
		{`{"jsonrpc":"2.0","method":"notifications/cancelled"}`, s},
	} {
		if a := post(t, url, harmless.body, harmless.headers...); a.status != http.StatusAccepted {
			t.Errorf("%s: status %d", harmless.body, a.status)
		}
	}
	select {
	case <-probe.cancelled:
		t.Fatal("a notification that names no call of the session cancelled one")
	default:
	}
	if a := post(t, url, cancelled, s...); a.status != http.StatusAccepted {
		t.Errorf("status %d", a.status)
	}
	<-probe.cancelled
	if a := <-answer; !strings.Contains(a.body, `\"code\":\"canceled\"`) {
		t.Errorf("the cancelled call's answer: %d %s", a.status, a.body)
	}
}

// The end of the request that brought a call is not the end of the call. Its
// output is there for the client that comes back, from any point:
// 2025-11-25, section "Resumability and Redelivery".
func TestDisconnectDoesNotCancel(t *testing.T) {
	srv, _, probe := newServer(t, Config{})
	url := srv.URL + "/mcp"
	s := initialize(t, url, "2025-11-25")
	body := strings.Replace(callBody("1", "wait", `{"name":"x"}`), `"params":{`, `"params":{"_meta":{"progressToken":"p"},`, 1)
	resp, err := http.DefaultClient.Do(newRequest(t, http.MethodPost, url, body, s...))
	if err != nil {
		t.Fatal(err)
	}
	events := newEvents(resp.Body)
	primer, note := events.next(t), events.next(t)
	if primer.id == "" || primer.data != "" || !strings.Contains(note.data, "notifications/progress") {
		t.Fatalf("events %+v, %+v", primer, note)
	}
	<-probe.started
	resp.Body.Close()
	probe.release <- struct{}{}

	for _, c := range []struct {
		last string
		want []string
	}{
		{primer.id, []string{"", "notifications/progress", `"result"`}},
		{note.id, []string{"", `"result"`}},
	} {
		resp, err := http.DefaultClient.Do(newRequest(t, http.MethodGet, url, "", append(s, "Last-Event-ID: "+c.last)...))
		if err != nil {
			t.Fatal(err)
		}
		resumed := newEvents(resp.Body)
		for _, want := range c.want {
			if e := resumed.next(t); !strings.Contains(e.data, want) {
				t.Errorf("after %s: event %+v, want %s", c.last, e, want)
			}
		}
		if _, err := io.ReadAll(resp.Body); err != nil { // the stream ends with the call
			t.Error(err)
		}
		resp.Body.Close()
	}
}

// A request that is posted again attaches to the call that runs; its id with
// another body is refused.
func TestRepeatedRequest(t *testing.T) {
	srv, _, probe := newServer(t, Config{})
	url := srv.URL + "/mcp"
	s := initialize(t, url, "2025-11-25")
	first := postLater(t, url, callBody("1", "wait", `{"name":"x"}`), s...)
	<-probe.started
	second := postLater(t, url, callBody("1", "wait", `{"name":"x"}`), s...)
	if a := post(t, url, callBody("1", "wait", `{"name":"y"}`), s...); a.status != http.StatusBadRequest || decodeAnswer(t, a.body).code() != codeInvalidRequest {
		t.Errorf("another request with the id: %d %s", a.status, a.body)
	}
	probe.release <- struct{}{}
	a, b := <-first, <-second
	if a.body != b.body || !strings.Contains(a.body, `"text":"x"`) {
		t.Errorf("answers\n%s\n%s", a.body, b.body)
	}
	if c := post(t, url, callBody("1", "wait", `{"name":"x"}`), s...); c.body != a.body {
		t.Errorf("after the end: %s", c.body)
	}
	select {
	case name := <-probe.started:
		t.Errorf("the call ran twice: %s", name)
	default:
	}
}

// A batch of 2025-03-26 is answered by an array, in order; notifications have no
// answer.
func TestBatch(t *testing.T) {
	srv, _, _ := newServer(t, Config{MaxBatch: 4})
	url := srv.URL + "/mcp"
	s := initialize(t, url, "2025-03-26")
	const ping = `{"jsonrpc":"2.0","id":%d,"method":"ping"}`
	const note = `{"jsonrpc":"2.0","method":"notifications/initialized"}`
	for name, c := range map[string]struct {
		body, want string
		status     int
	}{
		"two":           {"[" + fmt.Sprintf(ping, 1) + "," + note + "," + callBody(`"b"`, "silent", "{}") + "]", `[{"jsonrpc":"2.0","id":1,"result":{}},{"jsonrpc":"2.0","id":"b","result":{"content":[]}}]`, 200},
		"notifications": {"[" + note + "," + note + "]", "", 202},
		"not a message": {"[1," + fmt.Sprintf(ping, 1) + "]", `[{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"invalid request: the message is not an object"}},{"jsonrpc":"2.0","id":1,"result":{}}]`, 200},
		"initialize":    {`[{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26"}}]`, `[{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"invalid request: initialize cannot be part of a batch"}}]`, 200},
		"empty":         {"[]", `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"invalid request: the batch is empty or too long"}}`, 400},
		"too long":      {"[" + strings.Repeat(note+",", 4) + note + "]", `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"invalid request: the batch is empty or too long"}}`, 400},
	} {
		if a := post(t, url, c.body, s...); a.status != c.status || a.body != c.want {
			t.Errorf("%s: %d\n got %s\nwant %s", name, a.status, a.body, c.want)
		}
	}
}

// A batch with a call that reports progress is a stream.
func TestBatchWithProgress(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	url := srv.URL + "/mcp"
	s := initialize(t, url, "2025-03-26")
	call := strings.Replace(callBody("2", "count", `{"to":1}`), `"params":{`, `"params":{"_meta":{"progressToken":"p"},`, 1)
	resp, err := http.DefaultClient.Do(newRequest(t, http.MethodPost, url, `[{"jsonrpc":"2.0","id":1,"method":"ping"},`+call+`]`, s...))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"id":1,"result"`, `"id":2,"result"`, "notifications/progress"} {
		if strings.Count(string(content), want) != 1 {
			t.Errorf("%s is not there once: %s", want, content)
		}
	}
}

// The values of this request reach the operation, though its life is the
// session's.
func TestSessionContext(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	s := initialize(t, srv.URL+"/mcp", "2025-11-25", "X-User: ann", "X-Request-Id: first")
	a := post(t, srv.URL+"/mcp", callBody("1", "who", "{}"), append(s, "X-Request-Id: second")...)
	if got := fmt.Sprint(decodeAnswer(t, a.body).Result["structuredContent"]); got != "map[request_id:second subject:ann]" {
		t.Error(got)
	}
}

// The standing stream carries what the server says on its own account, to whoever
// listens then.
func TestStandingStream(t *testing.T) {
	srv, d, _ := newServer(t, Config{})
	url := srv.URL + "/mcp"
	s := initialize(t, url, "2025-11-25")
	id := strings.TrimPrefix(s[0], "Mcp-Session-Id: ")
	say := func(text string) {
		if _, err := d.store.Append(context.Background(), session.Output{Session: id, Stream: session.Standing}, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	say(`{"before":1}`)
	resp, err := http.DefaultClient.Do(newRequest(t, http.MethodGet, url, "", s...))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	events := newEvents(resp.Body)
	if e := events.next(t); e.data != "" || e.id != "0_1" {
		t.Errorf("primer %+v", e)
	}
	say(`{"now":1}`)
	if e := events.next(t); e.data != `{"now":1}` || e.id != "0_2" {
		t.Errorf("event %+v", e)
	}
	if got := d.Stats(); got.Streams != 1 || got.Sessions != 1 {
		t.Errorf("stats %+v", got)
	}
}

// An older client gets no event without data, which it might take for a message.
func TestOldStreamsHaveNoPrimer(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	s := initialize(t, srv.URL+"/mcp", "2025-03-26")
	resp, err := http.DefaultClient.Do(newRequest(t, http.MethodGet, srv.URL+"/mcp", "", s...))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	if err != nil || line != ": open\n" {
		t.Errorf("first line %q, %v", line, err)
	}
}

// sent is a server-sent event.
type sent struct{ name, id, data, retry string }

type events struct{ lines *bufio.Scanner }

func newEvents(r io.Reader) *events {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 16<<20)
	return &events{s}
}

// next returns the next event, skipping comments.
func (e *events) next(t testing.TB) sent {
	t.Helper()
	event, ok := e.try()
	if !ok {
		t.Fatalf("the stream ended: %v", e.lines.Err())
	}
	return event
}

func (e *events) try() (sent, bool) {
	var event sent
	any := false
	for e.lines.Scan() {
		line := e.lines.Text()
		if line == "" {
			if any {
				return event, true
			}
			continue
		}
		field, value, _ := strings.Cut(line, ": ")
		switch field {
		case "event":
			event.name = value
		case "id":
			event.id = value
		case "data":
			event.data = value
		case "retry":
			event.retry = value
		default:
			continue
		}
		any = true
	}
	return event, any
}

// eventually fails the test if ok does not become true soon.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not so in time: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
