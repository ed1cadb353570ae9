package health

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// maxAnswer bounds what the self-check reads of one answer, in bytes.
const maxAnswer = 32 << 20

// client calls the served handler in process, as if through a connection.
type client struct {
	config ProtocolConfig
	mount  string // stripped by an outer router before the handler sees a path
	caller *inProcess
	nextID int
	sse    *string // the last event id of the legacy session, from check to check
}

func newClient(c ProtocolConfig, mount string, sse *string) *client {
	return &client{config: c, mount: mount, caller: &inProcess{handler: c.Handler}, sse: sse}
}

// close waits until the handler has left every request.
func (c *client) close() { c.caller.wait() }

// address returns the URL of a route as a client outside sees it.
func (c *client) address(route string) *url.URL {
	return &url.URL{Scheme: "http", Host: c.config.Host, Path: c.mount + c.config.Base + route}
}

// do sends one request. An outer router's mount is stripped as it would be.
func (c *client) do(ctx context.Context, step, method string, u *url.URL, header http.Header, body string) (*http.Response, error) {
	path, ok := strings.CutPrefix(u.Path, c.mount)
	if !ok {
		return nil, &stepError{step: step, seen: fmt.Sprintf("the address %s is outside the mount %s", u.Path, c.mount)}
	}
	inner := *u
	inner.Path, inner.Scheme, inner.Host = path, "", ""
	r, err := http.NewRequestWithContext(ctx, method, inner.String(), strings.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", step, err)
	}
	r.Host, r.RequestURI, r.RemoteAddr = c.config.Host, u.RequestURI(), "127.0.0.1:0"
	if header != nil {
		r.Header = header.Clone()
	}
	r.Header.Set("Accept", "application/json, text/event-stream")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	} else {
		r.Body = http.NoBody
	}
	return c.caller.roundTrip(r)
}

func (c *client) request(method, params string) (id, message string) {
	c.nextID++
	id = strconv.Itoa(c.nextID)
	return id, `{"jsonrpc":"2.0","id":` + id + `,"method":` + quote(method) + `,"params":` + params + `}`
}

// call posts a request to the Streamable HTTP route and returns its result.
func (c *client) call(ctx context.Context, header http.Header, method, params string) (json.RawMessage, error) {
	result, _, err := c.exchange(ctx, header, method, params)
	return result, err
}

func (c *client) exchange(ctx context.Context, header http.Header, method, params string) (json.RawMessage, http.Header, error) {
	id, message := c.request(method, params)
	response, err := c.do(ctx, method, http.MethodPost, c.address("/mcp"), header, message)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, nil, unexpectedStatus(method, response)
	}
	result, err := readResult(response, method, id)
	return result, response.Header, err
}

// initialize opens a 2025 session, if the server keeps them, and enters it into header.
func (c *client) initialize(ctx context.Context, header http.Header) error {
	_, answered, err := c.exchange(ctx, header, "initialize", initializeParams(Era2025))
	if err != nil {
		return err
	}
	if id := answered.Get("Mcp-Session-Id"); id != "" {
		header.Set("Mcp-Session-Id", id)
	}
	return nil
}

func (c *client) notify(ctx context.Context, header http.Header, method string) error {
	response, err := c.do(ctx, method, http.MethodPost, c.address("/mcp"), header, `{"jsonrpc":"2.0","method":`+quote(method)+`}`)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusAccepted {
		return unexpectedStatus(method, response)
	}
	return nil
}

// delete ends the session, so that checks do not fill the store.
func (c *client) delete(ctx context.Context, header http.Header) error {
	if header.Get("Mcp-Session-Id") == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leave)
	defer cancel()
	response, err := c.do(ctx, "DELETE", http.MethodDelete, c.address("/mcp"), header, "")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		return unexpectedStatus("DELETE", response)
	}
	return nil
}

func unexpectedStatus(step string, response *http.Response) error {
	detail, _ := io.ReadAll(io.LimitReader(response.Body, 500)) // the status alone says enough
	return &stepError{step: step, seen: "HTTP " + strconv.Itoa(response.StatusCode), detail: string(detail)}
}

// readResult finds the answer to id in a JSON body or in an event stream.
func readResult(response *http.Response, step, id string) (json.RawMessage, error) {
	body := io.LimitReader(response.Body, maxAnswer)
	media, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	switch media {
	case "application/json":
		message, err := io.ReadAll(body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", step, err)
		}
		return resultOf(message, step, id)
	case "text/event-stream":
		return resultInStream(newEventReader(body), step, id)
	}
	return nil, &stepError{step: step, seen: "the answer is neither JSON nor an event stream"}
}

// resultInStream skips events until one answers id.
func resultInStream(events *eventReader, step, id string) (json.RawMessage, error) {
	for {
		event, err := events.next()
		if err != nil {
			return nil, fmt.Errorf("%s: the stream ended without an answer: %w", step, err)
		}
		if event.name == "message" && answers(event.data, id) {
			return resultOf(event.data, step, id)
		}
	}
}

type response struct {
	ID     json.RawMessage `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func answers(message []byte, id string) bool {
	var r response
	return json.Unmarshal(message, &r) == nil && string(bytes.TrimSpace(r.ID)) == id
}

func resultOf(message []byte, step, id string) (json.RawMessage, error) {
	var r response
	if err := json.Unmarshal(message, &r); err != nil {
		return nil, &stepError{step: step, seen: "the answer is not JSON-RPC"}
	}
	switch {
	case string(r.ID) != id:
		return nil, &stepError{step: step, seen: "the answer has another id"}
	case r.Error != nil:
		return nil, &stepError{step: step, seen: "JSON-RPC error " + strconv.Itoa(r.Error.Code), detail: r.Error.Message}
	case r.Result == nil:
		return nil, &stepError{step: step, seen: "the answer has no result"}
	}
	return r.Result, nil
}
