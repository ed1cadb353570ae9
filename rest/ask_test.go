package rest_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/rest"
)

type confirmation struct {
	Confirm bool   `json:"confirm" doc:"Whether to go on"`
	Note    string `json:"note,omitzero" maxLength:"20"`
}

// newAsking returns a service whose operation asks twice, first two things at
// once, and counts what it has done.
func newAsking(done *int) *tandem.Service {
	svc := tandem.New("asking", "1")
	svc.Logger = slog.New(slog.DiscardHandler)
	type order struct {
		SKU string `json:"sku"`
	}
	tandem.Register(svc, tandem.Operation{Name: "order", Asks: true}, func(ctx context.Context, in order) (string, error) {
		var first, second confirmation
		if err := tandem.Ask(ctx, tandem.Form("Order "+in.SKU+"?", &first), tandem.Visit("Sign", "https://example.com/sign", "v1")); err != nil {
			return "", err
		}
		if err := tandem.Ask(ctx, tandem.Form("Sure?", &second)); err != nil {
			return "", err
		}
		*done++
		return first.Note + "/" + second.Note, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "sample"}, func(ctx context.Context, _ struct{}) (string, error) {
		var roots []tandem.Root
		return "", tandem.Ask(ctx, tandem.ListRoots(&roots))
	})
	return svc
}

const asJSON = "Content-Type: application/json"

// ask sends the order with a state and answers; empty ones are left out.
func (c *client) ask(state, answers string, headers ...string) answer {
	c.t.Helper()
	headers = append(headers, asJSON)
	if state != "" {
		headers = append(headers, rest.StateHeader+": "+state)
	}
	if answers != "" {
		headers = append(headers, rest.AnswersHeader+": "+answers)
	}
	return c.do("POST", "/api/v1/order", `{"sku":"A"}`, headers...)
}

// required returns what an answer says is asked.
func (a answer) required(t *testing.T) tandem.InputRequired {
	t.Helper()
	p := a.problem(t)
	if a.StatusCode != http.StatusConflict || p.Code != "failed_precondition" || p.InputRequired == nil || p.InputRequired.State == "" {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	return *p.InputRequired
}

// An operation that asks ends with a problem that says what and how to answer, and
// goes on from there, round by round, with an effect only at its end.
func TestAskAndResume(t *testing.T) {
	var done int
	c := serve(t, newHandler(t, newAsking(&done), rest.Config{}))
	first := c.ask("", "").required(t)
	if len(first.Questions) != 2 || !strings.Contains(first.How, rest.AnswersHeader) {
		t.Fatalf("%+v", first)
	}
	form, visit := first.Questions[0], first.Questions[1]
	var schema struct{ Properties map[string]any }
	if err := json.Unmarshal(form.Schema, &schema); err != nil || schema.Properties["confirm"] == nil || form.Message != "Order A?" || form.URL != "" {
		t.Errorf("%+v %v", form, err)
	}
	if visit.URL != "https://example.com/sign" || visit.Schema != nil || visit.Method != "elicitation/create" {
		t.Errorf("%+v", visit)
	}
	second := c.ask(first.State, `{"q1-1":{"action":"accept","content":{"confirm":true,"note":"gr\u00fcn"}},"q1-2":{"action":"accept"}}`).required(t)
	answers := `{"q2-1":{"action":"accept","content":{"confirm":true,"note":"blöd"}}}`
	if done != 0 {
		t.Error("it went on before the last answer")
	}
	wrapped := "=?base64?" + base64.StdEncoding.EncodeToString([]byte(answers)) + "?="
	got := c.ask(second.State, wrapped)
	if got.StatusCode != 200 || got.body != `"grün/blöd"` || done != 1 {
		t.Errorf("%d %s, done %d times", got.StatusCode, got.body, done)
	}
}

// What comes back wrong is refused and has no effect, each with a reason.
func TestResumeRefused(t *testing.T) {
	var done int
	c := serve(t, newHandler(t, newAsking(&done), rest.Config{}))
	state := c.ask("", "").required(t).State
	const good = `"q1-2":{"action":"accept"}`
	for name, test := range map[string]struct {
		state, answers string
		status         int
		code           string
	}{
		"tampered state":    {"x" + state, `{}`, 400, "invalid_argument"},
		"declined":          {state, `{"q1-1":{"action":"decline"},` + good + `}`, 409, "failed_precondition"},
		"against the form":  {state, `{"q1-1":{"action":"accept","content":{"confirm":"yes"}},` + good + `}`, 400, "invalid_argument"},
		"no JSON":           {state, `q1-1=yes`, 400, "invalid_argument"},
		"no object":         {state, `[]`, 400, "invalid_argument"},
		"null":              {state, `null`, 400, "invalid_argument"},
		"a duplicate":       {state, `{"q1-1":1,"q1-1":2}`, 400, "invalid_argument"},
		"no base64":         {state, `=?base64?!?=`, 400, "invalid_argument"},
		"unclosed base64":   {state, `=?base64?e30=`, 400, "invalid_argument"},
		"answers too large": {state, `{"q":"` + strings.Repeat("x", 24<<10) + `"}`, 431, "resource_exhausted"},
		"state too large":   {strings.Repeat("x", 33<<10), `{}`, 431, "resource_exhausted"},
	} {
		got := c.ask(test.state, test.answers)
		if p := got.problem(t); got.StatusCode != test.status || p.Code != test.code || p.InputRequired != nil {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
	if got := c.ask(state, "{}", rest.AnswersHeader+": {}"); got.StatusCode != 400 {
		t.Errorf("two headers: %d", got.StatusCode)
	}
	if again := c.ask(state, "").required(t); len(again.Questions) != 2 {
		t.Errorf("a state without answers asks again, got %+v", again)
	}
	if done != 0 {
		t.Errorf("done %d times", done)
	}
}

// A stream tells what is asked as its error.
func TestAskOnStream(t *testing.T) {
	var done int
	c := serve(t, newHandler(t, newAsking(&done), rest.Config{}))
	got := c.ask("", "", "Accept: text/event-stream")
	_, data, _ := strings.Cut(got.body, "event: error\ndata: ")
	var p tandem.Problem
	if err := json.Unmarshal([]byte(data), &p); err != nil || p.InputRequired == nil || p.InputRequired.How == "" {
		t.Errorf("%v: %s", err, got.body)
	}
}

// A caller over HTTP has no roots and no model.
func TestCannotAsk(t *testing.T) {
	var done int
	svc := newAsking(&done)
	var cannot *tandem.CannotAskError
	svc.Use(func(next tandem.Invoker) tandem.Invoker {
		return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
			result, err := next(ctx, call)
			errors.As(err, &cannot)
			return result, err
		}
	})
	got := serve(t, newHandler(t, svc, rest.Config{})).do("POST", "/api/v1/sample", "{}", asJSON)
	if p := got.problem(t); got.StatusCode != 409 || p.InputRequired != nil || cannot == nil || cannot.Method != tandem.AskRoots {
		t.Errorf("%d %s", got.StatusCode, got.body)
	}
}

// A state is good for its arguments and its principal alone.
func TestStateIsBound(t *testing.T) {
	var done int
	h := newHandler(t, newAsking(&done), rest.Config{})
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &tandem.Principal{Subject: r.Header.Get("X-Subject")}
		h.ServeHTTP(w, r.WithContext(tandem.WithPrincipal(r.Context(), p)))
	}))
	state := c.ask("", "", "X-Subject: ada").required(t).State
	if got := c.ask(state, "{}", "X-Subject: bob"); got.StatusCode != 400 {
		t.Errorf("of somebody else: %d %s", got.StatusCode, got.body)
	}
	r := c.request("POST", "/api/v1/order", io.NopCloser(strings.NewReader(`{"sku":"B"}`)), asJSON, "X-Subject: ada", rest.StateHeader+": "+state)
	if got := c.send(r); got.StatusCode != 400 {
		t.Errorf("for other arguments: %d %s", got.StatusCode, got.body)
	}
	if got := c.ask(state, "{}", "X-Subject: ada"); got.StatusCode != 409 {
		t.Errorf("for the same: %d %s", got.StatusCode, got.body)
	}
}
