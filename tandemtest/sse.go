package tandemtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
)

// sseClient calls tools over the legacy HTTP+SSE transport. Its calls run one
// at a time, since one reader owns the stream.
type sseClient struct {
	http     *http.Client
	messages string // the URL that the endpoint event named
	events   *eventReader

	mu     sync.Mutex
	lastID int64
}

func dialSSE(t testing.TB, httpClient *http.Client) (*sseClient, error) {
	c := &sseClient{http: httpClient}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/mcp/sse", nil)
	if err != nil {
		cancel()
		return nil, err
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := httpClient.Do(req)
	if err != nil {
		cancel()
		return nil, err
	}
	t.Cleanup(func() {
		cancel()
		resp.Body.Close()
	})
	c.events = newEventReader(resp.Body)
	if c.messages, err = readEndpoint(c.events); err != nil {
		return nil, err
	}
	return c, c.initialize(ctx)
}

func readEndpoint(events *eventReader) (string, error) {
	event, data, err := events.next()
	if err != nil {
		return "", err
	}
	if event != "endpoint" {
		return "", fmt.Errorf("the first event is %q, not endpoint", event)
	}
	base, err := url.Parse(origin + "/mcp/sse")
	if err != nil {
		return "", err
	}
	ref, err := base.Parse(string(data))
	if err != nil {
		return "", err
	}
	return ref.String(), nil
}

func (c *sseClient) initialize(ctx context.Context) error {
	answer, err := c.roundTrip(ctx, "initialize", initializeParams(SSE.version()))
	if err != nil {
		return err
	}
	if err := checkInitialized(answer, SSE.version()); err != nil {
		return err
	}
	_, err = c.post(ctx, encodeRPC(0, "notifications/initialized", nil))
	return err
}

func (c *sseClient) Call(ctx context.Context, operation string, arguments json.RawMessage) (Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer, err := c.roundTrip(ctx, "tools/call", callParams(operation, arguments, nil))
	if err != nil {
		return Outcome{}, err
	}
	return toolOutcome(answer, false)
}

func (c *sseClient) roundTrip(ctx context.Context, method string, params []byte) (rpcMessage, error) {
	c.lastID++
	if _, err := c.post(ctx, encodeRPC(c.lastID, method, params)); err != nil {
		return rpcMessage{}, err
	}
	return answerOf(c.events, c.lastID)
}

func (c *sseClient) post(ctx context.Context, body []byte) (*http.Response, error) {
	req, err := newMCPRequest(ctx, c.messages, body)
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return nil, fmt.Errorf("POST %s: HTTP %s", c.messages, resp.Status)
	}
	return resp, nil
}
