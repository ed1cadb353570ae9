package tandemtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/tandem-go/tandem"
)

// Question is what an operation asks its caller: a form or a visit.
type Question struct {
	Message string
	Schema  json.RawMessage // of the answer's content; nil for a visit
	URL     string          // of a visit
}

// AnswerFunc answers a question by an elicitation result, such as
// {"action":"accept","content":{"confirm":true}} or {"action":"decline"}. It must
// answer equal questions alike.
type AnswerFunc func(Question) json.RawMessage

// Accept accepts every question: forms are filled in with values that their
// schemas allow, and with true where they ask yes or no.
func Accept(q Question) json.RawMessage {
	if q.Schema == nil {
		return json.RawMessage(`{"action":"accept"}`)
	}
	root, err := parseSchema(q.Schema)
	if err != nil {
		return json.RawMessage(`{"action":"cancel"}`)
	}
	g := &generator{rand: rand.New(rand.NewPCG(hashOf(q.Message), 0)), root: root}
	content, _ := g.value(root, 0).(map[string]any)
	for name, property := range root.Properties {
		if property.Type.first() == "boolean" {
			content[name] = true
		}
	}
	return encodeJSON(map[string]any{"action": "accept", "content": content})
}

func hashOf(text string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(text))
	return h.Sum64()
}

// Answering makes the client one that can be asked. Without it the MCP clients
// declare that they cannot, and what asks a REST caller is a refusal.
func Answering(answer AnswerFunc) Option {
	return func(c *dialConfig) { c.answer = answer }
}

// canAnswer reports whether the transport's revision has questions of this kind.
func (tr Transport) canAnswer(q Question) bool {
	switch {
	case tr == REST:
		return true
	case q.Schema == nil:
		return tr.version() >= "2025-11-25"
	}
	return tr.version() >= "2025-06-18"
}

// maxRounds is how often an operation may ask in one call.
const maxRounds = 20

var errRounds = fmt.Errorf("the operation asks more than %d times", maxRounds)

// caller is what the clients of a service have in common.
type caller struct {
	svc    *tandem.Service
	answer AnswerFunc // nil for one that cannot be asked
}

// capabilities returns the ClientCapabilities that a client of the revision declares.
func (c *caller) capabilities(version string) string {
	if c.answer == nil || version < "2025-06-18" {
		return "{}"
	}
	return `{"elicitation":{"form":{},"url":{}}}`
}

func (c *caller) hasContent(operation string) bool {
	op, ok := c.svc.Operation(operation)
	return ok && op.HasContent()
}

// questionOf reads the parameters of elicitation/create.
func questionOf(method string, params json.RawMessage) (Question, error) {
	var p struct {
		Message string          `json:"message"`
		Schema  json.RawMessage `json:"requestedSchema"`
		URL     string          `json:"url"`
	}
	if method != tandem.AskForm {
		return Question{}, fmt.Errorf("the service asks by %s, which the client has not declared", method)
	}
	if err := json.Unmarshal(params, &p); err != nil {
		return Question{}, fmt.Errorf("the parameters of %s: %w", method, err)
	}
	return Question{Message: p.Message, Schema: p.Schema, URL: p.URL}, nil
}

// respond returns the response to a request of the server within a session.
func (c *caller) respond(request rpcMessage) (response []byte, asked Question, err error) {
	if c.answer == nil {
		return nil, Question{}, fmt.Errorf("the service sends %s to a client that cannot be asked", request.Method)
	}
	q, err := questionOf(request.Method, request.Params)
	if err != nil {
		return nil, q, err
	}
	return fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,"result":%s}`, request.ID, c.answer(q)), q, nil
}

// inputRequired is the result of a modern request that awaits answers.
type inputRequired struct {
	ResultType string `json:"resultType"`
	Requests   map[string]struct {
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	} `json:"inputRequests"`
	State string `json:"requestState"`
}

// resumed makes a modern request, again with answers for as long as it is asked.
func (c *caller) resumed(request func(extra []byte) (rpcMessage, error)) (answer rpcMessage, asked []Question, err error) {
	var extra []byte
	for range maxRounds {
		answer, err = request(extra)
		if err != nil || answer.Error != nil {
			return answer, asked, err
		}
		var r inputRequired
		if err := json.Unmarshal(answer.Result, &r); err != nil || r.ResultType != "input_required" {
			return answer, asked, err
		}
		var qs []Question
		if extra, qs, err = c.answers(r); err != nil {
			return answer, asked, err
		}
		asked = append(asked, qs...)
	}
	return answer, asked, errRounds
}

// answers returns the members of the parameters by which the call goes on.
func (c *caller) answers(r inputRequired) (extra []byte, asked []Question, err error) {
	if c.answer == nil {
		return nil, nil, fmt.Errorf("the service asks a client that cannot be asked")
	}
	responses := map[string]json.RawMessage{}
	for id, request := range r.Requests {
		q, err := questionOf(request.Method, request.Params)
		if err != nil {
			return nil, nil, err
		}
		asked, responses[id] = append(asked, q), c.answer(q)
	}
	return fmt.Appendf(nil, `,"inputResponses":%s,"requestState":%s`, encodeJSON(responses), encodeJSON(r.State)), asked, nil
}

// differQuestions says in which way what was asked differs, in any order; empty
// for none.
func differQuestions(want, got []Question) string {
	a, b := describe(want), describe(got)
	if a == b {
		return ""
	}
	return fmt.Sprintf("questions differ\nwant %s\ngot  %s", a, b)
}

func describe(questions []Question) string {
	var lines []string
	for _, q := range questions {
		var schema bytes.Buffer
		if q.Schema != nil && json.Compact(&schema, q.Schema) != nil {
			schema.Write(q.Schema)
		}
		lines = append(lines, strings.TrimSpace(q.Message+" "+q.URL+schema.String()))
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}
