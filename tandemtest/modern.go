package tandemtest

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
)

const modernMeta = `{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
	`"io.modelcontextprotocol/clientCapabilities":{},` +
	`"io.modelcontextprotocol/clientInfo":{"name":"tandemtest","version":"1"}}`

// modernClient calls tools by stateless requests of 2026-07-28.
type modernClient struct {
	http   *http.Client
	lastID atomic.Int64
}

func (c *modernClient) Call(ctx context.Context, operation string, arguments json.RawMessage) (Outcome, error) {
	id := c.lastID.Add(1)
	body := encodeRPC(id, "tools/call", callParams(operation, arguments, []byte(modernMeta)))
	req, err := newMCPRequest(ctx, origin+"/mcp", body)
	if err != nil {
		return Outcome{}, err
	}
	req.Header.Set("MCP-Protocol-Version", Modern.version())
	req.Header.Set("Mcp-Method", "tools/call")
	req.Header.Set("Mcp-Name", operation)
	resp, err := c.http.Do(req)
	if err != nil {
		return Outcome{}, err
	}
	return readToolCall(resp, id, true)
}
