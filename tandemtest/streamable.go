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
	caller
	http    *http.Client
	version string
	session string
	lastID  atomic.Int64
}

func dialSession(ctx context.Context, base caller, httpClient *http.Client, version string) (*sessionClient, error) {
	c := &sessionClient{caller: base, http: httpClient, version: version}
	resp, id, err := c.post(ctx, "initialize", c.initializeParams(version))
	if err != nil {
		return nil, err
	}
	c.session = resp.Header.Get("Mcp-Session-Id")
	answer, err := readRPC(resp, id, unasked)
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
	resp, id, err := c.post(ctx, "tools/call", callParams(operation, arguments, nil, nil))
	var outcome Outcome
	if err == nil {
		outcome, err = c.readToolCall(ctx, operation, resp, id)
	}
	if err != nil && ctx.Err() != nil {
		err = errors.Join(err, c.notify(context.WithoutCancel(ctx), cancelled(id)))
	}
	return outcome, err
}

// readToolCall reads the answer to tools/call, and answers what is asked before it.
func (c *sessionClient) readToolCall(ctx context.Context, operation string, resp *http.Response, id int64) (Outcome, error) {
	if refused, err := refusal(resp); refused != nil || err != nil {
		return deref(refused, Outcome{}), err
	}
	var asked []Question
	answer, err := readRPC(resp, id, func(request rpcMessage) error {
		response, q, err := c.respond(request)
		if err != nil {
			return err
		}
		asked = append(asked, q)
		return c.notify(ctx, response)
	})
	if err != nil {
		return Outcome{}, err
	}
	outcome, err := c.toolOutcome(operation, answer, c.version >= "2025-06-18")
	outcome.Asked = asked
	return outcome, err
}

// notify sends a message that has no answer.
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
		return fmt.Errorf("a notification or a response: HTTP %s", resp.Status)
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

// refusal returns the outcome of a response by which a door, or what is before it,
// refuses a caller with an HTTP status; nil if it did not. The door's is a JSON-RPC
// error whose data is the problem document.
func refusal(resp *http.Response) (*Outcome, error) {
	if resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusForbidden {
		return nil, nil
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var msg rpcMessage
	if resp.Header.Get("Content-Type") == "application/json" && json.Unmarshal(body, &msg) == nil && msg.Error != nil {
		problem, err := parseProblem(msg.Error.Data)
		return &Outcome{Problem: problem}, err
	}
	outcome, err := problemOutcome(resp, body)
	return &outcome, err
}

// refusedError is a POST that was refused with an HTTP status.
type refusedError struct {
	outcome Outcome
	err     error // what is wrong with the refusal; nil for nothing
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("the POST was refused: %+v, %v", e.outcome.Problem, e.err)
}

func (c *caller) initializeParams(version string) []byte {
	return fmt.Appendf(nil, `{"protocolVersion":%q,"capabilities":%s,"clientInfo":{"name":"tandemtest","version":"1"}}`,
		version, c.capabilities(version))
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
