package securitytest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// sseClient speaks the HTTP+SSE transport of 2024-11-05.
type sseClient struct {
	testing  testing.TB
	world    *world
	stream   *stream
	messages string // where it posts

	mu sync.Mutex // held for one message and its answer
}

func openSSE(t testing.TB, w *world, by credentials) (conversation, outcome) {
	c, o := openSSEStream(t, w, by)
	if c == nil {
		return nil, o
	}
	if o = c.request(by, "initialize", initialize("2024-11-05")); !o.ok() {
		return nil, o
	}
	w.send(w.newRequest(http.MethodPost, c.messages, `{"jsonrpc":"2.0","method":"notifications/initialized"}`), by)
	return c, o
}

// openSSEStream opens the stream without a handshake.
func openSSEStream(t testing.TB, w *world, by credentials) (*sseClient, outcome) {
	r := w.newRequest(http.MethodGet, "/mcp/sse", "")
	r.Header.Set("Accept", "text/event-stream")
	s := w.follow(t, r, by)
	o := outcome{status: s.status, header: s.header, body: s.body, problem: readProblem(s.body)}
	if s.status != http.StatusOK {
		return nil, o
	}
	endpoint, ok := s.next(t)
	if !ok || endpoint.name != "endpoint" {
		t.Fatalf("the stream begins with %+v", endpoint)
	}
	return &sseClient{testing: t, world: w, stream: s, messages: endpoint.data}, o
}

func (c *sseClient) call(by credentials, operation, arguments string) outcome {
	return c.request(by, "tools/call", callParams(operation, arguments))
}

func (c *sseClient) request(by credentials, method, params string) outcome {
	body, id := newMessage(method, params)
	return c.post(by, body, id)
}

func (c *sseClient) raw(by credentials, operation, arguments, rest string) outcome {
	body, id := newMessage("tools/call", callParams(operation, arguments))
	return c.post(by, body+rest, id)
}

// post posts a message, whose answer comes by the stream if it is accepted.
func (c *sseClient) post(by credentials, body string, id int64) outcome {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.world.send(c.world.newRequest(http.MethodPost, c.messages, body), by)
	if o.status != http.StatusAccepted {
		return readMessage(o)
	}
	e, ok := c.stream.find(c.testing, fmt.Sprintf(`"id":%d`, id))
	if !ok {
		c.testing.Errorf("no answer came for %.100s", body)
	}
	o.status, o.body = http.StatusOK, e.data
	return readMessage(o)
}

// session returns the id of the session.
func (c *sseClient) session() string {
	_, id, _ := strings.Cut(c.messages, "sessionId=")
	return id
}
