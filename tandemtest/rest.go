package tandemtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/binding"
)

// restClient calls operations over REST.
type restClient struct {
	http *http.Client
	svc  *tandem.Service
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
	req, err := parts.HTTP(ctx, origin+restPrefix)
	if err != nil {
		return Outcome{}, err
	}
	return readREST(c.http.Do(req))
}

// readREST turns a REST response into an outcome.
func readREST(resp *http.Response, err error) (Outcome, error) {
	if err != nil {
		return Outcome{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Outcome{}, err
	}
	if resp.StatusCode >= 300 {
		return problemOutcome(resp, body)
	}
	if len(body) == 0 {
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
