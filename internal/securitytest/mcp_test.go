package securitytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// lastID makes the ids of requests.
var lastID atomic.Int64

// newMessage returns a request of JSON-RPC and its id.
func newMessage(method, params string) (body string, id int64) {
	id = lastID.Add(1)
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, id, method, params), id
}

// callParams are the parameters of a call.
func callParams(operation, arguments string) string {
	return fmt.Sprintf(`{"name":%s,"arguments":%s}`, quote(operation), arguments)
}

func quote(text string) string { return string(must(json.Marshal(text))) }

// readMessages finds the answer to a request in a body, be it one message or a
// stream of them.
func readMessages(o outcome) outcome {
	if strings.HasPrefix(o.header.Get("Content-Type"), "text/event-stream") {
		for _, e := range parseEvents(o.body) {
			if strings.Contains(e.data, `"result"`) || strings.Contains(e.data, `"error"`) {
				o.body = e.data
			}
		}
	}
	return readMessage(o)
}

// readMessage reads an answer of JSON-RPC. An error of a tool is no result.
func readMessage(o outcome) outcome {
	var message struct {
		Result json.RawMessage `json:"result"`
		Error  *struct {
			Code int             `json:"code"`
			Data json.RawMessage `json:"data"`
		} `json:"error"`
	}
	if json.Unmarshal([]byte(o.body), &message) != nil {
		return o
	}
	switch {
	case message.Error != nil:
		o.rpc = message.Error.Code
		o.problem = readProblem(string(message.Error.Data))
	case message.Result == nil:
		o.problem = readProblem(o.body) // of HTTP, from before the door
	default:
		o.readResult(message.Result)
	}
	return o
}

func (o *outcome) readResult(result json.RawMessage) {
	var tool struct {
		IsError    bool            `json:"isError"`
		Structured json.RawMessage `json:"structuredContent"`
		Content    []struct {
			Text string `json:"text"`
		} `json:"content"`
	}
	_ = json.Unmarshal(result, &tool) // other results have other members
	switch {
	case tool.IsError && len(tool.Content) > 0:
		o.problem = readProblem(tool.Content[0].Text)
	case tool.IsError:
	case tool.Structured != nil:
		o.result = tool.Structured
	case len(tool.Content) > 0 && json.Valid([]byte(tool.Content[0].Text)): // of revisions without structured content
		o.result = json.RawMessage(tool.Content[0].Text)
	default:
		o.result = result
	}
}

// modernClient has no sessions.
type modernClient struct{ world *world }

func openModern(_ testing.TB, w *world, _ credentials) (conversation, outcome) {
	return modernClient{w}, outcome{status: http.StatusOK}
}

func (c modernClient) call(by credentials, operation, arguments string) outcome {
	return c.post(by.with("Mcp-Name", operation), "tools/call", callParams(operation, arguments))
}

func (c modernClient) request(by credentials, method, params string) outcome {
	var named struct {
		Name, URI string
	}
	_ = json.Unmarshal([]byte(params), &named) // what has no name needs no header
	if name := named.Name + named.URI; name != "" && by.header.Get("Mcp-Name") == "" {
		by = by.with("Mcp-Name", name)
	}
	return c.post(by, method, params)
}

const modernMeta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},` +
	`"io.modelcontextprotocol/clientCapabilities":{"elicitation":{"form":{}}}}`

// withMeta adds what every request of the modern era carries.
func withMeta(params string) string {
	rest := strings.TrimPrefix(strings.TrimSpace(params), "{")
	if strings.TrimSpace(rest) == "}" {
		return "{" + modernMeta + "}"
	}
	return "{" + modernMeta + "," + rest
}

func (c modernClient) post(by credentials, method, params string) outcome {
	body, _ := newMessage(method, withMeta(params))
	return readMessages(c.world.send(c.newRequest(method, body), by))
}

func (c modernClient) raw(by credentials, operation, arguments, rest string) outcome {
	body, _ := newMessage("tools/call", withMeta(callParams(operation, arguments)))
	return readMessages(c.world.send(c.newRequest("tools/call", body+rest), by.with("Mcp-Name", operation)))
}

func (c modernClient) newRequest(method, body string) *http.Request {
	r := c.world.newRequest(http.MethodPost, "/mcp", body)
	r.Header.Set("Accept", "application/json, text/event-stream")
	r.Header.Set("MCP-Protocol-Version", rev20260728)
	r.Header.Set("Mcp-Method", method)
	return r
}

// sessionClient speaks Streamable HTTP in a session.
type sessionClient struct {
	world    *world
	revision string
	id       string
}

func initialize(revision string) string {
	return fmt.Sprintf(`{"protocolVersion":%q,"capabilities":{"elicitation":{}},"clientInfo":{"name":"t","version":"1"}}`, revision)
}

func openSession(revision string) func(testing.TB, *world, credentials) (conversation, outcome) {
	return func(t testing.TB, w *world, by credentials) (conversation, outcome) {
		c := &sessionClient{world: w, revision: revision}
		o := c.request(by, "initialize", initialize(revision))
		if c.id = o.header.Get("Mcp-Session-Id"); c.id == "" {
			return nil, o
		}
		c.world.send(c.newRequest(http.MethodPost, `{"jsonrpc":"2.0","method":"notifications/initialized"}`), by)
		return c, o
	}
}

func (c *sessionClient) call(by credentials, operation, arguments string) outcome {
	return c.request(by, "tools/call", callParams(operation, arguments))
}

func (c *sessionClient) request(by credentials, method, params string) outcome {
	body, _ := newMessage(method, params)
	return readMessages(c.world.send(c.newRequest(http.MethodPost, body), by))
}

func (c *sessionClient) raw(by credentials, operation, arguments, rest string) outcome {
	body, _ := newMessage("tools/call", callParams(operation, arguments))
	return readMessages(c.world.send(c.newRequest(http.MethodPost, body+rest), by))
}

func (c *sessionClient) newRequest(method, body string) *http.Request {
	r := c.world.newRequest(method, "/mcp", body)
	r.Header.Set("Accept", "application/json, text/event-stream")
	if c.id != "" {
		r.Header.Set("Mcp-Session-Id", c.id)
		if c.revision != rev20250326 { // which has no such header
			r.Header.Set("MCP-Protocol-Version", c.revision)
		}
	}
	return r
}
