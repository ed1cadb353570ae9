package server

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem"
)

// toolProblem returns the problem document of a tool error.
func toolProblem(t *testing.T, w *httptest.ResponseRecorder) tandem.Problem {
	t.Helper()
	reply := decode[struct {
		Result struct {
			IsError bool
			Content []struct{ Text string }
		}
	}](t, w.Body.String())
	if w.Code != 200 || !reply.Result.IsError || len(reply.Result.Content) != 1 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	return decode[tandem.Problem](t, reply.Result.Content[0].Text)
}

// The calls of a class have one rate, whichever door they come through, and the
// refusal says on both when to come back: REST in its headers and both in the
// document. Other classes and other callers go on.
func TestClassLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const other = "other-key-0123456789"
		s := newServer(t, newService(t), Config{
			APIKeys: []tandem.Secret{testKey, other}, RateLimits: map[string]Rate{"write": {2, time.Minute}, "read": {}},
		})
		bearer := []string{"Authorization", "Bearer " + testKey}
		overREST := func(key string) *httptest.ResponseRecorder {
			return ask(s, "POST", "/api/v1/echo", `{"text":"hi"}`, "Authorization", "Bearer "+key)
		}
		overMCP := func() *httptest.ResponseRecorder {
			return ask(s, "POST", "/mcp", callEcho, append(bearer, modern...)...)
		}

		w := overREST(testKey)
		if w.Code != 200 || w.Header().Get("RateLimit") != `"class-write";r=1;t=30` || w.Header().Get("RateLimit-Policy") != `"class-write";q=2;w=60` {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		if w := overMCP(); w.Code != 200 || strings.Contains(w.Body.String(), "isError\":true") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		for range 2 { // a refused call takes nothing
			w = overREST(testKey)
			if p := problem(t, w); w.Code != 429 || w.Header().Get("Retry-After") != "30" || w.Header().Get("RateLimit") != `"class-write";r=0;t=60` ||
				p.Code != "resource_exhausted" || p.RetryAfter != 30 {
				t.Errorf("%d %v %+v", w.Code, w.Header(), p)
			}
			if p := toolProblem(t, overMCP()); p.Code != "resource_exhausted" || p.RetryAfter != 30 {
				t.Errorf("%+v", p)
			}
		}
		for range 5 {
			if w := ask(s, "GET", "/api/v1/echo/hi", "", bearer...); w.Code != 200 || w.Header().Get("RateLimit") != "" {
				t.Errorf("a class whose rate is off: %d %v", w.Code, w.Header())
			}
		}
		if w := overREST(other); w.Code != 200 {
			t.Errorf("another caller: %d", w.Code)
		}
		time.Sleep(30 * time.Second)
		if w := overREST(testKey); w.Code != 200 {
			t.Errorf("when it was told to come back: %d", w.Code)
		}
	})
}

// In a batch each call counts.
func TestClassLimitsCountCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, newService(t), Config{RateLimits: map[string]Rate{"write": {3, time.Hour}}})
		call := `{"jsonrpc":"2.0","id":ID,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"}}}`
		open := ask(s, "POST", "/mcp", strings.Replace(initialize, "2025-11-25", "2025-03-26", 1), "Accept", "application/json, text/event-stream")
		session := []string{"Accept", "application/json, text/event-stream", "Mcp-Session-Id", open.Header().Get("Mcp-Session-Id")}
		ask(s, "POST", "/mcp", `{"jsonrpc":"2.0","method":"notifications/initialized"}`, session...)
		var batch []string
		for _, id := range []string{"2", "3", "4", "5", "6"} {
			batch = append(batch, strings.Replace(call, "ID", id, 1))
		}
		w := ask(s, "POST", "/mcp", "["+strings.Join(batch, ",")+"]", session...)
		if n := strings.Count(w.Body.String(), "resource_exhausted"); n != 2 {
			t.Errorf("%d of 5 calls were refused: %d %s", n, w.Code, w.Body)
		}
	})
}

// A rate of a class that nothing has would bound nothing, so it does not start;
// the classes of resources and prompts are known.
func TestClassLimitsNeedTheirClass(t *testing.T) {
	svc := newService(t)
	tandem.Register(svc, tandem.Operation{Name: "export", Class: "export", Doors: tandem.MCP},
		func(context.Context, none) (none, error) { return none{}, nil })
	_, err := New(svc, Config{RateLimits: map[string]Rate{"exports": {1, time.Second}}})
	if err == nil || !strings.Contains(err.Error(), "RATE_LIMITS") || !strings.Contains(err.Error(), `"exports"`) ||
		!strings.Contains(err.Error(), "export, read, write") {
		t.Errorf("got %v", err)
	}
	newServer(t, svc, Config{RateLimits: map[string]Rate{"export": {1, time.Second}}})
}

// A problem tells seconds, rounded up, and nothing where there is nothing to tell.
func TestProblemTellsRetryAfter(t *testing.T) {
	for wait, want := range map[time.Duration]string{0: "", -time.Second: "", time.Millisecond: "1", 1500 * time.Millisecond: "2", time.Minute: "60"} {
		e := tandem.Errorf(tandem.ResourceExhausted, "x").WithRetryAfter(wait)
		w := httptest.NewRecorder()
		writeProblem(w, e)
		var doc map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		told, _ := json.Marshal(doc["retry_after"])
		if w.Header().Get("Retry-After") != want || string(told) != want && !(want == "" && doc["retry_after"] == nil) {
			t.Errorf("%v: header %q, document %s", wait, w.Header().Get("Retry-After"), told)
		}
	}
}
