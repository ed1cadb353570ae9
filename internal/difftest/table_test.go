package difftest

import (
	"path"
	"testing"
)

// known is a difference that is meant. Its patterns are those of path.Match, but
// that "/" means nothing to them.
type known struct {
	revision, method, mutation string // which messages; empty means every one
	path                       string // which path of the answer
	tandem, sdk                string // what they answer; empty means anything
	reason                     string
}

const legacy = "2025-*"

// table lists the differences that are meant. The first row that fits counts.
var table = []known{
	// What a transport takes.
	{path: "type", tandem: "application/json", sdk: "text/event-stream",
		reason: "an answer that comes alone is JSON, which needs no stream; a server is free to choose"},
	{mutation: "Accept JSON", path: "outcome", sdk: "400 refused",
		reason: "a client that takes JSON alone is served with JSON"},
	{mutation: "no Accept", path: "outcome", sdk: "400 refused",
		reason: "a request without Accept takes everything (RFC 9110 section 12.5.1)"},
	{mutation: "Accept HTML", path: "outcome", tandem: "406 error -32600", sdk: "400 refused",
		reason: "the status of what cannot be accepted is 406 (RFC 9110 section 15.5.7)"},
	{revision: legacy, method: "initialize", path: "outcome", tandem: "200 result", sdk: "404 refused",
		reason: "an initialize opens a session, whichever one the client had before"},
	{revision: legacy, method: "initialize", path: "outcome", sdk: "200 error 0",
		reason: "an initialize opens a session, whichever one the client had before; 0 is no code of JSON-RPC"},

	{revision: modern, mutation: "no version", path: "outcome", tandem: "400 error *", sdk: "400 error -32022",
		reason: "the test leaves what has no version to the SDK's handler of sessions"},

	{method: "* without a session", path: "outcome", tandem: "400 error -32600", reason: "before initialize there is no session; the SDK serves the request in one of its own"},
	{method: "initialize *", path: "outcome", tandem: "400 error -32602", sdk: "200 error 0", reason: "parameters of another type are -32602; 0 is no code of JSON-RPC"},
	{method: "initialize without protocolVersion", path: "outcome", tandem: "400 error -32602", sdk: "200 result", reason: "protocolVersion is required"},

	// What is no JSON-RPC.
	{mutation: "body goes on", path: "outcome", tandem: "400 error -32700", reason: "the SDK drops what follows the message"},
	{mutation: "body not UTF-8", path: "outcome", tandem: "400 error -32700", reason: "JSON is UTF-8 (RFC 8259 section 8.1)"},
	{mutation: "member twice", path: "outcome", tandem: "400 error -32600", reason: "two readers may take two different ones of the members"},
	{mutation: "id fraction", path: "outcome", tandem: "400 error -32600", reason: "an id is a string or an integer"},
	{mutation: "params array", path: "outcome", tandem: "400 error -32600", reason: "parameters of MCP are an object, so that this is no request"},
	{mutation: "params text", path: "outcome", tandem: "400 error -32600", reason: "parameters of MCP are an object, so that this is no request"},
	{mutation: "params null", path: "outcome", sdk: "200 error -32600", reason: "null is read as no parameters"},
	{mutation: "no id", path: "outcome", tandem: "202", sdk: "400 refused", reason: "what has no id is a notification, and a notification that is not known is ignored"},
	{mutation: "no method", path: "outcome", tandem: "400 error -32600", sdk: "202", reason: "what has neither a method nor a result is nothing; the SDK takes it for a response"},
	{revision: modern, mutation: "response", path: "outcome", tandem: "400 error -32600", sdk: "202", reason: "a client sends no responses in this revision"},
	{method: "notifications/unknown", path: "outcome", tandem: "202", sdk: "400 refused", reason: "a notification that is not known is ignored (JSON-RPC 2.0 section 4.1)"},
	{method: "notifications/*", mutation: "id text", path: "outcome", tandem: "* error -32601", sdk: "400 refused", reason: "with an id it is a request, of a method that is not known"},
	{method: "notifications/*", mutation: "id null", path: "outcome", tandem: "400 error -32600", sdk: "202", reason: "an id is not null"},
	{method: "notifications/*", path: "outcome", tandem: "202", sdk: "400 error -32020", reason: "no revision defines headers of notifications but the version's, which no session has in the modern era"},
	{method: "notifications/progress", mutation: "no params", path: "outcome", tandem: "202", sdk: "400 refused", reason: "a notification that nobody waits for is ignored"},
	{mutation: "batch", path: "batch", reason: "a batch is answered as a batch; the SDK streams its answers"},

	// Methods.
	{revision: legacy, method: "unknown/method", path: "outcome", sdk: "400 refused", reason: "an unknown method is a JSON-RPC error; the SDK refuses the request"},
	{method: "unknown/method", path: "outcome", tandem: "400 error *", sdk: "404 error -32601", reason: "the SDK looks at the method before it looks at the metadata"},
	{revision: legacy, mutation: "no params", path: "outcome", sdk: "400 refused", reason: "missing parameters are a JSON-RPC error; the SDK refuses the request"},
	{revision: legacy, mutation: "meta text", path: "outcome", reason: "_meta is read by the methods that use it"},
	{revision: legacy, method: "resources/read*", path: "outcome", tandem: "200 error -32002", sdk: "200 error -32602",
		reason: "these revisions have a code of their own for a resource that is not found"},
	{revision: modern, path: "outcome", tandem: "400 error -32602", sdk: "400 error -32020", reason: "a parameter that is missing or of another type is told as such, before the header that mirrors it"},
	{revision: modern, mutation: "Mcp-Name in Base64", path: "outcome", sdk: "400 error -32020", reason: "headers may be sent in Base64; the SDK does not decode Mcp-Name"},

	{revision: legacy, method: "resources/*subscribe", mutation: "no uri", path: "outcome", tandem: "200 error -32602", sdk: "200 result", reason: "uri is required"},

	// Results.
	{revision: legacy, path: "result.ttlMs", reason: "clients may cache from 2026-07-28 on"},
	{revision: legacy, path: "result.cacheScope", reason: "clients may cache from 2026-07-28 on"},
	{revision: "2025-03-26", path: "result.structuredContent.*", reason: "this revision has no structured content"},
	{path: "result.completion.hasMore", tandem: "false", reason: "Tandem writes what the SDK leaves out: false"},
	{path: "result.completion.total", tandem: "0", reason: "Tandem writes what the SDK leaves out: 0"},
	{path: "result.prompts(0).arguments(1).required", tandem: "false", reason: "Tandem writes what the SDK leaves out: false"},
	{path: "error.data.uri", sdk: `""`, reason: "the SDK names an empty URI where there is none"},
	{revision: modern, path: "error.data.*", reason: "the data of an error is the problem document that REST and tools have"},
}

func (k known) matches(t *testing.T, c sample, d difference) bool {
	return match(t, k.revision, c.revision) && match(t, k.method, c.method) && match(t, k.mutation, c.mutation) &&
		match(t, k.path, d.path) && match(t, k.tandem, d.tandem) && match(t, k.sdk, d.sdk)
}

func match(t *testing.T, pattern, text string) bool {
	t.Helper()
	if pattern == "" {
		return true
	}
	ok, err := path.Match(plain(pattern), plain(text))
	if err != nil {
		t.Fatalf("pattern %q: %v", pattern, err)
	}
	return ok
}
