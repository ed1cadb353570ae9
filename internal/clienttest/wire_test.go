package clienttest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// The protocol revisions that matter here.
const (
	modern          = "2026-07-28"
	latestLegacy    = "2025-11-25"
	firstStructured = "2025-06-18"
	firstHTTP       = "2025-03-26"
	first           = "2024-11-05"
)

// httpRevisions are those that Streamable HTTP has.
var httpRevisions = []string{firstHTTP, firstStructured, latestLegacy, modern}

// door is a way in for MCP clients.
type door string

// The doors.
const (
	streamable door = "Streamable HTTP"
	sse        door = "HTTP+SSE"
)

// path returns the path that a client is given.
func (d door) path() string {
	if d == sse {
		return "/mcp/sse"
	}
	return "/mcp"
}

// post returns the path to which a client's messages go.
func (d door) post() string {
	if d == sse {
		return "/mcp/messages"
	}
	return "/mcp"
}

// line is how a conversation is held: through which door, in which revision.
type line struct {
	door    door
	version string
}

// checkWire demands that the messages since the last take went through the door
// in the revision: the handshake of its era, and the revision in the header of
// every call, as Streamable HTTP wants it.
func (s *served) checkWire(t *testing.T, want line) {
	t.Helper()
	messages := s.wire.take()
	start := "initialize"
	if want.version >= modern {
		start = "server/discover"
	}
	if !slices.ContainsFunc(messages, func(m message) bool { return m.method == start }) {
		t.Errorf("no %s among %+v", start, messages)
	}
	for _, m := range messages {
		if m.path != want.door.post() {
			t.Errorf("%s went to %s, want %s", m.method, m.path, want.door.post())
		}
		if m.method == "initialize" && want.version >= modern {
			t.Error("initialize in the modern era")
		}
		if m.method == "tools/call" && want.door == streamable && m.header != want.version {
			t.Errorf("tools/call with the header MCP-Protocol-Version %q, want %q", m.header, want.version)
		}
		if m.method == "tools/call" && want.version >= modern && m.version != want.version {
			t.Errorf("tools/call with the revision %q in _meta, want %q", m.version, want.version)
		}
	}
	if !slices.ContainsFunc(messages, func(m message) bool { return m.method == "tools/call" }) {
		t.Errorf("no tools/call among %+v", messages)
	}
}

// wiretap notes the JSON-RPC messages that arrive over HTTP.
type wiretap struct {
	next http.Handler

	mu       sync.Mutex
	messages []message
}

// message is what a client POSTed.
type message struct {
	path    string
	header  string // MCP-Protocol-Version
	method  string // of JSON-RPC
	version string // that params name, in initialize or in _meta
}

func (w *wiretap) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/mcp") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		w.note(r, body)
	}
	w.next.ServeHTTP(rw, r)
}

func (w *wiretap) note(r *http.Request, body []byte) {
	var rpc struct {
		Method string `json:"method"`
		Params struct {
			ProtocolVersion string `json:"protocolVersion"`
			Meta            struct {
				ProtocolVersion string `json:"io.modelcontextprotocol/protocolVersion"`
			} `json:"_meta"`
		} `json:"params"`
	}
	if err := json.Unmarshal(body, &rpc); err != nil {
		rpc.Method = "not JSON: " + err.Error()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.messages = append(w.messages, message{
		path:    r.URL.Path,
		header:  r.Header.Get("MCP-Protocol-Version"),
		method:  rpc.Method,
		version: rpc.Params.ProtocolVersion + rpc.Params.Meta.ProtocolVersion,
	})
}

// take returns the messages since the last take.
func (w *wiretap) take() []message {
	w.mu.Lock()
	defer w.mu.Unlock()
	messages := w.messages
	w.messages = nil
	return messages
}
