package difftest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// answer is what came back, flat: a value for each path.
type answer map[string]string

// peer is one of the servers, as a client in a session sees it.
type peer struct {
	url     string
	session string
}

// send sends the message and remembers the session that it opened.
func (p *peer) send(t *testing.T, m message) answer {
	t.Helper()
	r, err := m.request(p.url, p.session)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	response, err := http.DefaultClient.Do(r.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if id := response.Header.Get("Mcp-Session-Id"); id != "" && response.StatusCode == http.StatusOK {
		p.session = id
	}
	if m.open && response.StatusCode == http.StatusOK {
		mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
		return answer{"status": strconv.Itoa(response.StatusCode), "type": mediaType}
	}
	return read(t, response, m.first)
}

// read flattens the response.
func read(t *testing.T, response *http.Response, first bool) answer {
	t.Helper()
	a := answer{"status": strconv.Itoa(response.StatusCode)}
	mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode == http.StatusAccepted || response.StatusCode == http.StatusNoContent {
		return a
	}
	switch mediaType {
	case "application/json", "text/event-stream":
		a["type"] = mediaType
	default:
		a["type"] = "other" // the words of a refusal
		return a
	}
	if mediaType == "application/json" {
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		a.add(t, body)
		return a
	}
	for data := range events(t, response.Body) {
		a.add(t, data)
		if first {
			break
		}
	}
	return a
}

// add adds one message, a batch's each.
func (a answer) add(t *testing.T, data []byte) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var doc any
	if err := d.Decode(&doc); err != nil {
		t.Fatalf("%q is no JSON: %v", data, err)
	}
	if batch, ok := doc.([]any); ok {
		a["batch"] = strconv.Itoa(len(batch))
		for _, one := range batch {
			a.addMessage(one)
		}
		return
	}
	a.addMessage(doc)
}

// addMessage adds one message: the answer in place, a notification below its
// method.
func (a answer) addMessage(doc any) {
	object, _ := doc.(map[string]any)
	if method, ok := object["method"].(string); ok {
		a.flatten("notification "+method, object["params"])
		return
	}
	if e, ok := object["error"].(map[string]any); ok {
		delete(e, "message") // free words
	}
	a.flatten("", doc)
}

func (a answer) flatten(path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			a[path] = "{}"
		}
		for name, value := range v {
			a.flatten(strings.TrimPrefix(path+"."+name, "."), value)
		}
	case []any:
		if len(v) == 0 {
			a[path] = "[]"
		}
		for i, value := range v {
			a.flatten(path+"["+strconv.Itoa(i)+"]", value)
		}
	case json.Number:
		a[path] = v.String()
	default:
		a[path] = fmt.Sprintf("%#v", v)
	}
}

// difference is one path at which two answers differ.
type difference struct {
	at          string // "revision / method / mutation"
	path        string
	tandem, sdk string // empty for none
}

func (d difference) String() string {
	return fmt.Sprintf("%s: %s: Tandem has %s, the SDK %s", d.at, d.path, orNothing(d.tandem), orNothing(d.sdk))
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

// differences returns where the answers differ. Where they do not agree on what
// came of the message, the rest follows from that; a refusal is a refusal in
// whatever words.
func differences(at string, tandem, sdk answer) []difference {
	if sdk["type"] == "other" && sdk["status"] == tandem["status"] {
		return nil
	}
	if tandem.outcome() != sdk.outcome() {
		return []difference{{at, "outcome", tandem.outcome(), sdk.outcome()}}
	}
	var all []difference
	for path, value := range tandem {
		if sdk[path] != value {
			all = append(all, difference{at, path, value, sdk[path]})
		}
	}
	for path, value := range sdk {
		if _, ok := tandem[path]; !ok {
			all = append(all, difference{at, path, "", value})
		}
	}
	return all
}

// outcome returns in short what came of the message. Where a transport refuses it,
// the SDK has words and no code, so that the status alone counts.
func (a answer) outcome() string {
	status := a["status"]
	switch {
	case a["error.code"] != "":
		return status + " error " + a["error.code"]
	case a["result.isError"] == "true":
		return status + " tool error"
	case a["type"] == "other":
		return status + " refused"
	case a["jsonrpc"] == "" && a["type"] != "":
		return status + " notification"
	case a["type"] != "":
		return status + " result"
	}
	return status
}
