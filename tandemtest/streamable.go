package tandemtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
)

// sessionClient calls tools in a 2025 session of Streamable HTTP.
type sessionClient struct {
	http    *http.Client
	version string
	session string
	lastID  atomic.Int64
}

func dialSession(ctx context.Context, httpClient *http.Client, version string) (*sessionClient, error) {
	c := &sessionClient{http: httpClient, version: version}
	resp, id, err := c.post(ctx, "initialize", initializeParams(version))
	if err != nil {
		return nil, err
	}
	c.session = resp.Header.Get("Mcp-Session-Id")
	answer, err := readRPC(resp, id)
	if err != nil {
		return nil, err
	}
	if err := checkInitialized(answer, version); err != nil {
		return nil, err
	}
	return c, c.notify(ctx, encodeRPC(0, "notifications/initialized", nil))
}

// Call tells the server when ctx ends: a connection that breaks cancels nothing in
// a session.
func (c *sessionClient) Call(ctx context.Context, operation string, arguments json.RawMessage) (Outcome, error) {
	resp, id, err := c.post(ctx, "tools/call", callParams(operation, arguments, nil))
	var outcome Outcome
	if err == nil {
		outcome, err = readToolCall(resp, id, c.version >= "2025-06-18")
	}
	if err != nil && ctx.Err() != nil {
		err = errors.Join(err, c.notify(context.WithoutCancel(ctx), cancelled(id)))
	}
	return outcome, err
}

func (c *sessionClient) notify(ctx context.Context, body []byte) error {
	req, err := c.request(ctx, body)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("a notification: HTTP %s", resp.Status)
	}
	return nil
}

func (c *sessionClient) post(ctx context.Context, method string, params []byte) (*http.Response, int64, error) {
	id := c.lastID.Add(1)
	req, err := c.request(ctx, encodeRPC(id, method, params))
	if err != nil {
		return nil, 0, err
	}
	resp, err := c.http.Do(req)
	return resp, id, err
}

func (c *sessionClient) request(ctx context.Context, body []byte) (*http.Request, error) {
	req, err := newMCPRequest(ctx, origin+"/mcp", body)
	if err != nil {
		return nil, err
	}
	if c.session != "" {
		req.Header.Set("Mcp-Session-Id", c.session)
		req.Header.Set("MCP-Protocol-Version", c.version)
	}
	return req, nil
}

func newMCPRequest(ctx context.Context, url string, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json, text/event-stream")
	return req, nil
}

// readToolCall turns the HTTP response to tools/call into an outcome. A door may
// refuse a caller by HTTP status; its problem document is the outcome then.
func readToolCall(resp *http.Response, id int64, structured bool) (Outcome, error) {
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden {
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return Outcome{}, err
		}
		return problemOutcome(resp, body)
	}
	answer, err := readRPC(resp, id)
	if err != nil {
		return Outcome{}, err
	}
	return toolOutcome(answer, structured)
}

func initializeParams(version string) []byte {
	return fmt.Appendf(nil, `{"protocolVersion":%q,"capabilities":{},"clientInfo":{"name":"tandemtest","version":"1"}}`, version)
}

// checkInitialized reports whether the server agreed to the revision.
func checkInitialized(answer rpcMessage, version string) error {
	if answer.Error != nil {
		return answer.Error
	}
	var result struct {
		ProtocolVersion string `json:"protocolVersion"`
	}
	if err := json.Unmarshal(answer.Result, &result); err != nil {
		return err
	}
	if result.ProtocolVersion != version {
		return fmt.Errorf("asked for revision %s, the server speaks %q", version, result.ProtocolVersion)
	}
	return nil
}
