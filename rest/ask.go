package rest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	strict "github.com/go-json-experiment/json"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/binding"
)

// The headers by which a caller resumes a call that has asked it: the state as it
// came, and a JSON object with an answer for each question's id.
const (
	StateHeader   = binding.StateHeader
	AnswersHeader = binding.AnswersHeader
)

// The size in bytes of what those headers may hold: servers and proxies take a
// header of 64 KiB in all, if not less.
const (
	maxState   = 32 << 10
	maxAnswers = 24 << 10
)

const howToResume = "Within 15 minutes send the same request again with two more headers. " + StateHeader + ": the state. " +
	AnswersHeader + `: a JSON object, in ASCII or as =?base64?…?=, that has for each question's id ` +
	`{"action":"accept","content":{…}} with content for the question's schema, {"action":"accept"} for a url that was visited, {"action":"decline"} or {"action":"cancel"}.`

// canAsk reports whether a question can be put into a problem document: a caller
// over HTTP has no model and no roots to ask for.
func canAsk(q tandem.Question) bool { return q.Method == tandem.AskForm }

// resumeFrom reads what a request brings back, or says what is wrong with it.
func resumeFrom(header http.Header) (resume tandem.Resume, refusal *tandem.Problem) {
	resume.CanAsk = canAsk
	state, answers := header[StateHeader], header[AnswersHeader]
	if state == nil && answers == nil {
		return resume, nil
	}
	if p := checkSizes(state, answers); p != nil {
		return resume, p
	}
	resume.State = strings.Join(state, "")
	if answers == nil {
		return resume, nil
	}
	var err error
	if resume.Answers, err = parseAnswers(answers[0]); err != nil {
		p := problem(http.StatusBadRequest, AnswersHeader+" "+err.Error())
		return resume, &p
	}
	return resume, nil
}

func checkSizes(state, answers []string) *tandem.Problem {
	for _, h := range []struct {
		name   string
		values []string
		most   int
	}{{StateHeader, state, maxState}, {AnswersHeader, answers, maxAnswers}} {
		switch {
		case len(h.values) > 1:
			p := problem(http.StatusBadRequest, "the header "+h.name+" may be there only once")
			return &p
		case len(h.values) == 1 && len(h.values[0]) > h.most:
			p := problem(http.StatusRequestHeaderFieldsTooLarge, fmt.Sprintf("the header %s may have at most %d bytes", h.name, h.most))
			return &p
		}
	}
	return nil
}

// parseAnswers reads answers by the ids of their questions. Headers hold ASCII,
// so that text beyond it is escaped as JSON has it, or wrapped in base64 as in MCP.
func parseAnswers(value string) (map[string]json.RawMessage, error) {
	doc := []byte(value)
	if encoded, ok := strings.CutPrefix(value, "=?base64?"); ok {
		encoded, closed := strings.CutSuffix(encoded, "?=")
		var err error
		if doc, err = base64.StdEncoding.DecodeString(encoded); err != nil || !closed {
			return nil, errors.New("is not base64 between =?base64? and ?=")
		}
	}
	var answers map[string]json.RawMessage
	if err := strict.Unmarshal(doc, &answers); err != nil || answers == nil {
		return nil, errors.New(`must be a JSON object of answers by the questions' ids, such as {"q1-1":{"action":"accept","content":{}}}`)
	}
	return answers, nil
}

// awaiting returns the problem of a call that awaits answers.
func awaiting(p *tandem.Pending) tandem.Problem {
	if len(p.State) > maxState {
		return tandem.Errorf(tandem.ResourceExhausted, "the answers of this call are larger than its caller can carry in a header").Problem()
	}
	doc := p.Problem()
	doc.InputRequired.How = howToResume
	return doc
}

// problemOf returns the document of what [tandem.Registered.InvokeResumable] returned.
func problemOf(err error) tandem.Problem {
	var p *tandem.Pending
	if errors.As(err, &p) {
		return awaiting(p)
	}
	return public(err).Problem()
}
