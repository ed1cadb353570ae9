package health

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// sseStream is a legacy HTTP+SSE session of the self-check.
type sseStream struct {
	client   *client
	response *http.Response
	events   *eventReader
	messages *url.URL // where the first event says to post
}

// openSSE connects and waits for the endpoint event. A session of this transport
// cannot be ended by its client, so the checks go on with one and the same as
// long as the server knows it.
func (c *client) openSSE(ctx context.Context) (*sseStream, error) {
	const step = "connect"
	address := c.address("/mcp/sse")
	header := http.Header{}
	if last := *c.sse; last != "" {
		header.Set("Last-Event-ID", last)
	}
	response, err := c.do(ctx, step, http.MethodGet, address, header, "")
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		*c.sse = ""
		return nil, unexpectedStatus(step, response)
	}
	s := &sseStream{client: c, response: response, events: newEventReader(response.Body)}
	if s.messages, err = s.endpoint(address); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// endpoint reads the first event and resolves it as a client does.
func (s *sseStream) endpoint(base *url.URL) (*url.URL, error) {
	first, err := s.events.next()
	if err != nil {
		return nil, fmt.Errorf("endpoint: %w", err)
	}
	reference, err := url.Parse(string(first.data))
	if first.name != "endpoint" || err != nil {
		return nil, &stepError{step: "endpoint", seen: "the first event is not an endpoint"}
	}
	return base.ResolveReference(reference), nil
}

func (s *sseStream) call(ctx context.Context, method, params string) (json.RawMessage, error) {
	id, message := s.client.request(method, params)
	if err := s.post(ctx, message, method); err != nil {
		return nil, err
	}
	return resultInStream(s.events, method, id)
}

func (s *sseStream) post(ctx context.Context, message, step string) error {
	response, err := s.client.do(ctx, step, http.MethodPost, s.messages, nil, message)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		return unexpectedStatus(step, response)
	}
	return nil
}

func (s *sseStream) close() {
	*s.client.sse = s.events.lastID
	_ = s.response.Body.Close()
}
