package tandemtest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/binding"
	"github.com/tandem-go/tandem/rest"
)

// restClient calls operations over REST.
type restClient struct {
	caller
	http *http.Client
}

func (c *restClient) Call(ctx context.Context, operation string, arguments json.RawMessage) (Outcome, error) {
	op, ok := c.svc.Operation(operation)
	if !ok {
		return Outcome{}, fmt.Errorf("no operation %q", operation)
	}
	parts, err := op.Binding().Request(arguments)
	if errors.Is(err, binding.ErrInexpressible) {
		return Outcome{}, fmt.Errorf("%w: %w", ErrInexpressible, err)
	}
	if err != nil {
		return Outcome{}, err
	}
	resume := http.Header{}
	var asked []Question
	for range maxRounds {
		outcome, err := c.once(ctx, op, parts, resume)
		if err != nil || outcome.Problem == nil || outcome.Problem.InputRequired == nil || c.answer == nil {
			outcome.Asked = asked
			return outcome, err
		}
		asked = append(asked, c.answerTo(*outcome.Problem.InputRequired, resume)...)
	}
	return Outcome{}, errRounds
}

// once sends one request, with the headers by which it is resumed.
func (c *restClient) once(ctx context.Context, op *tandem.Registered, parts *binding.Request, resume http.Header) (Outcome, error) {
	req, err := parts.HTTP(ctx, origin+restPrefix)
	if err != nil {
		return Outcome{}, err
	}
	maps.Copy(req.Header, resume)
	resp, err := c.http.Do(req)
	if err != nil {
		return Outcome{}, err
	}
	return readREST(resp, op.HasContent())
}

// answerTo writes the answers to what is required into the headers.
func (c *restClient) answerTo(required tandem.InputRequired, resume http.Header) (asked []Question) {
	answers := map[string]json.RawMessage{}
	for _, in := range required.Questions {
		q := Question{Message: in.Message, Schema: in.Schema, URL: in.URL}
		asked, answers[in.ID] = append(asked, q), c.answer(q)
	}
	resume.Set(rest.StateHeader, required.State)
	resume.Set(rest.AnswersHeader, "=?base64?"+base64.StdEncoding.EncodeToString(encodeJSON(answers))+"?=")
	return asked
}

// readREST turns a REST response into an outcome.
func readREST(resp *http.Response, content bool) (Outcome, error) {
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Outcome{}, err
	}
	switch {
	case resp.StatusCode >= 300:
		return problemOutcome(resp, body)
	case content:
		pieces, err := contentIn(resp.Header, body)
		return Outcome{Content: pieces}, err
	case len(body) == 0:
		return Outcome{}, nil
	}
	return Outcome{Result: body}, nil
}

// problemOutcome reads the problem document of a refused HTTP request.
func problemOutcome(resp *http.Response, body []byte) (Outcome, error) {
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil || kind != "application/problem+json" {
		return Outcome{}, fmt.Errorf("HTTP %s: %s", resp.Status, body)
	}
	problem, err := parseProblem(body)
	if err == nil && problem.Status != resp.StatusCode {
		err = fmt.Errorf("HTTP %s carries a problem with status %d", resp.Status, problem.Status)
	}
	return Outcome{Problem: problem}, err
}

func parseProblem(doc []byte) (*tandem.Problem, error) {
	var p tandem.Problem
	if err := json.Unmarshal(doc, &p); err != nil {
		return nil, fmt.Errorf("not a problem document: %w: %s", err, doc)
	}
	if _, known := tandem.ParseCode(p.Code); !known {
		return nil, fmt.Errorf("the problem document has no known code: %s", doc)
	}
	return &p, nil
}
