package difftest

import (
	"fmt"
	"strings"
)

// mutations make something of a good message that a server must treat with care.
// One returns false where it does not apply.
var mutations = []struct {
	name   string
	mutate func(m message, revision string) (message, bool)
}{
	{"as it should be", func(m message, _ string) (message, bool) { return m, true }},
	{"no id", func(m message, _ string) (message, bool) { m.id = nil; return m, true }},
	{"id null", func(m message, _ string) (message, bool) {
		m.id = nil
		m.extra = map[string]any{"id": nil}
		return m, true
	}},
	{"id text", func(m message, _ string) (message, bool) { m.id = fmt.Sprint("id ", m.id); return m, true }},
	{"id fraction", func(m message, _ string) (message, bool) { m.id = 1.5; return m, true }},
	{"id object", func(m message, _ string) (message, bool) { m.id = map[string]any{}; return m, true }},
	{"no jsonrpc", func(m message, _ string) (message, bool) { m.version = nil; return m, true }},
	{"jsonrpc 1.0", func(m message, _ string) (message, bool) { m.version = "1.0"; return m, true }},
	{"jsonrpc number", func(m message, _ string) (message, bool) { m.version = 2; return m, true }},
	{"no method", func(m message, _ string) (message, bool) { m.method = nil; return m, true }},
	{"method number", func(m message, _ string) (message, bool) { m.method = 7; return m, true }},
	{"no params", func(m message, _ string) (message, bool) { m.params = nil; return m, true }},
	{"params array", func(m message, _ string) (message, bool) {
		m.params = nil
		m.extra = map[string]any{"params": []any{1}}
		return m, true
	}},
	{"params text", func(m message, _ string) (message, bool) {
		m.params = nil
		m.extra = map[string]any{"params": "x"}
		return m, true
	}},
	{"params null", func(m message, _ string) (message, bool) {
		m.params = nil
		m.extra = map[string]any{"params": nil}
		return m, true
	}},
	{"further member", func(m message, _ string) (message, bool) {
		m.extra = map[string]any{"more": true}
		return m, true
	}},
	{"further parameter", func(m message, _ string) (message, bool) { return m.withParam("more", true), true }},
	{"cursor number", func(m message, _ string) (message, bool) { return m.withParam("cursor", 7), isList(m) }},
	{"cursor unknown", func(m message, _ string) (message, bool) { return m.withParam("cursor", "nope"), isList(m) }},
	{"name number", func(m message, _ string) (message, bool) { return m.withParam("name", 7), m.params["name"] != nil }},
	{"no name", func(m message, _ string) (message, bool) { return m.withParam("name", nil), m.params["name"] != nil }},
	{"uri number", func(m message, _ string) (message, bool) { return m.withParam("uri", 7), m.params["uri"] != nil }},
	{"no uri", func(m message, _ string) (message, bool) { return m.withParam("uri", nil), m.params["uri"] != nil }},
	{"arguments array", func(m message, _ string) (message, bool) {
		return m.withParam("arguments", []any{}), m.params["arguments"] != nil
	}},
	{"arguments text", func(m message, _ string) (message, bool) {
		return m.withParam("arguments", "x"), m.params["arguments"] != nil
	}},
	{"meta text", func(m message, _ string) (message, bool) { return m.withParam("_meta", "x"), true }},
	{"no meta", func(m message, r string) (message, bool) { return m.withParam("_meta", nil), r == modern }},
	{"meta without capabilities", func(m message, r string) (message, bool) {
		return m.withParam("_meta", map[string]any{"io.modelcontextprotocol/protocolVersion": modern}), r == modern
	}},
	{"meta of another revision", func(m message, r string) (message, bool) {
		return m.withParam("_meta", map[string]any{
			"io.modelcontextprotocol/protocolVersion":    "2027-01-01",
			"io.modelcontextprotocol/clientCapabilities": map[string]any{},
		}), r == modern
	}},
	{"body cut off", func(m message, _ string) (message, bool) {
		m.raw = strings.TrimSuffix(m.body(), "}")
		return m, true
	}},
	{"body goes on", func(m message, _ string) (message, bool) { m.raw = m.body() + "{}"; return m, true }},
	{"body no object", func(m message, _ string) (message, bool) { m.raw = "7"; return m, true }},
	{"body not UTF-8", func(m message, _ string) (message, bool) {
		m.raw = strings.Replace(m.body(), `"jsonrpc"`, "\"x\":\"\xff\",\"jsonrpc\"", 1)
		return m, true
	}},
	{"member twice", func(m message, _ string) (message, bool) {
		m.raw = strings.Replace(m.body(), `"jsonrpc"`, `"jsonrpc":"2.0","jsonrpc"`, 1)
		return m, true
	}},
	{"response", func(m message, _ string) (message, bool) {
		m.raw = `{"jsonrpc":"2.0","id":1,"result":{}}`
		return m, true
	}},
	{"batch", func(m message, _ string) (message, bool) { m.raw = "[" + m.body() + "]"; return m, true }},
	{"batch empty", func(m message, _ string) (message, bool) { m.raw = "[]"; return m, true }},
	{"no Accept", func(m message, _ string) (message, bool) { return m.with("Accept", ""), true }},
	{"Accept JSON", func(m message, _ string) (message, bool) { return m.with("Accept", "application/json"), true }},
	{"Accept HTML", func(m message, _ string) (message, bool) { return m.with("Accept", "text/html"), true }},
	{"Accept all", func(m message, _ string) (message, bool) { return m.with("Accept", "*/*"), true }},
	{"no Content-Type", func(m message, _ string) (message, bool) { return m.with("Content-Type", ""), true }},
	{"Content-Type text", func(m message, _ string) (message, bool) { return m.with("Content-Type", "text/plain"), true }},
	{"version unknown", func(m message, _ string) (message, bool) { return m.with("MCP-Protocol-Version", "1999-01-01"), true }},
	{"version future", func(m message, _ string) (message, bool) { return m.with("MCP-Protocol-Version", "2027-01-01"), true }},
	{"no version", func(m message, r string) (message, bool) {
		return m.with("MCP-Protocol-Version", ""), r != "2025-03-26"
	}},
	{"no Mcp-Method", func(m message, r string) (message, bool) { return m.with("Mcp-Method", ""), r == modern }},
	{"other Mcp-Method", func(m message, r string) (message, bool) { return m.with("Mcp-Method", "ping/pong"), r == modern }},
	{"no Mcp-Name", func(m message, r string) (message, bool) { return m.with("Mcp-Name", ""), m.header["Mcp-Name"] != "" }},
	{"other Mcp-Name", func(m message, r string) (message, bool) {
		return m.with("Mcp-Name", "other"), m.header["Mcp-Name"] != ""
	}},
	{"Mcp-Name in Base64", func(m message, r string) (message, bool) {
		return m.with("Mcp-Name", "=?base64?YWRk?="), m.header["Mcp-Name"] == "add"
	}},
	{"unknown session", func(m message, r string) (message, bool) { return m.with("Mcp-Session-Id", "nope"), true }},
}

func isList(m message) bool {
	method, _ := m.method.(string)
	return strings.HasSuffix(method, "/list")
}
