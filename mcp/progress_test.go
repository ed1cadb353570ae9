package mcp

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
)

// Only what is progress is told, each token as it came, and nothing after the
// answer: 2026-07-28, section "Progress".
func TestProgressNotifications(t *testing.T) {
	var got []string
	p := &progress{token: []byte(`"t\u0041"`), notify: func(n []byte) {
		got = append(got, strings.TrimPrefix(string(n), `{"jsonrpc":"2.0","method":"notifications/progress","params":`))
	}}
	for _, u := range []tandem.ProgressUpdate{
		{Done: 0}, {Done: 1, Total: 3}, {Done: 1, Message: "again"}, {Done: 0.5}, {Done: math.NaN()}, {Done: math.Inf(1)},
		{Done: 1.25, Total: math.Inf(1), Message: "a \"quoted\"\nline \xff"}, {Done: 1e21},
	} {
		p.report(u)
	}
	p.stop()
	p.report(tandem.ProgressUpdate{Done: 1e22})
	want := []string{
		`{"progressToken":"t\u0041","progress":0}}`,
		`{"progressToken":"t\u0041","progress":1,"total":3}}`,
		`{"progressToken":"t\u0041","progress":1.25,"message":"a \"quoted\"\nline ` + "\ufffd" + `"}}`,
		`{"progressToken":"t\u0041","progress":1000000000000000000000}}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Reports from several goroutines come one after the other, in order.
func TestProgressConcurrently(t *testing.T) {
	last, count := -1.0, 0
	p := &progress{token: []byte("1")}
	p.notify = func([]byte) {
		if p.last <= last {
			t.Errorf("%v after %v", p.last, last)
		}
		last = p.last
		count++
	}
	var reporters sync.WaitGroup
	for range 8 {
		reporters.Go(func() {
			for n := range 100 {
				p.report(tandem.ProgressUpdate{Done: float64(n)})
			}
		})
	}
	reporters.Wait()
	if count != 100 || last != 99 {
		t.Errorf("%d reports, the last %v", count, last)
	}
}

// A token that is no string and no integer, or is endless, asks for nothing.
func TestBadProgressToken(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	for _, token := range []string{"null", "1.5", "{}", "true", `"` + strings.Repeat("x", maxID) + `"`} {
		body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count","arguments":{"to":2},` + strings.Replace(modernMeta, "{", `{"progressToken":`+token+`,`, 1) + `}}`
		if a := post(t, srv.URL+"/mcp", body, modernHeaders("tools/call", "count")...); a.status != http.StatusOK || strings.Contains(a.body, "notifications/progress") {
			t.Errorf("%.20s: %d %s", token, a.status, a.body)
		}
	}
}

// A call of Streamable HTTP runs on the goroutine of its request.
func TestCallTakesNoGoroutine(t *testing.T) {
	d, _ := newDoor(t, Config{})
	tandem.Register(d.svc, tandem.Operation{Name: "goroutine"}, func(context.Context, struct{}) (greetOut, error) {
		return greetOut{Text: goroutine()}, nil
	})
	for name, r := range map[string]*http.Request{
		"modern": newRequest(t, http.MethodPost, "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"goroutine",`+modernMeta+`}}`, modernHeaders("tools/call", "goroutine")...),
		"legacy": newRequest(t, http.MethodPost, "/mcp", callBody("1", "goroutine", "{}"), sessionOf(t, d)...),
	} {
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r)
		if !strings.Contains(w.Body.String(), `{"text":"`+goroutine()+`"}`) {
			t.Errorf("%s: %s, not %s", name, w.Body, goroutine())
		}
	}
}

// goroutine returns the name of the goroutine that it is called on.
func goroutine() string {
	stack := make([]byte, 64)
	stack = stack[:runtime.Stack(stack, false)]
	name, _, _ := strings.Cut(string(stack), " [")
	return name
}

// sessionOf opens a session without a server, and returns the header that names
// it.
func sessionOf(t testing.TB, d *Door) []string {
	t.Helper()
	w := httptest.NewRecorder()
	d.ServeHTTP(w, newRequest(t, http.MethodPost, "/mcp", `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`))
	return []string{"Mcp-Session-Id: " + w.Header().Get("Mcp-Session-Id")}
}
