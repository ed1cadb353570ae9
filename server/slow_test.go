package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
)

// dial opens a connection that the test writes to by hand.
func (r *running) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil { // or the test would hang where the server does
		t.Fatal(err)
	}
	return conn
}

// closes reads until the server closes the connection.
func closes(t *testing.T, conn net.Conn) string {
	t.Helper()
	answer, err := io.ReadAll(conn)
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		t.Fatalf("the server does not close the connection after %q", answer)
	}
	return string(answer)
}

// A header or a body that does not arrive in time ends the connection.
func TestSlowRequests(t *testing.T) {
	r := run(t, newService(t), Config{HeaderTimeout: 50 * time.Millisecond, BodyTimeout: 50 * time.Millisecond})
	for name, sent := range map[string]string{
		"nothing":             "",
		"half a header":       "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nX-A: ",
		"no body":             "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n",
		"half a body":         "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"te",
		"half a chunked body": "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n{\"te\r\n",
		"half a body to 404":  "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 13\r\n\r\n{\"te",
	} {
		t.Run(name, func(t *testing.T) {
			conn := r.dial(t)
			if _, err := io.WriteString(conn, sent); err != nil {
				t.Fatal(err)
			}
			if answer := closes(t, conn); strings.Contains(answer, "HTTP/1.1 200") {
				t.Errorf("got %s", answer)
			}
		})
	}
}

// The deadline of a body does not outlive its arrival: a call may take longer,
// and the connection serves further requests.
func TestBodyDeadlineEnds(t *testing.T) {
	svc := newService(t)
	tandem.Register(svc, tandem.Operation{Name: "sleep", Summary: "Sleep", Path: "/sleep"}, func(ctx context.Context, _ echoIn) (none, error) {
		select {
		case <-ctx.Done():
			return none{}, ctx.Err()
		case <-time.After(200 * time.Millisecond):
			return none{}, nil
		}
	})
	r := run(t, svc, Config{BodyTimeout: 40 * time.Millisecond, WriteTimeout: 40 * time.Millisecond})
	conn := r.dial(t)
	answers := bufio.NewReader(conn)
	for n := range 3 {
		body := `{"text":"hi"}`
		if _, err := fmt.Fprintf(conn, "POST /api/v1/sleep HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(answers, nil)
		if err != nil || response.StatusCode != 204 {
			t.Fatalf("request %d: %v %v", n, response, err)
		}
	}
}

// A client that does not read its answer is let go by a deadline on the write.
func TestSlowReader(t *testing.T) {
	left := make(chan error, 1)
	svc := newService(t)
	r := run(t, svc, Config{WriteTimeout: 50 * time.Millisecond, Middleware: map[string][]func(http.Handler) http.Handler{
		"/api": {func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				block := make([]byte, 1<<20)
				for {
					if _, err := w.Write(block); err != nil {
						left <- err
						return
					}
				}
			})
		}},
	}})
	conn := r.dial(t)
	if _, err := io.WriteString(conn, "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-left:
		if err == nil {
			t.Error("the write did not fail")
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the handler is held by a client that does not read")
	}
}

// Ambiguous requests get one response, an error, and the connection ends:
// nothing is smuggled behind them.
func TestSmuggling(t *testing.T) {
	r := run(t, newService(t), Config{})
	smuggled := "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for name, sent := range map[string]string{
		"two lengths": "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd" + smuggled,
		"two hosts":   "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n" + smuggled,
		"no host":     "GET /api/v1/status HTTP/1.1\r\n\r\n" + smuggled,
		"bad chunk":   "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" + smuggled,
		"big header":  "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("a", 2*maxHeaderBytes) + "\r\n\r\n" + smuggled,
		"lengths and chunks": "POST /api/v1/echo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 6\r\n" +
			"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
	} {
		t.Run(name, func(t *testing.T) {
			conn := r.dial(t)
			go func() { _, _ = io.WriteString(conn, sent) }() // the server may close before the end
			answer := closes(t, conn)
			if strings.Count(answer, "HTTP/1.1 ") != 1 || !strings.HasPrefix(answer, "HTTP/1.1 4") {
				t.Errorf("got %s", answer)
			}
		})
	}
}

// A body over the limit is refused through both doors.
func TestBodyLimit(t *testing.T) {
	s := newServer(t, newService(t), Config{MaxBody: 1000})
	long := `{"text":"` + strings.Repeat("a", 2000) + `"}`
	if w := ask(s, "POST", "/api/v1/echo", long); w.Code != 413 {
		t.Errorf("REST: %d", w.Code)
	}
	if w := ask(s, "POST", "/mcp", strings.Replace(callEcho, `{"text":"hi"}`, long, 1), modern...); w.Code != 413 {
		t.Errorf("MCP: %d", w.Code)
	}
}
