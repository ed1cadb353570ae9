package mcp

import (
	"net/http"
	"testing"

	"github.com/tandem-go/tandem/session"
)

func sessionLimits(n int) session.Limits { return session.Limits{Sessions: n} }

// One session too many is refused: of a principal by 429, in all by 503, with the
// advice when to come back; and a session that ends makes room.
func TestSessionCaps(t *testing.T) {
	srv, _, _ := newServer(t, Config{Limits: session.Limits{Sessions: 3, SessionsPerPrincipal: 2}})
	url := srv.URL + "/mcp"
	open := func(user string) answerOf {
		return post(t, url, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`, "X-User: "+user)
	}
	first := open("ann")
	open("ann")
	if a := open("ann"); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
		t.Errorf("the third of a principal: %d %v", a.status, a.header)
	}
	open("bob")
	if a := open("eve"); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("the fourth in all: %d %v", a.status, a.header)
	}
	do(t, http.MethodDelete, url, "", "X-User: ann", "Mcp-Session-Id: "+first.header.Get("Mcp-Session-Id"))
	if a := open("eve"); a.status != http.StatusOK {
		t.Errorf("after one ended: %d %s", a.status, a.body)
	}
	if a := do(t, http.MethodGet, srv.URL+"/mcp/sse", "", "X-User: zoe"); a.status != http.StatusServiceUnavailable {
		t.Errorf("SSE: %d", a.status)
	}
}

// The same for open streams.
func TestStreamCaps(t *testing.T) {
	srv, d, _ := newServer(t, Config{MaxStreams: 3, MaxStreamsPerPrincipal: 2})
	refused := func(status int, user string) {
		t.Helper()
		a := do(t, http.MethodGet, srv.URL+"/mcp/sse", "", "X-User: "+user)
		if a.status != status || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", user, a.status, a.header)
		}
	}
	first := openSSE(t, srv.URL, "X-User: ann")
	openSSE(t, srv.URL, "X-User: ann")
	refused(http.StatusTooManyRequests, "ann")
	openSSE(t, srv.URL, "X-User: bob")
	refused(http.StatusServiceUnavailable, "eve")
	first.close()
	eventually(t, "the closed stream is counted out", func() bool { return d.Stats().Streams == 2 })
	openSSE(t, srv.URL, "X-User: eve")
}

// One call too many of a session is refused.
func TestCallCap(t *testing.T) {
	srv, _, probe := newServer(t, Config{Limits: session.Limits{CallsPerSession: 1}})
	url := srv.URL + "/mcp"
	s := initialize(t, url, "2025-11-25")
	answer := postLater(t, url, callBody("1", "wait", `{"name":"x"}`), s...)
	<-probe.started
	if a := post(t, url, callBody("2", "silent", `{}`), s...); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", a.status, a.body)
	}
	probe.release <- struct{}{}
	<-answer
	if a := post(t, url, callBody("3", "silent", `{}`), s...); a.status != http.StatusOK {
		t.Errorf("after the end: %d %s", a.status, a.body)
	}
}
