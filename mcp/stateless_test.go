package mcp

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// rpcAnswer is a JSON-RPC response as a test reads it.
type rpcAnswer struct {
	ID     any            `json:"id"`
	Result map[string]any `json:"result"`
	Error  *struct {
		Code    int            `json:"code"`
		Message string         `json:"message"`
		Data    map[string]any `json:"data"`
	} `json:"error"`
}

func decodeAnswer(t testing.TB, body string) rpcAnswer {
	t.Helper()
	var a rpcAnswer
	if err := json.Unmarshal([]byte(body), &a); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return a
}

func (a rpcAnswer) code() int {
	if a.Error == nil {
		return 0
	}
	return a.Error.Code
}

// What a modern request must carry, and the status and code of what it lacks:
// 2026-07-28, sections "_meta", "Server Validation", "Protocol Version Header".
func TestModernRequestRules(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	const call = `{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"greet","arguments":{"name":"Ann"},` + modernMeta + `}}`
	good := modernHeaders("tools/call", "greet")
	without := func(name string) []string { return append([]string{name + ": -"}, drop(good, name)...) }
	with := func(header string) []string { return append(drop(good, strings.SplitN(header, ":", 2)[0]), header) }
	encoded := "=?base64?" + base64.StdEncoding.EncodeToString([]byte("greet")) + "?="
	for name, c := range map[string]struct {
		body    string
		headers []string
		status  int
		code    int
	}{
		"good":                        {call, good, 200, 0},
		"name in base64":              {call, with("Mcp-Name: " + encoded), 200, 0},
		"only JSON accepted":          {call, with("Accept: application/json"), 200, 0},
		"any type accepted":           {call, with("Accept: */*"), 200, 0},
		"a session id is ignored":     {call, with("Mcp-Session-Id: x"), 200, 0},
		"a last event id is ignored":  {call, with("Last-Event-ID: x_1"), 200, 0},
		"charset":                     {call, with("Content-Type: application/json; charset=utf-8"), 200, 0},
		"no version header":           {call, without("MCP-Protocol-Version"), 400, codeHeaderMismatch},
		"other version header":        {call, with("MCP-Protocol-Version: 2025-11-25"), 400, codeHeaderMismatch},
		"no method header":            {call, without("Mcp-Method"), 400, codeHeaderMismatch},
		"other method header":         {call, with("Mcp-Method: tools/list"), 400, codeHeaderMismatch},
		"method header in capitals":   {call, with("Mcp-Method: Tools/Call"), 400, codeHeaderMismatch},
		"no name header":              {call, without("Mcp-Name"), 400, codeHeaderMismatch},
		"other name header":           {call, with("Mcp-Name: fail"), 400, codeHeaderMismatch},
		"bad base64 in name":          {call, with("Mcp-Name: =?base64?Z3JlZXQ?="), 400, codeHeaderMismatch},
		"base64 of another name":      {call, with("Mcp-Name: =?base64?ZmFpbA==?="), 400, codeHeaderMismatch},
		"raw UTF-8 in name":           {strings.Replace(call, "greet", "größe", 1), with("Mcp-Name: größe"), 400, codeHeaderMismatch},
		"no _meta":                    {strings.Replace(call, ","+modernMeta, "", 1), good, 400, codeInvalidParams},
		"no version in _meta":         {strings.Replace(call, `"io.modelcontextprotocol/protocolVersion":"2026-07-28",`, "", 1), good, 400, codeInvalidParams},
		"version not a string":        {strings.Replace(call, `"2026-07-28"`, "20260728", 1), good, 400, codeInvalidParams},
		"no capabilities in _meta":    {strings.Replace(call, `,"io.modelcontextprotocol/clientCapabilities":{}`, "", 1), good, 400, codeInvalidParams},
		"capabilities not an object":  {strings.Replace(call, `clientCapabilities":{}`, `clientCapabilities":[]`, 1), good, 400, codeInvalidParams},
		"client not an object":        {strings.Replace(call, `"_meta":{`, `"_meta":{"io.modelcontextprotocol/clientInfo":1,`, 1), good, 400, codeInvalidParams},
		"_meta not an object":         {strings.Replace(call, modernMeta, `"_meta":1`, 1), good, 400, codeInvalidParams},
		"unknown version":             {strings.Replace(call, "2026-07-28", "2030-01-01", 1), with("MCP-Protocol-Version: 2030-01-01"), 400, codeUnsupportedVersion},
		"unknown version, no more":    {`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01"}}}`, []string{"MCP-Protocol-Version: 2030-01-01"}, 400, codeUnsupportedVersion},
		"legacy version in _meta":     {strings.Replace(call, "2026-07-28", "2025-11-25", 1), with("MCP-Protocol-Version: 2025-11-25"), 400, codeUnsupportedVersion},
		"not a version":               {strings.Replace(call, "2026-07-28", "x", 1), with("MCP-Protocol-Version: x"), 400, codeUnsupportedVersion},
		"two version headers":         {call, with("MCP-Protocol-Version: 2026-07-28, 2025-11-25"), 400, codeHeaderMismatch},
		"unknown method":              {`{"jsonrpc":"2.0","id":1,"method":"no/such","params":{` + modernMeta + `}}`, modernHeaders("no/such", ""), 404, codeMethodNotFound},
		"method of another era":       {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{` + modernMeta + `}}`, modernHeaders("ping", ""), 404, codeMethodNotFound},
		"initialize":                  {`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{` + modernMeta + `}}`, modernHeaders("initialize", ""), 404, codeMethodNotFound},
		"set level":                   {`{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{` + modernMeta + `}}`, modernHeaders("logging/setLevel", ""), 404, codeMethodNotFound},
		"prompts that there are not":  {`{"jsonrpc":"2.0","id":1,"method":"prompts/list","params":{` + modernMeta + `}}`, modernHeaders("prompts/list", ""), 404, codeMethodNotFound},
		"a subscription to nothing":   {`{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{` + modernMeta + `}}`, modernHeaders("subscriptions/listen", ""), 400, codeInvalidParams},
		"unknown tool":                {strings.Replace(call, "greet", "nope", 1), with("Mcp-Name: nope"), 400, codeInvalidParams},
		"tool of the REST door only":  {strings.Replace(call, "greet", "rest_only", 1), with("Mcp-Name: rest_only"), 400, codeInvalidParams},
		"no tool name":                {strings.Replace(call, `"name":"greet",`, "", 1), good, 400, codeInvalidParams},
		"tool name not a string":      {strings.Replace(call, `"greet"`, "1", 1), good, 400, codeInvalidParams},
		"bad cursor":                  {`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"x",` + modernMeta + `}}`, modernHeaders("tools/list", ""), 400, codeInvalidParams},
		"cursor not a string":         {`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":1,` + modernMeta + `}}`, modernHeaders("tools/list", ""), 400, codeInvalidParams},
		"batch":                       {"[" + call + "]", good, 400, codeInvalidRequest},
		"response":                    {`{"jsonrpc":"2.0","id":1,"result":{}}`, good, 400, codeInvalidRequest},
		"malformed":                   {`{"jsonrpc":"2.0",`, good, 400, codeParse},
		"empty body":                  {``, good, 400, codeParse},
		"trailing bytes":              {call + "x", good, 400, codeParse},
		"nothing accepted":            {call, with("Accept: text/html"), 406, codeInvalidRequest},
		"accepted with quality 0":     {call, with("Accept: application/json;q=0, text/event-stream;q=0.0"), 406, codeInvalidRequest},
		"not JSON":                    {call, with("Content-Type: text/plain"), 415, codeInvalidRequest},
		"no type":                     {call, without("Content-Type"), 415, codeInvalidRequest},
		"compressed":                  {call, with("Content-Encoding: gzip"), 415, codeInvalidRequest},
		"name mirrored twice":         {call, with("Mcp-Name: greet, greet"), 400, codeHeaderMismatch},
		"arguments nested too deeply": {strings.Replace(call, `{"name":"Ann"}`, strings.Repeat("[", 100_000), 1), good, 400, codeParse},
		"name twice in the body":      {strings.Replace(call, `"name":"greet"`, `"name":"greet","name":"fail"`, 1), good, 400, codeInvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			a := post(t, srv.URL+"/mcp", c.body, c.headers...)
			got := decodeAnswer(t, a.body)
			if a.status != c.status || got.code() != c.code {
				t.Errorf("status %d, code %d; want %d, %d: %s", a.status, got.code(), c.status, c.code, a.body)
			}
			if ct := a.header.Get("Content-Type"); ct != "application/json" {
				t.Errorf("content type %q", ct)
			}
			if a.header.Get("Mcp-Session-Id") != "" {
				t.Error("a modern response has a session id")
			}
		})
	}
}

// drop returns the headers without that of this name.
func drop(headers []string, name string) []string {
	var kept []string
	for _, h := range headers {
		if !strings.HasPrefix(strings.ToLower(h), strings.ToLower(name)+":") {
			kept = append(kept, h)
		}
	}
	return kept
}

// An unsupported version is told with those that are supported and the one that
// was asked for, 2026-07-28, section "Protocol Version Negotiation".
func TestUnsupportedVersionData(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	a := post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01","io.modelcontextprotocol/clientCapabilities":{}}}}`, "MCP-Protocol-Version: 2030-01-01")
	data := decodeAnswer(t, a.body).Error.Data
	if data["requested"] != "2030-01-01" || fmt.Sprint(data["supported"]) != fmt.Sprint(allRevisions) {
		t.Errorf("data %v", data)
	}
	if fmt.Sprint(Revisions()) != fmt.Sprint(allRevisions) {
		t.Errorf("Revisions() = %v", Revisions())
	}
}

// A modern client has no other methods than POST, and no notification is refused.
func TestModernMethods(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	for _, method := range []string{http.MethodGet, http.MethodDelete, http.MethodPut, http.MethodHead} {
		a := do(t, method, srv.URL+"/mcp", "", "MCP-Protocol-Version: 2026-07-28")
		if a.status != http.StatusMethodNotAllowed || a.header.Get("Allow") != "POST" {
			t.Errorf("%s: status %d, Allow %q", method, a.status, a.header.Get("Allow"))
		}
	}
	a := post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`, "MCP-Protocol-Version: 2026-07-28")
	if a.status != http.StatusAccepted || a.body != "" {
		t.Errorf("notification: status %d, body %q", a.status, a.body)
	}
}

// What results look like in the modern era.
func TestModernResults(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	const server = `"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"test-service","title":"Test service","version":"1.2.3"}}`
	for _, c := range []struct{ name, arguments, want string }{
		{"greet", `{"name":"Ann"}`, `{"resultType":"complete","content":[{"type":"text","text":"{\"text\":\"Hello, Ann!\"}"}],"structuredContent":{"text":"Hello, Ann!"},` + server + `}`},
		{"list", `{"to":2}`, `{"resultType":"complete","content":[{"type":"text","text":"[0,1]"}],"structuredContent":{"result":[0,1]},` + server + `}`},
		{"silent", `{}`, `{"resultType":"complete","content":[],` + server + `}`},
		{"fail", `{"name":"\"x\""}`, `{"resultType":"complete","content":[{"type":"text","text":"{\"type\":\"about:blank\",\"title\":\"Not found\",\"status\":404,\"code\":\"not_found\",\"detail\":\"no \\\"\\\\\\\"x\\\\\\\"\\\"\"}"}],"isError":true,` + server + `}`},
	} {
		a := post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":"q","method":"tools/call","params":{"name":"`+c.name+`","arguments":`+c.arguments+`,`+modernMeta+`}}`, modernHeaders("tools/call", c.name)...)
		if want := `{"jsonrpc":"2.0","id":"q","result":` + c.want + `}`; a.status != http.StatusOK || a.body != want {
			t.Errorf("%s: status %d\n got %s\nwant %s", c.name, a.status, a.body, want)
		}
	}
}

// Progress turns the response into a stream for a client that takes one, and the
// answer ends it.
func TestModernProgress(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count","arguments":{"to":2},` + strings.Replace(modernMeta, "{", `{"progressToken":7,`, 1) + `}}`
	a := post(t, srv.URL+"/mcp", body, modernHeaders("tools/call", "count")...)
	want := "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":7,\"progress\":1,\"total\":2,\"message\":\"counting\"}}\n\n" +
		"event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":7,\"progress\":2,\"total\":2,\"message\":\"counting\"}}\n\n" +
		"event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resultType\":\"complete\",\"content\":[{\"type\":\"text\",\"text\":\"{\\\"text\\\":\\\"done\\\"}\"}],\"structuredContent\":{\"text\":\"done\"},\"_meta\":{\"io.modelcontextprotocol/serverInfo\":{\"name\":\"test-service\",\"title\":\"Test service\",\"version\":\"1.2.3\"}}}}\n\n"
	if a.body != want {
		t.Errorf("got\n%s\nwant\n%s", a.body, want)
	}
	for name, value := range map[string]string{"Content-Type": "text/event-stream", "Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"} {
		if got := a.header.Get(name); got != value {
			t.Errorf("%s: %q", name, got)
		}
	}
	a = post(t, srv.URL+"/mcp", body, append(modernHeaders("tools/call", "count"), "Accept: application/json")...)
	if a.header.Get("Content-Type") != "application/json" {
		t.Errorf("a client that takes only JSON got %s", a.header.Get("Content-Type"))
	}
	a = post(t, srv.URL+"/mcp", strings.Replace(body, `"name":"count"`, `"name":"nope"`, 1), modernHeaders("tools/call", "nope")...)
	if a.status != http.StatusBadRequest {
		t.Errorf("an unknown tool with a progress token has the status %d", a.status)
	}
	a = post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{`+modernMeta+`}}`, append(modernHeaders("tools/list", ""), "Accept: text/event-stream")...)
	if !strings.HasPrefix(a.body, "event: message\ndata: {") {
		t.Errorf("a client that takes only a stream got %s", a.body)
	}
}

// Closing the response cancels a modern call.
func TestModernDisconnectCancels(t *testing.T) {
	srv, _, probe := newServer(t, Config{})
	r := newRequest(t, http.MethodPost, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","arguments":{"name":"x"},`+modernMeta+`}}`, modernHeaders("tools/call", "wait")...)
	ctx, cancel := context.WithCancel(r.Context())
	go func() {
		<-probe.started
		cancel()
	}()
	if _, err := http.DefaultClient.Do(r.WithContext(ctx)); !errors.Is(err, context.Canceled) {
		t.Fatalf("post: %v", err)
	}
	select {
	case <-probe.cancelled:
	case <-time.After(10 * time.Second):
		t.Fatal("the call goes on although its client has gone")
	}
}

// The principal and the request id of this request reach the operation,.
func TestModernContext(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	who := func(headers ...string) string {
		a := post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"who",`+modernMeta+`}}`, append(modernHeaders("tools/call", "who"), headers...)...)
		return fmt.Sprint(decodeAnswer(t, a.body).Result["structuredContent"])
	}
	if got := who("X-User: ann", "X-Request-Id: r1"); got != "map[request_id:r1 subject:ann]" {
		t.Error(got)
	}
}

// Neither a panic nor the cause of an internal error leaves the process, and the
// door lives on.
func TestFaultsAreSanitized(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	for _, name := range []string{"secret", "panic"} {
		a := post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+name+`",`+modernMeta+`}}`, modernHeaders("tools/call", name)...)
		if strings.Contains(a.body, "postgres") || !strings.Contains(a.body, `\"code\":\"internal\"`) {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}

// A message over the limit is 413, however it is sent.
func TestBodyLimit(t *testing.T) {
	srv, _, _ := newServer(t, Config{MaxBody: 200})
	big := `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"` + strings.Repeat("x", 300) + `"}}`
	if a := post(t, srv.URL+"/mcp", big); a.status != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d", a.status)
	}
	r := newRequest(t, http.MethodPost, srv.URL+"/mcp", big)
	r.ContentLength = -1 // chunked
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("chunked: status %d", resp.StatusCode)
	}
}
