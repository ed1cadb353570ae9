package server

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/idempotency"
)

type amount struct {
	By int `json:"by"`
}

// counting is a service whose operations count what they did, one of each mode.
func counting(t *testing.T) (*Server, *atomic.Int64) {
	t.Helper()
	var total atomic.Int64
	svc := tandem.New("counting", "1")
	svc.Use(idempotency.Interceptor(idempotency.NewMemory(idempotency.MemoryConfig{}), idempotency.Options{}))
	for name, mode := range map[string]tandem.Idempotency{"add": tandem.Optional, "add_once": tandem.Required, "plain": 0} {
		tandem.Register(svc, tandem.Operation{Name: name, Idempotency: mode}, func(_ context.Context, in amount) (amount, error) {
			return amount{int(total.Add(int64(in.By)))}, nil
		})
	}
	return newServer(t, svc, Config{}), &total
}

// callTool posts a tools/call of 2026-07-28; key is for _meta, empty for none.
func callTool(s *Server, tool, arguments, key string, header ...string) *httptest.ResponseRecorder {
	meta := `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}`
	if key != "" {
		meta += fmt.Sprintf(`,"io.github.tandem-go/idempotency-key":%q`, key)
	}
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":%q,"arguments":%s,"_meta":{%s}}}`, tool, arguments, meta)
	return ask(s, "POST", "/mcp", body, append([]string{"Accept", "application/json, text/event-stream",
		"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", tool}, header...)...)
}

// A key means one call through both doors: one effect, one answer, told as a replay.
func TestOneKeyThroughBothDoors(t *testing.T) {
	s, total := counting(t)
	const key = "8e03978e-40d5-43e8-bc93-6894a57f9324"
	quoted := `"` + key + `"`
	tries := map[string]func() *httptest.ResponseRecorder{
		"REST": func() *httptest.ResponseRecorder {
			return ask(s, "POST", "/api/v1/add", `{"by":5}`, "Idempotency-Key", quoted)
		},
		"REST, no quote": func() *httptest.ResponseRecorder {
			return ask(s, "POST", "/api/v1/add", `{ "by": 5 }`, "Idempotency-Key", key)
		},
		"REST, events": func() *httptest.ResponseRecorder {
			return ask(s, "POST", "/api/v1/add", `{"by":5}`, "Idempotency-Key", quoted, "Accept", "text/event-stream")
		},
		"MCP, _meta": func() *httptest.ResponseRecorder { return callTool(s, "add", `{"by":5}`, key) },
		"MCP, header": func() *httptest.ResponseRecorder {
			return callTool(s, "add", `{"by":5}`, "", "Idempotency-Key", quoted)
		},
	}
	var all sync.WaitGroup
	for name, try := range tries {
		all.Go(func() {
			for range 3 {
				w := try()
				if w.Code == 409 || strings.Contains(w.Body.String(), "in flight") {
					continue // another try is in flight, which is one more answer that is allowed
				}
				if w.Code != 200 || !strings.Contains(w.Body.String(), `"by":5`) {
					t.Errorf("%s: %d %s", name, w.Code, w.Body)
				}
			}
		})
	}
	all.Wait()
	if got := total.Load(); got != 5 {
		t.Errorf("the effect is %d", got)
	}
	for name, try := range tries {
		w := try()
		replayed := w.Header().Get("Idempotency-Replayed") == "true" || strings.Contains(w.Body.String(), `"io.github.tandem-go/idempotency-replayed":true`)
		if !replayed || !strings.Contains(w.Body.String(), `"by":5`) {
			t.Errorf("%s does not tell the replay: %v %s", name, w.Header(), w.Body)
		}
	}
}

// A key that was used for other arguments, one that is malformed, and one that is
// missing where it is needed are refused alike on both doors, without an effect.
func TestBadKeys(t *testing.T) {
	s, total := counting(t)
	if w := ask(s, "POST", "/api/v1/add", `{"by":1}`, "Idempotency-Key", "k"); w.Code != 200 || w.Header().Get("Idempotency-Replayed") != "" {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	for name, c := range map[string]struct {
		w      *httptest.ResponseRecorder
		status int
		text   string
	}{
		"reused":           {ask(s, "POST", "/api/v1/add", `{"by":2}`, "Idempotency-Key", "k"), 422, "other arguments"},
		"reused, MCP":      {callTool(s, "add", `{"by":2}`, "k"), 200, `\"status\":422`},
		"malformed":        {ask(s, "POST", "/api/v1/add", `{"by":2}`, "Idempotency-Key", `"a`), 400, "printable ASCII"},
		"malformed, MCP":   {callTool(s, "add", `{"by":2}`, "", "Idempotency-Key", `"a`), 400, "printable ASCII"},
		"unknown argument": {callTool(s, "add", `{"by":2,"x":1}`, ""), 200, "unknown"},
		"missing":          {ask(s, "POST", "/api/v1/add_once", `{"by":2}`), 400, "Idempotency-Key"},
		"missing, MCP":     {callTool(s, "add_once", `{"by":2}`, ""), 200, "idempotency-key"},
		"nothing to key":   {ask(s, "POST", "/api/v1/plain", `{"by":0}`, "Idempotency-Key", `"a`), 200, `"by":1`},
		"of no other kind": {ask(s, "POST", "/api/v1/add_once", `{"by":0}`, "Idempotency-Key", "k"), 200, `"by":1`},
		"too long":         {ask(s, "POST", "/api/v1/add", `{"by":2}`, "Idempotency-Key", strings.Repeat("a", 300)), 400, "longer"},
		"too long, MCP":    {callTool(s, "add", `{"by":2}`, strings.Repeat("a", 300)), 200, "longer"},
		"another key":      {ask(s, "POST", "/api/v1/add", `{"by":0}`, "Idempotency-Key", "k2"), 200, `"by":1`},
	} {
		if c.w.Code != c.status || !strings.Contains(c.w.Body.String(), c.text) {
			t.Errorf("%s: %d %s", name, c.w.Code, c.w.Body)
		}
	}
	if got := total.Load(); got != 1 {
		t.Errorf("the effect is %d", got)
	}
}

// In a session a request that is sent again under its id has no second effect, also
// where the operation needs a key: the request's id is one.
func TestSessionsRequestIsAKey(t *testing.T) {
	s, total := counting(t)
	w := ask(s, "POST", "/mcp", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`,
		"Accept", "application/json, text/event-stream")
	id := w.Header().Get("Mcp-Session-Id")
	if id == "" {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	call := func(request int) string {
		return ask(s, "POST", "/mcp", fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"add_once","arguments":{"by":3}}}`, request),
			"Accept", "application/json, text/event-stream", "Mcp-Session-Id", id, "Mcp-Protocol-Version", "2025-11-25").Body.String()
	}
	for range 3 {
		if got := call(7); !strings.Contains(got, `"by":3`) {
			t.Fatal(got)
		}
	}
	if got := call(8); !strings.Contains(got, `"by":6`) {
		t.Error(got)
	}
	if got := total.Load(); got != 6 {
		t.Errorf("the effect is %d", got)
	}
}
