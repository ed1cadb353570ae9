//go:build unix

package chaos

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	shared     = "SKU-0001"             // the product that every client adjusts
	warehouse  = "default"              // where all of it lies
	attempt    = 2 * time.Second        // how long a client waits before it asks again
	giveUp     = 25 * time.Second       // then the call counts as lost
	betweenTry = 100 * time.Millisecond // as a client without advice does
)

// errAgain says that an attempt led to nothing, and that a client tries again.
var errAgain = errors.New("no answer")

// errGone says that the session is not known any more.
var errGone = errors.New("the session is gone")

// door is how a client calls through one door. One attempt ends with the answer, with
// errAgain, or with errGone.
type door interface {
	// open makes a session, where the door has some.
	open(ctx context.Context) error
	attempt(ctx context.Context, key string, n int64, a adjustment) (result, error)
	// answers returns the distinct answers that came for call n, beyond the one
	// that attempt returned.
	answers(n int64) []result
	close()
}

// client makes calls one after the other and writes down what comes of them.
type client struct {
	crowd  string // makes its keys those of no other crowd
	number int
	base   string
	http   *http.Client
	door   door
	h      *history
	deltas *atomic.Int64 // of the shared product
	keys   bool          // whether its calls have keys
	forget int64         // each how-manieth answer it forgets, and asks for again; 0: none
}

// run makes calls until stop is closed, and finishes the last one.
func (c *client) run(ctx context.Context, stop <-chan struct{}) {
	defer c.door.close()
	opened := false
	for n := int64(2); ; n++ {
		select {
		case <-stop:
			return
		default:
		}
		if !opened && !c.open(ctx, stop) {
			return
		}
		opened = c.call(ctx, n)
	}
}

// open makes a session, and reports whether there is one in time.
func (c *client) open(ctx context.Context, stop <-chan struct{}) bool {
	for deadline := time.Now().Add(giveUp); time.Now().Before(deadline); time.Sleep(betweenTry) {
		select {
		case <-stop:
			return false
		default:
		}
		one, cancel := context.WithTimeout(ctx, attempt)
		err := c.door.open(one)
		cancel()
		if err == nil {
			return true
		}
	}
	c.h.unexpected("client %d gets no session", c.number)
	return false
}

// call makes one call, and reports whether the session is still there.
func (c *client) call(ctx context.Context, n int64) bool {
	a := adjustment{fmt.Sprintf("SKU-%04d", 100+c.number), warehouse, n, "restock"}
	if n%4 == 0 {
		a.SKU, a.Delta = shared, c.deltas.Add(1)
	}
	key := ""
	if c.keys {
		key = fmt.Sprintf("%s-client-%d-call-%d", c.crowd, c.number, n)
	}
	e := entry{client: c.number, made: effect{a.SKU, a.Delta}, from: c.h.now()}
	defer func() { c.h.add(e) }()
	forgotten := c.forget == 0 || n%c.forget != 0
	for deadline := time.Now().Add(giveUp); time.Now().Before(deadline); {
		e.attempts++
		one, cancel := context.WithTimeout(ctx, attempt)
		got, err := c.door.attempt(one, key, n, a)
		cancel()
		e.to = c.h.now()
		switch {
		case errors.Is(err, errGone):
			c.h.mu.Lock()
			c.h.notFound++
			c.h.mu.Unlock()
			return false
		case err != nil:
			time.Sleep(betweenTry)
			continue
		}
		e.answers = distinct(append(append(e.answers, got), c.door.answers(n)...))
		if forgotten {
			return true
		}
		forgotten = true
	}
	return true
}

func distinct(results []result) (d []result) {
	seen := map[result]bool{}
	for _, r := range results {
		if !seen[r] {
			seen[r] = true
			d = append(d, r)
		}
	}
	return d
}

// send makes one request, and judges its status: an error if there is nothing to read.
func (c *client) send(ctx context.Context, method, path string, body []byte, header ...string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Host = "localhost"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(header); i += 2 {
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	response, err := c.http.Do(r)
	if err != nil {
		return nil, errAgain
	}
	if response.StatusCode == http.StatusOK || response.StatusCode == http.StatusAccepted {
		return response, nil
	}
	defer response.Body.Close()
	return nil, c.refusal(method, path, response)
}

func (c *client) refusal(method, path string, response *http.Response) error {
	switch response.StatusCode {
	case http.StatusNotFound:
		return errGone
	case http.StatusServiceUnavailable:
		c.h.mu.Lock()
		defer c.h.mu.Unlock()
		c.h.refused++
		// What HAProxy says itself, where no replica is left, has no header of ours.
		if response.Header.Get("Retry-After") == "" && response.Header.Get("X-Content-Type-Options") != "" {
			c.h.mute++
		}
	case http.StatusConflict, http.StatusBadGateway, http.StatusGatewayTimeout: // an earlier attempt is under way, or the replica has gone
	default:
		text, _ := io.ReadAll(io.LimitReader(response.Body, 500))
		c.h.unexpected("%s %s: %s %s", method, path, response.Status, text)
	}
	return errAgain
}

// read returns a whole JSON answer.
func read(response *http.Response, into any) error {
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		return errAgain
	}
	return nil
}

// rest is a client of the REST door.
type rest struct{ *client }

func (rest) open(context.Context) error { return nil }
func (rest) answers(int64) []result     { return nil }
func (rest) close()                     {}

func (r rest) attempt(ctx context.Context, key string, _ int64, a adjustment) (got result, err error) {
	body, err := json.Marshal(a)
	if err != nil {
		return got, err
	}
	response, err := r.send(ctx, "POST", "/api/v1/stock/adjustments", body, "Idempotency-Key", key)
	if err != nil {
		return got, err
	}
	return got, read(response, &got)
}

// message is a JSON-RPC message that a client may get.
type message struct {
	ID     json.Number     `json:"id"`
	Method string          `json:"method"`
	Error  json.RawMessage `json:"error"`
	Result struct {
		IsError           bool            `json:"isError"`
		StructuredContent json.RawMessage `json:"structuredContent"`
	} `json:"result"`
}

// judge returns the result of a tool call.
func (c *client) judge(m message) (got result, err error) {
	if m.Error != nil || m.Result.IsError {
		if !passing(m) {
			c.h.unexpected("client %d: %s %s", c.number, m.Error, m.Result.StructuredContent)
		}
		return got, errAgain
	}
	return got, json.Unmarshal(m.Result.StructuredContent, &got)
}

// passing reports whether an error is one after which the same call is to be made again.
func passing(m message) bool {
	var problem struct {
		Code string `json:"code"`
		Data struct {
			Code string `json:"code"`
		} `json:"data"`
	}
	text := m.Error
	if text == nil {
		text = m.Result.StructuredContent
	}
	return bytes.Contains(text, []byte("try again")) || json.Unmarshal(text, &problem) == nil && problem.Code == "unavailable"
}

// toolCall is a call as JSON-RPC.
func toolCall(n int64, key string, a adjustment, meta map[string]any) []byte {
	if key != "" {
		meta["io.github.tandem-go/idempotency-key"] = key
	}
	params := map[string]any{"name": "adjust_stock", "arguments": a, "_meta": meta}
	body, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": n, "method": "tools/call", "params": params}) // always JSON
	return body
}

// modern is a client of 2026-07-28, which has no session.
type modern struct{ *client }

func (modern) open(context.Context) error { return nil }
func (modern) answers(int64) []result     { return nil }
func (modern) close()                     {}

func (m modern) attempt(ctx context.Context, key string, n int64, a adjustment) (result, error) {
	body := toolCall(n, key, a, map[string]any{
		"io.modelcontextprotocol/protocolVersion":    "2026-07-28",
		"io.modelcontextprotocol/clientCapabilities": map[string]any{},
	})
	response, err := m.send(ctx, "POST", "/mcp", body,
		"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "adjust_stock")
	if err != nil {
		return result{}, err
	}
	var answer message
	if err := read(response, &answer); err != nil {
		return result{}, err
	}
	return m.judge(answer)
}

// crowd is clients at work.
type crowd struct {
	h    *history
	stop chan struct{}
	done sync.WaitGroup
}

// kinds makes a client of each door.
var kinds = map[string]func(*client) door{
	"REST":       func(c *client) door { return rest{c} },
	"2026-07-28": func(c *client) door { return modern{c} },
	"2025-11-25": func(c *client) door { return &streamable{client: c} },
	"SSE":        func(c *client) door { return &legacy{client: c} },
}

// gather starts n clients of each kind.
func (f *fleet) gather(n int, keys bool, forget int64, which ...string) *crowd {
	w := &crowd{h: newHistory(), stop: make(chan struct{})}
	deltas := new(atomic.Int64)
	number, name := 0, rand.Text()
	for _, kind := range which {
		for range n {
			number++
			c := &client{crowd: name, number: number, base: f.front, http: &http.Client{Transport: &http.Transport{}}, h: w.h, deltas: deltas, keys: keys, forget: forget}
			c.door = kinds[kind](c)
			w.done.Go(func() { c.run(f.t.Context(), w.stop) })
		}
	}
	return w
}

// disperse ends the clients' work and returns what they saw.
func (w *crowd) disperse() *history {
	close(w.stop)
	w.done.Wait()
	return w.h
}
