package securitytest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

// door is a door and a transport of it.
type door struct {
	name string
	// open begins what comes before calls, by these credentials. The conversation
	// is nil if that is refused.
	open func(t testing.TB, w *world, by credentials) (conversation, outcome)
}

// conversation is what a client says on one door. Each request has credentials
// of its own.
type conversation interface {
	// call calls an operation, whose arguments are JSON as it is to be sent.
	call(by credentials, operation, arguments string) outcome
	// request makes a request of MCP, with its parameters as JSON. REST has none.
	request(by credentials, method, params string) outcome
	// raw makes a call, with something more after its body.
	raw(by credentials, operation, arguments, rest string) outcome
}

const (
	rev20250326 = "2025-03-26"
	rev20250618 = "2025-06-18"
	rev20251125 = "2025-11-25"
	rev20260728 = "2026-07-28"
)

var (
	restDoor    = door{"rest", openREST("application/json")}
	eventsDoor  = door{"rest_events", openREST("text/event-stream")}
	sseDoor     = door{"sse", openSSE}
	march       = door{rev20250326, openSession(rev20250326)}
	june        = door{rev20250618, openSession(rev20250618)}
	november    = door{rev20251125, openSession(rev20251125)}
	modernDoor  = door{rev20260728, openModern}
	stdioDoor   = door{"stdio", openStdio}
	programDoor = door{"program", nil} // the program itself, before there is any door
)

var (
	restDoors    = []door{restDoor, eventsDoor}
	sessionDoors = []door{march, june, november}
	legacyDoors  = append([]door{sseDoor}, sessionDoors...)
	mcpDoors     = append(slices.Clone(legacyDoors), modernDoor)
	httpDoors    = append(slices.Clone(restDoors), mcpDoors...)
	everyDoor    = append(slices.Clone(httpDoors), stdioDoor)

	// wireDoors are one of each way over the wire, for cases that take long and
	// in which the revisions with sessions cannot differ.
	wireDoors = []door{restDoor, eventsDoor, sseDoor, november, modernDoor}
)

// is reports whether the door is among these.
func (d door) is(these []door) bool {
	return slices.ContainsFunc(these, func(o door) bool { return o.name == d.name })
}

// open opens a conversation that must come about.
func (p *probe) open(w *world, by credentials) conversation {
	p.Helper()
	c, o := p.door.open(p, w, by)
	if c == nil {
		p.Fatalf("no conversation: %s", o)
	}
	return c
}

// credentials are the headers by which a request says who makes it, and a query.
type credentials struct {
	header http.Header
	query  string
}

func bearer(token string) credentials {
	return credentials{header: http.Header{"Authorization": {"Bearer " + token}}}
}

// with returns the credentials with a further header of the request.
func (c credentials) with(name, value string) credentials {
	header := c.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	header.Set(name, value)
	return credentials{header, c.query}
}

// outcome is what a caller saw of a request.
type outcome struct {
	status  int // of HTTP; 200 where the answer came by other ways
	header  http.Header
	body    string          // the body, or the message of JSON-RPC
	result  json.RawMessage // nil if there is none
	rpc     int             // the error code of JSON-RPC; 0 for none
	problem tandem.Problem  // of an error that has one
}

// ok reports whether the caller got a result.
func (o outcome) ok() bool { return o.result != nil }

func (o outcome) String() string {
	return fmt.Sprintf("status %d, JSON-RPC error %d, problem %q, challenge %q: %.300s", o.status, o.rpc, o.problem.Code, o.header.Get("WWW-Authenticate"), o.body)
}

// send sends a request and reads the answer, which has an end.
func (w *world) send(r *http.Request, by credentials) outcome {
	w.testing.Helper()
	response, err := w.try(r, by)
	if err != nil {
		w.testing.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		return outcome{}
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		w.testing.Errorf("%s %s: read the answer: %v", r.Method, r.URL.Path, err)
	}
	return outcome{status: response.StatusCode, header: response.Header, body: string(body)}
}

// try sends a request with these credentials.
func (w *world) try(r *http.Request, by credentials) (*http.Response, error) {
	for name, values := range by.header {
		switch name {
		case "Host":
			r.Host = values[0]
		case "Transfer-Encoding": // without a length that is known
			r.ContentLength = -1
		default:
			r.Header[name] = values
		}
	}
	if by.query != "" {
		if r.URL.RawQuery != "" {
			r.URL.RawQuery += "&"
		}
		r.URL.RawQuery += by.query
	}
	return w.client.Do(r)
}

// newRequest returns a request that gives up after a while.
func (w *world) newRequest(method, path, body string) *http.Request {
	ctx, cancel := context.WithTimeout(w.testing.Context(), patience)
	w.testing.Cleanup(cancel)
	url := path
	if strings.HasPrefix(path, "/") {
		url = w.url + path
	}
	r := must(http.NewRequestWithContext(ctx, method, url, strings.NewReader(body)))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

// readProblem reads the problem document that a text is, if it is one.
func readProblem(text string) (p tandem.Problem) {
	_ = json.Unmarshal([]byte(text), &p) // no document has no code
	return p
}
