package tandemtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// encodeRPC writes a message around params without touching their bytes, since
// json.Marshal would compact them. An id of zero makes a notification.
func encodeRPC(id int64, method string, params []byte) []byte {
	var b bytes.Buffer
	b.WriteString(`{"jsonrpc":"2.0"`)
	if id != 0 {
		fmt.Fprintf(&b, `,"id":%d`, id)
	}
	fmt.Fprintf(&b, `,"method":%q`, method)
	if params != nil {
		b.WriteString(`,"params":`)
		b.Write(params)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// rpcMessage is any message from a server.
type rpcMessage struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *rpcError       `json:"error"`
}

// answers reports whether the message is the answer to the request with this id.
func (m rpcMessage) answers(id int64) bool {
	return m.Method == "" && string(m.ID) == strconv.FormatInt(id, 10)
}

// asks reports whether the message is a request of the server.
func (m rpcMessage) asks() bool { return m.Method != "" && m.ID != nil }

type rpcError struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

func (e *rpcError) Error() string { return fmt.Sprintf("JSON-RPC error %d: %s", e.Code, e.Message) }

// toolResult is the result of tools/call.
type toolResult struct {
	Content           []json.RawMessage `json:"content"`
	StructuredContent json.RawMessage   `json:"structuredContent"`
	IsError           bool              `json:"isError"`
}

// callParams encodes the parameters of tools/call; meta may be nil, and extra
// holds further members, each after a comma.
func callParams(operation string, arguments, meta, extra []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"name":%q,"arguments":%s`, operation, arguments)
	if meta != nil {
		fmt.Fprintf(&b, `,"_meta":%s`, meta)
	}
	b.Write(extra)
	b.WriteByte('}')
	return b.Bytes()
}

// toolOutcome turns the answer to tools/call into an outcome.
func (c *caller) toolOutcome(operation string, msg rpcMessage, structured bool) (Outcome, error) {
	if msg.Error != nil {
		return Outcome{}, msg.Error
	}
	var result toolResult
	if err := json.Unmarshal(msg.Result, &result); err != nil {
		return Outcome{}, fmt.Errorf("not a tool result: %w: %s", err, msg.Result)
	}
	content, err := contentOf(result.Content)
	if err != nil {
		return Outcome{}, err
	}
	var text string
	if len(content) > 0 {
		text = string(content[0].Data)
	}
	if result.IsError {
		problem, err := parseProblem([]byte(text))
		return Outcome{Problem: problem, ToolText: text}, err
	}
	if c.hasContent(operation) {
		return Outcome{Content: content, ToolText: text}, nil
	}
	out := Outcome{ToolText: text}
	if text != "" {
		out.Result = json.RawMessage(text)
	}
	if structured {
		return out, checkStructured(out.Result, result.StructuredContent)
	}
	if result.StructuredContent != nil {
		return out, errors.New("structuredContent is sent to a client of a revision that does not know it")
	}
	return out, nil
}

// checkStructured reports whether the structured content, an object, says what
// the text says: the same value, or, where the output's type can be something else
// than an object, that value as the only member, "result".
func checkStructured(text, structured json.RawMessage) error {
	if text == nil && structured == nil {
		return nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(structured, &members); err != nil {
		return fmt.Errorf("structuredContent is no object: %w: %s", err, structured)
	}
	same, err := equalJSON(text, structured)
	if wrapped, ok := members["result"]; ok && len(members) == 1 && !same && err == nil {
		same, err = equalJSON(text, wrapped)
	}
	if err != nil || !same {
		return fmt.Errorf("structuredContent %s does not say what the text says: %s (%v)", structured, text, err)
	}
	return nil
}

// readRPC reads the answer with this id from an HTTP response, a JSON body or an
// event stream. asked is called for each request of the server before it.
func readRPC(resp *http.Response, id int64, asked func(rpcMessage) error) (rpcMessage, error) {
	defer resp.Body.Close()
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return answerOf(newEventReader(resp.Body), id, asked)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return rpcMessage{}, err
	}
	var msg rpcMessage
	if err := json.Unmarshal(body, &msg); err != nil {
		return rpcMessage{}, fmt.Errorf("HTTP %s: %w: %s", resp.Status, err, body)
	}
	if msg.Error == nil && !msg.answers(id) {
		return rpcMessage{}, fmt.Errorf("the answer to request %d has another id: %s", id, body)
	}
	return msg, nil
}

// answerOf reads events until the answer with this id.
func answerOf(events *eventReader, id int64, asked func(rpcMessage) error) (rpcMessage, error) {
	for {
		msg, err := events.message()
		if err == nil && msg.asks() {
			err = asked(msg)
		}
		if err != nil || msg.answers(id) {
			return msg, err
		}
	}
}

// unasked is for requests before which the server sends none.
func unasked(msg rpcMessage) error { return fmt.Errorf("the service sends %s unasked", msg.Method) }

// eventReader reads a text/event-stream.
type eventReader struct{ lines *bufio.Reader }

func newEventReader(r io.Reader) *eventReader { return &eventReader{lines: bufio.NewReader(r)} }

// message returns the message of the next event.
func (r *eventReader) message() (msg rpcMessage, err error) {
	_, data, err := r.next()
	if err != nil {
		return msg, err
	}
	if err := json.Unmarshal(data, &msg); err != nil {
		return msg, fmt.Errorf("event: %w: %s", err, data)
	}
	return msg, nil
}

// next returns the next event that carries data.
func (r *eventReader) next() (event string, data []byte, err error) {
	for {
		line, err := r.lines.ReadString('\n')
		if err != nil {
			return "", nil, fmt.Errorf("the event stream ended: %w", err)
		}
		field, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "event":
			event = value
		case "data":
			data = append(data, value...)
		}
		if line == "\n" || line == "\r\n" {
			if len(data) > 0 {
				return event, data, nil
			}
			event = ""
		}
	}
}
