package clienttest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
)

// call is a tool call.
type call struct {
	Name      string         `json:"name"`
	Arguments map[string]any `json:"arguments"`
}

// The calls of every conversation.
var (
	goodCall = call{"query_product", map[string]any{"sku": "SKU-0042"}}
	badCall  = call{"query_product", map[string]any{"sku": 42, "colour": "red"}}
	longCall = call{"recount_stock", map[string]any{"warehouse_id": "default"}}
)

// cancelAfter is the number of progress reports after which a client cancels
// the long call.
const cancelAfter = 2

// conversation is what a client saw.
type conversation struct {
	Version string   `json:"version"` // the protocol revision that it negotiated
	Tools   []string `json:"tools"`   // names, in the order of the list
	Good    outcome  `json:"good"`    // of goodCall
	Bad     outcome  `json:"bad"`     // of badCall
	Long    *ending  `json:"long"`    // of longCall; nil if the client did not try
	After   outcome  `json:"after"`   // of goodCall again, after the cancelled call
}

// outcome is the result of a tool call.
type outcome struct {
	IsError    bool            `json:"isError"`
	Structured json.RawMessage `json:"structured"`
	Text       string          `json:"text"`
}

// ending tells how the long call went.
type ending struct {
	Progress []progress `json:"progress"`
	Ended    string     `json:"ended"` // the client's error; empty if the call succeeded
}

type progress struct {
	Progress float64 `json:"progress"`
	Total    float64 `json:"total"`
	Message  string  `json:"message"`
}

// check compares a conversation with what REST answers and with what the
// service itself saw.
func (s *served) check(t *testing.T, seen conversation, version string) {
	t.Helper()
	if seen.Version != version {
		t.Errorf("negotiated %q, want %q", seen.Version, version)
	}
	if diff := cmp.Diff(s.toolNames(), seen.Tools); diff != "" {
		t.Errorf("tools (-registered +listed):\n%s", diff)
	}
	s.checkGood(t, seen.Good, version)
	s.checkBad(t, seen.Bad)
	if seen.Long != nil {
		s.checkLong(t, *seen.Long)
		s.checkGood(t, seen.After, version)
	}
}

// checkGood demands the REST answer, as text, and structured where the revision
// knows structured content.
func (s *served) checkGood(t *testing.T, got outcome, version string) {
	t.Helper()
	want := s.rest(t, goodCall, http.StatusOK)
	if got.IsError {
		t.Errorf("good call: a tool error: %s", got.Text)
		return
	}
	if diff := cmp.Diff(want, decode(t, []byte(got.Text))); diff != "" {
		t.Errorf("good call: text (-REST +MCP):\n%s", diff)
	}
	if version < firstStructured {
		return
	}
	if diff := cmp.Diff(want, decode(t, got.Structured)); diff != "" {
		t.Errorf("good call: structured content (-REST +MCP):\n%s", diff)
	}
}

// checkBad demands a tool error whose text is REST's problem document.
func (s *served) checkBad(t *testing.T, got outcome) {
	t.Helper()
	if !got.IsError {
		t.Errorf("bad call: not a tool error: %s", got.Text)
		return
	}
	if diff := cmp.Diff(s.rest(t, badCall, http.StatusBadRequest), decode(t, []byte(got.Text))); diff != "" {
		t.Errorf("bad call: problem (-REST +MCP):\n%s", diff)
	}
}

// checkLong demands rising progress, a call that ended with the client's error,
// and that the service ended its work too.
func (s *served) checkLong(t *testing.T, got ending) {
	t.Helper()
	got.check(t)
	select {
	case code := <-s.ended:
		if code != tandem.Canceled {
			t.Errorf("long call: in the service it ended as %v, want %v", code, tandem.Canceled)
		}
	case <-time.After(patience):
		t.Error("long call: it has not ended in the service")
	}
}

// check demands rising progress, and that the call ended with the client's error.
func (e ending) check(t *testing.T) {
	t.Helper()
	if len(e.Progress) < cancelAfter {
		t.Errorf("long call: %d progress reports, want at least %d", len(e.Progress), cancelAfter)
	}
	before := 0.0
	for _, p := range e.Progress {
		if p.Progress <= before || p.Total < p.Progress || p.Message == "" {
			t.Errorf("long call: the report %+v among %+v", p, e.Progress)
		}
		before = p.Progress
	}
	if e.Ended == "" {
		t.Error("long call: it succeeded, though it was cancelled")
	}
}

// decode returns a JSON document as comparable values; numbers keep their text.
func decode(t *testing.T, document []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Errorf("decode %q: %v", document, err)
	}
	return value
}
