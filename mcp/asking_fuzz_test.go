package mcp

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

// leaver is a client that leaves at the first byte.
type leaver struct {
	*httptest.ResponseRecorder
	leave func()
}

func (l *leaver) WriteHeader(status int) {
	l.ResponseRecorder.WriteHeader(status)
	l.leave()
}

// Whatever a client says where its stream ended, a GET is a stream, a refusal or a
// session that does not exist; never a failure of the service.
func FuzzLastEventID(f *testing.F) {
	d, _ := newDoor(f, Config{})
	id := strings.TrimPrefix(sessionOf(f, d)[0], "Mcp-Session-Id: ")
	for _, seed := range []string{"0_0", "0_1", "0_18446744073709551615", "x_0", "_", "", id + "~0", id + "~9", "~", "a~b~1", "0_-1", "0_01"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, last string) {
		for name, h := range map[string]http.Handler{"streamable": d, "sse": d.SSE()} {
			ctx, cancel := context.WithCancel(context.Background())
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/mcp", nil)
			r.Header["Accept"] = []string{"text/event-stream"}
			r.Header[headerSession] = []string{id}
			r.Header[headerLastEvent] = []string{last}
			w := &leaver{httptest.NewRecorder(), cancel}
			h.ServeHTTP(w, r)
			if w.Code != http.StatusOK && w.Code != http.StatusBadRequest && w.Code != http.StatusTooManyRequests && w.Code != http.StatusServiceUnavailable {
				t.Errorf("%s: %q: status %d", name, last, w.Code)
			}
		}
	})
}

// Whatever comes back as answers and state, a call asks again, is carried out, or
// is refused; nothing of the input reaches the response unescaped.
func FuzzResume(f *testing.F) {
	d, err := New(askingService(), Config{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { d.Close() })
	f.Add(`{"pizza":{"action":"accept","content":{"size":"small","number":1}}}`, "")
	f.Add(`{"pizza":{"action":"decline"}}`, "\x00")
	f.Add(`{"pizza":{}}`, "AAAA")
	f.Add(`null`, "7")
	f.Fuzz(func(t *testing.T, answers, state string) {
		if !json.Valid([]byte(answers)) {
			t.Skip()
		}
		meta := strings.Replace(modernMeta, `clientCapabilities":{}`, `clientCapabilities":{"elicitation":{}}`, 1)
		body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"order","inputResponses":` + answers + `,"requestState":` + string(appendString(nil, []byte(state))) + `,` + meta + `}}`
		w := httptest.NewRecorder()
		d.ServeHTTP(w, newRequest(t, http.MethodPost, "/mcp", body, modernHeaders("tools/call", "order")...))
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %s", body, w.Body)
		}
		if w.Code != http.StatusOK && w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", body, w.Code)
		}
	})
}

// Whatever a client responds, the handler gets an answer or an error that may be
// shown.
func FuzzResponse(f *testing.F) {
	f.Add(`{"jsonrpc":"2.0","id":"x","result":{}}`)
	f.Add(`{"jsonrpc":"2.0","id":"x","error":{"code":-1,"message":"no"}}`)
	f.Add(`{"result":null,"error":null}`)
	f.Fuzz(func(t *testing.T, response string) {
		responseID([]byte(response))
		answer, err := answerIn([]byte(response), tandem.Question{Method: tandem.AskForm})
		if (answer == nil) == (err == nil) {
			t.Errorf("%s: %s, %v", response, answer, err)
		}
		if err != nil && tandem.CodeOf(err) == tandem.Internal {
			t.Errorf("%s: %v", response, err)
		}
	})
}
