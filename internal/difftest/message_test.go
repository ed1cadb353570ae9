package difftest

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
)

var (
	legacyRevisions = []string{"2025-03-26", "2025-06-18", "2025-11-25"}
	modern          = "2026-07-28"
)

// message is one HTTP request in the making.
type message struct {
	verb    string // of HTTP; empty means POST
	header  map[string]string
	version any            // "jsonrpc"; nil for none
	id      any            // nil for none
	method  any            // nil for none
	params  map[string]any // nil for none
	extra   map[string]any // further members
	raw     string         // the body, instead of all that
	open    bool           // the stream has no end and nothing to say, so that its header counts
	first   bool           // the stream has no end, so that its first message counts
	notice  bool           // it has no id
}

func (m message) body() string {
	if m.raw != "" {
		return m.raw
	}
	doc := maps.Clone(m.extra)
	if doc == nil {
		doc = map[string]any{}
	}
	for name, v := range map[string]any{"jsonrpc": m.version, "id": m.id, "method": m.method} {
		if v != nil {
			doc[name] = v
		}
	}
	if m.params != nil {
		doc["params"] = m.params
	}
	encoded, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

func (m message) request(url, session string) (*http.Request, error) {
	verb, body := m.verb, ""
	if verb == "" {
		verb, body = http.MethodPost, m.body()
	}
	r, err := http.NewRequest(verb, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, v := range m.header {
		switch {
		case v == "":
		case name == "Host":
			r.Host = v
		default:
			r.Header.Set(name, v)
		}
	}
	if session != "" && r.Header.Get("Mcp-Session-Id") == "" {
		r.Header.Set("Mcp-Session-Id", session)
	}
	return r, nil
}

// with returns a copy whose header has name set to value; empty leaves it out.
func (m message) with(name, value string) message {
	m.header = maps.Clone(m.header)
	m.header[name] = value
	return m
}

// withParam returns a copy with one of the parameters set; nil leaves it out.
func (m message) withParam(name string, value any) message {
	m.params = maps.Clone(m.params)
	if m.params == nil {
		m.params = map[string]any{}
	}
	m.params[name] = value
	if value == nil {
		delete(m.params, name)
	}
	return m
}

// newMessage returns a request of the revision that is as it should be.
func newMessage(revision, method string, params map[string]any) message {
	m := message{
		version: "2.0", id: 1, method: method, params: maps.Clone(params),
		header: map[string]string{
			"Content-Type":         "application/json",
			"Accept":               "application/json, text/event-stream",
			"MCP-Protocol-Version": revision,
		},
	}
	if revision == "2025-03-26" {
		m.header["MCP-Protocol-Version"] = "" // that revision has no such header
	}
	if revision != modern {
		return m
	}
	m = m.with("Mcp-Method", method).withParam("_meta", map[string]any{
		"io.modelcontextprotocol/protocolVersion":    modern,
		"io.modelcontextprotocol/clientInfo":         map[string]any{"name": "difftest", "version": "1"},
		"io.modelcontextprotocol/clientCapabilities": map[string]any{},
	})
	for _, name := range []string{"name", "uri"} {
		if v, ok := params[name].(string); ok {
			m = m.with("Mcp-Name", v)
		}
	}
	return m
}

// openings are the ways in which a client can begin, not all of them good.
func openings(revision string) []named {
	good := handshake(revision)[0]
	later := newMessage(revision, "tools/list", nil)
	return []named{
		{"initialize", good},
		{"initialize without capabilities", good.withParam("capabilities", nil)},
		{"initialize without clientInfo", good.withParam("clientInfo", nil)},
		{"initialize without protocolVersion", good.withParam("protocolVersion", nil)},
		{"initialize of an unknown revision", good.withParam("protocolVersion", "1999-01-01")},
		{"initialize of a future revision", good.withParam("protocolVersion", "2099-01-01")},
		{"initialize of the modern revision", good.withParam("protocolVersion", modern)},
		{"initialize of a number", good.withParam("protocolVersion", 7)},
		{"initialize with text for capabilities", good.withParam("capabilities", "x")},
		{"initialize with its own version header", good.with("MCP-Protocol-Version", revision)},
		{"tools/list without a session", later},
		{"tools/list in an unknown session", later.with("Mcp-Session-Id", "nope")},
		{"ping without a session", newMessage(revision, "ping", nil)},
	}
}

// handshake returns the messages that open a session.
func handshake(revision string) []message {
	initialize := newMessage(revision, "initialize", map[string]any{
		"protocolVersion": revision,
		"capabilities":    map[string]any{},
		"clientInfo":      map[string]any{"name": "difftest", "version": "1"},
	}).with("MCP-Protocol-Version", "")
	initialized := newMessage(revision, "notifications/initialized", nil)
	initialized.id = nil
	return []message{initialize, initialized}
}

// named is a message with what it is.
type named struct {
	name string
	message
}

// methods are the requests that a client can make, with good parameters.
func methods(revision string) []named {
	type params = map[string]any
	all := []named{
		{"tools/list", newMessage(revision, "tools/list", nil)},
		{"tools/call add", newMessage(revision, "tools/call", params{"name": "add", "arguments": params{"a": 2, "b": 3}})},
		{"tools/call fail", newMessage(revision, "tools/call", params{"name": "fail", "arguments": params{}})},
		{"tools/call wrong arguments", newMessage(revision, "tools/call", params{"name": "add", "arguments": params{"a": -1, "c": "x"}})},
		{"tools/call no arguments", newMessage(revision, "tools/call", params{"name": "fail"})},
		{"tools/call unknown", newMessage(revision, "tools/call", params{"name": "nope", "arguments": params{}})},
		{"resources/list", newMessage(revision, "resources/list", nil)},
		{"resources/templates/list", newMessage(revision, "resources/templates/list", nil)},
		{"resources/read", newMessage(revision, "resources/read", params{"uri": "test://motd"})},
		{"resources/read template", newMessage(revision, "resources/read", params{"uri": "test://documents/7"})},
		{"resources/read unknown", newMessage(revision, "resources/read", params{"uri": "test://nope"})},
		{"resources/subscribe", newMessage(revision, "resources/subscribe", params{"uri": "test://motd"})},
		{"resources/unsubscribe", newMessage(revision, "resources/unsubscribe", params{"uri": "test://motd"})},
		{"prompts/list", newMessage(revision, "prompts/list", nil)},
		{"prompts/get", newMessage(revision, "prompts/get", params{"name": "essay", "arguments": params{"topic": "Go"}})},
		{"prompts/get unknown", newMessage(revision, "prompts/get", params{"name": "nope"})},
		{"completion/complete prompt", newMessage(revision, "completion/complete", params{
			"ref": params{"type": "ref/prompt", "name": "essay"}, "argument": params{"name": "style", "value": "s"}})},
		{"completion/complete resource", newMessage(revision, "completion/complete", params{
			"ref": params{"type": "ref/resource", "uri": "test://documents/{id}"}, "argument": params{"name": "id", "value": ""}})},
		{"logging/setLevel", newMessage(revision, "logging/setLevel", params{"level": "warning"})},
		{"ping", newMessage(revision, "ping", nil)},
		{"server/discover", newMessage(revision, "server/discover", nil)},
		{"initialize", newMessage(revision, "initialize", params{
			"protocolVersion": revision, "capabilities": params{}, "clientInfo": params{"name": "x", "version": "1"}})},
		{"unknown/method", newMessage(revision, "unknown/method", nil)},
	}
	for _, method := range []string{"initialized", "cancelled", "progress", "roots/list_changed", "unknown"} {
		m := newMessage(revision, "notifications/"+method, params{"requestId": 4711, "progressToken": "none", "progress": 1})
		m.notice = true
		all = append(all, named{"notifications/" + method, m})
	}
	if revision == modern {
		m := newMessage(revision, "subscriptions/listen", params{"notifications": params{"toolsListChanged": true}})
		m.first = true
		all = append(all, named{"subscriptions/listen", m})
	}
	progress := all[1].message
	meta, _ := progress.params["_meta"].(map[string]any)
	meta = maps.Clone(meta)
	if meta == nil {
		meta = params{}
	}
	meta["progressToken"] = "p"
	return append(all, named{"tools/call with progress", progress.withParam("_meta", meta)})
}
