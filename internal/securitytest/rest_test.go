package securitytest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// restClient calls operations by POST.
type restClient struct {
	world  *world
	accept string
}

func openREST(accept string) func(testing.TB, *world, credentials) (conversation, outcome) {
	return func(_ testing.TB, w *world, _ credentials) (conversation, outcome) {
		return restClient{w, accept}, outcome{status: http.StatusOK}
	}
}

func (c restClient) call(by credentials, operation, arguments string) outcome {
	return c.send(by, http.MethodPost, "/"+operation, arguments)
}

func (c restClient) raw(by credentials, operation, arguments, rest string) outcome {
	return c.call(by, operation, arguments+rest)
}

func (c restClient) request(credentials, string, string) outcome {
	panic("REST has no requests of MCP")
}

// send sends a request below the prefix and reads the document, or the last of
// the events.
func (c restClient) send(by credentials, method, path, body string) outcome {
	r := c.world.newRequest(method, "/api/v1"+path, body)
	r.Header.Set("Accept", c.accept)
	return readREST(c.world.send(r, by))
}

func readREST(o outcome) outcome {
	if kind := o.header.Get("Content-Type"); kind == "text/event-stream" {
		events := parseEvents(o.body)
		if len(events) == 0 {
			return o
		}
		last := events[len(events)-1]
		o.body = last.data
		if last.name == "result" {
			o.result = json.RawMessage(last.data)
		}
	} else if o.status < 300 && strings.HasPrefix(kind, "application/json") {
		o.result = json.RawMessage(o.body)
	}
	if o.result == nil {
		o.problem = readProblem(o.body)
	}
	return o
}

// event is a server-sent event.
type event struct{ name, id, data string }

// parseEvents reads the events that have data.
func parseEvents(text string) (events []event) {
	for block := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		if e, ok := parseEvent(block); ok {
			events = append(events, e)
		}
	}
	return events
}

func parseEvent(block string) (e event, ok bool) {
	for line := range strings.SplitSeq(block, "\n") {
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data += value
		}
	}
	return e, e.data != ""
}
