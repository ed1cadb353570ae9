package tandemtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
)

// modernMeta returns the _meta of a request of 2026-07-28.
func (c *caller) modernMeta() []byte {
	return fmt.Appendf(nil, `{"io.modelcontextprotocol/protocolVersion":"2026-07-28",`+
		`"io.modelcontextprotocol/clientCapabilities":%s,`+
		`"io.modelcontextprotocol/clientInfo":{"name":"tandemtest","version":"1"}}`, c.capabilities("2026-07-28"))
}

// modernClient calls tools by stateless requests of 2026-07-28.
type modernClient struct {
	caller
	http   *http.Client
	lastID atomic.Int64
}

func (c *modernClient) Call(ctx context.Context, operation string, arguments json.RawMessage) (Outcome, error) {
	answer, asked, err := c.resumed(func(extra []byte) (rpcMessage, error) {
		resp, id, err := c.post(ctx, operation, callParams(operation, arguments, c.modernMeta(), extra))
		if err != nil {
			return rpcMessage{}, err
		}
		if refused, err := refusal(resp); refused != nil || err != nil {
			return rpcMessage{}, &refusedError{deref(refused, Outcome{}), err}
		}
		return readRPC(resp, id, unasked)
	})
	if refused, ok := errors.AsType[*refusedError](err); ok {
		return refused.outcome, refused.err
	}
	if err != nil {
		return Outcome{}, err
	}
	outcome, err := c.toolOutcome(operation, answer, true)
	outcome.Asked = asked
	return outcome, err
}

func (c *modernClient) post(ctx context.Context, operation string, params []byte) (resp *http.Response, id int64, err error) {
	id = c.lastID.Add(1)
	req, err := newMCPRequest(ctx, origin+"/mcp", encodeRPC(id, "tools/call", params))
	if err != nil {
		return nil, id, err
	}
	req.Header.Set("MCP-Protocol-Version", Modern.version())
	req.Header.Set("Mcp-Method", "tools/call")
	req.Header.Set("Mcp-Name", operation)
	resp, err = c.http.Do(req)
	return resp, id, err
}
