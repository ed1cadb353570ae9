package mcp

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tandem-go/tandem/session"
)

// brittle is a store whose engine can be cut off.
type brittle struct {
	session.Store
	cut     atomic.Bool
	refused atomic.Int64
}

func (b *brittle) fault() error {
	if b.cut.Load() {
		return fmt.Errorf("%w: dial tcp 10.0.0.1:6379", session.ErrUnavailable)
	}
	return nil
}

func (b *brittle) Create(ctx context.Context, r session.Record) error {
	if err := b.fault(); err != nil {
		return err
	}
	return b.Store.Create(ctx, r)
}

func (b *brittle) Load(ctx context.Context, id string) (session.Record, error) {
	if err := b.fault(); err != nil {
		return session.Record{}, err
	}
	return b.Store.Load(ctx, id)
}

func (b *brittle) Append(ctx context.Context, o session.Output, messages ...[]byte) (uint64, error) {
	if err := b.fault(); err != nil {
		b.refused.Add(1)
		return 0, err
	}
	return b.Store.Append(ctx, o, messages...)
}

// The answer of a call waits for the store to come back where the log is the only
// way to the client, and goes out without it where the client waits.
func TestAnswerOutlivesOutage(t *testing.T) {
	store := &brittle{Store: session.NewMemory(session.MemoryConfig{})}
	defer store.Close()
	srv, _, probe := newServer(t, Config{Sessions: store})
	url := srv.URL + "/mcp"
	s := initialize(t, url, "2025-11-25")
	sse := openSSE(t, srv.URL)
	sse.call(t, initializeSSE)
	sse.send(t, callBody("1", "wait", `{"name":"x"}`))
	answer := postLater(t, url, callBody("1", "wait", `{"name":"x"}`), s...)
	<-probe.started
	<-probe.started
	store.cut.Store(true)
	probe.release <- struct{}{}
	probe.release <- struct{}{}
	if a := <-answer; a.status != http.StatusOK || !strings.Contains(a.body, `"text":"x"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	if store.refused.Load() < 2 {
		t.Errorf("the store was asked %d times", store.refused.Load())
	}
	store.cut.Store(false)
	if e := sse.events.next(t); !strings.Contains(e.data, `"id":1,"result"`) {
		t.Errorf("SSE: %+v", e)
	}
}

// A store that cannot be reached is 503 with Retry-After, says nothing of the
// engine to the caller, and does not touch the modern era; afterwards the session
// is there as before.
func TestStoreUnavailable(t *testing.T) {
	store := &brittle{Store: session.NewMemory(session.MemoryConfig{})}
	defer store.Close()
	srv, _, _ := newServer(t, Config{Sessions: store})
	url := srv.URL + "/mcp"
	s := initialize(t, url, "2025-11-25")
	sse := openSSE(t, srv.URL)
	store.cut.Store(true)
	for name, a := range map[string]answerOf{
		"call":       post(t, url, callBody("1", "silent", "{}"), s...),
		"initialize": post(t, url, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`),
		"stream":     do(t, http.MethodGet, url, "", s...),
		"end":        do(t, http.MethodDelete, url, "", s...),
		"SSE":        do(t, http.MethodGet, srv.URL+"/mcp/sse", ""),
		"SSE post":   sse.send(t, initializeSSE),
	} {
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: status %d", name, a.status)
		}
		if got := decodeAnswer(t, a.body); got.Error.Message != "the service cannot take this now" {
			t.Errorf("%s: %s", name, a.body)
		}
	}
	a := post(t, url, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"silent",`+modernMeta+`}}`, modernHeaders("tools/call", "silent")...)
	if a.status != http.StatusOK {
		t.Errorf("modern: status %d", a.status)
	}
	store.cut.Store(false)
	if a := post(t, url, callBody("1", "silent", "{}"), s...); a.status != http.StatusOK {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
}

// A session belongs to no replica: what one began another continues, cancels and
// resumes.
func TestTwoReplicas(t *testing.T) {
	memory := session.NewMemory(session.MemoryConfig{})
	defer memory.Close()
	joined := memory.Join()
	defer joined.Close()
	one, _, probe := newServer(t, Config{Sessions: memory})
	two, _, other := newServer(t, Config{Sessions: joined})
	s := initialize(t, one.URL+"/mcp", "2025-11-25")
	body := strings.Replace(callBody("1", "wait", `{"name":"x"}`), `"params":{`, `"params":{"_meta":{"progressToken":"p"},`, 1)
	answer := postLater(t, one.URL+"/mcp", body, s...)
	<-probe.started
	attached := postLater(t, two.URL+"/mcp", body, s...)
	probe.release <- struct{}{}
	if a, b := <-answer, <-attached; a.status != http.StatusOK || a.body != b.body || !strings.Contains(a.body, "notifications/progress") {
		t.Errorf("answers %s, %s", a.body, b.body)
	}
	answer = postLater(t, two.URL+"/mcp", callBody("2", "wait", `{"name":"y"}`), s...)
	<-other.started
	post(t, one.URL+"/mcp", `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}`, s...)
	<-other.cancelled
	<-answer

	sse := openSSE(t, one.URL)
	sse.post = two.URL + sse.first.data // another replica takes the posts
	sse.call(t, initializeSSE)
	if got := sse.call(t, callBody("1", "silent", "{}")); got != `{"jsonrpc":"2.0","id":1,"result":{"content":[]}}` {
		t.Error(got)
	}
}
