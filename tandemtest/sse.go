package tandemtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"testing"
)

// sseClient calls tools over the legacy HTTP+SSE transport.
type sseClient struct {
	caller
	http     *http.Client
	messages string // the URL that the endpoint event named
	answers  *answers
}

func dialSSE(t testing.TB, base caller, httpClient *http.Client) (*sseClient, error) {
	c := &sseClient{caller: base, http: httpClient}
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
		if c.answers != nil {
			<-c.answers.ended
		}
	})
	events := newEventReader(resp.Body)
	if c.messages, err = readEndpoint(events); err != nil {
		return nil, err
	}
	c.answers = readAnswers(events.message, c.responder(ctx, c.post))
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
	answer, _, err := c.answers.roundTrip(ctx, c.post, "initialize", c.initializeParams(SSE.version()))
	if err != nil {
		return err
	}
	if err := checkInitialized(answer, SSE.version()); err != nil {
		return err
	}
	return c.post(ctx, encodeRPC(0, "notifications/initialized", nil))
}

func (c *sseClient) Call(ctx context.Context, operation string, arguments json.RawMessage) (Outcome, error) {
	answer, asked, err := c.answers.roundTrip(ctx, c.post, "tools/call", callParams(operation, arguments, nil, nil))
	if refused, ok := errors.AsType[*refusedError](err); ok {
		return refused.outcome, refused.err
	}
	if err != nil {
		return Outcome{}, err
	}
	outcome, err := c.toolOutcome(operation, answer, false)
	outcome.Asked = asked
	return outcome, err
}

func (c *sseClient) post(ctx context.Context, body []byte) error {
	req, err := newMCPRequest(ctx, c.messages, body)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	if refused, err := refusal(resp); refused != nil {
		return &refusedError{*refused, err}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("POST %s: HTTP %s", c.messages, resp.Status)
	}
	return nil
}
