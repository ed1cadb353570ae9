package tandem_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

type confirmation struct {
	Sure   bool   `json:"sure" doc:"Whether to go on"`
	Reason string `json:"reason,omitzero" default:"none" maxLength:"20"`
}

type writeOff struct {
	Pieces int `json:"pieces" minimum:"1"`
}

type writtenOff struct {
	Pieces int    `json:"pieces"`
	Reason string `json:"reason"`
	Signed bool   `json:"signed"`
}

// askTwice asks for a confirmation, and above 1000 pieces for a signature.
func askTwice(ctx context.Context, in writeOff) (writtenOff, error) {
	var sure, signature confirmation
	if err := tandem.Ask(ctx, tandem.Form("Really?", &sure)); err != nil {
		return writtenOff{}, err
	}
	if in.Pieces > 1000 {
		if err := tandem.Ask(ctx, tandem.Form("Sign", &signature)); err != nil {
			return writtenOff{}, err
		}
	}
	return writtenOff{in.Pieces, sure.Reason, signature.Sure}, nil
}

func newAsking(t *testing.T) *tandem.Registered {
	t.Helper()
	return tandem.Register(tandem.New("asking", "1"), tandem.Operation{Name: "write_off"}, askTwice)
}

func canAsk(tandem.Question) bool { return true }

func accept(content string) json.RawMessage {
	return json.RawMessage(`{"action":"accept","content":` + content + `}`)
}

// resume makes one round and returns the question that is pending.
func resume(t *testing.T, op *tandem.Registered, arguments string, r tandem.Resume) (tandem.Result, *tandem.Pending, error) {
	t.Helper()
	r.CanAsk = canAsk
	result, err := op.InvokeResumable(t.Context(), &tandem.Call{Operation: op, Arguments: []byte(arguments)}, r)
	var p *tandem.Pending
	if errors.As(err, &p) {
		return result, p, nil
	}
	return result, nil, err
}

func answering(p *tandem.Pending, content string) tandem.Resume {
	return tandem.Resume{State: p.State, Answers: map[string]json.RawMessage{p.Questions[0].ID: accept(content)}}
}

// A handler that asks twice is carried through two rounds by a caller without a
// session, whichever way that writes the same arguments.
func TestResumeSeveralRounds(t *testing.T) {
	op := newAsking(t)
	_, first, err := resume(t, op, `{"pieces":2000}`, tandem.Resume{})
	if err != nil || first == nil || len(first.Questions) != 1 {
		t.Fatalf("first round: %+v, %v", first, err)
	}
	if q := first.Questions[0]; q.Method != tandem.AskForm || !strings.Contains(string(q.Params), "Really?") || !strings.Contains(string(q.Schema()), `"sure"`) {
		t.Errorf("the question is %s %s", q.Method, q.Params)
	}
	_, second, err := resume(t, op, `{ "pieces": 2000 }`, answering(first, `{"sure":true,"reason":"mould"}`))
	if err != nil || second == nil {
		t.Fatalf("second round: %+v, %v", second, err)
	}
	if second.Questions[0].ID == first.Questions[0].ID {
		t.Error("two rounds have one id")
	}
	result, _, err := resume(t, op, `{"pieces":2000}`, answering(second, `{"sure":true}`))
	if want := `{"pieces":2000,"reason":"mould","signed":true}`; err != nil || string(result.JSON) != want {
		t.Errorf("got %s, %v; want %s", result.JSON, err, want)
	}
}

// A round that lacks answers is asked again.
func TestResumeWithoutAnswers(t *testing.T) {
	op := newAsking(t)
	_, first, _ := resume(t, op, `{"pieces":1}`, tandem.Resume{})
	_, again, err := resume(t, op, `{"pieces":1}`, tandem.Resume{State: first.State})
	if err != nil || again == nil || again.Questions[0].ID != first.Questions[0].ID {
		t.Errorf("got %+v, %v", again, err)
	}
}

// A state is good for its call alone: the same principal, operation and
// arguments, unchanged.
func TestResumeRefusesForeignStates(t *testing.T) {
	op := newAsking(t)
	_, first, _ := resume(t, op, `{"pieces":1}`, tandem.Resume{})
	good := answering(first, `{"sure":true}`)
	other := tandem.WithPrincipal(t.Context(), &tandem.Principal{Issuer: "x", Subject: "other"})
	for name, c := range map[string]struct {
		ctx       context.Context
		arguments string
		state     string
	}{
		"other arguments": {t.Context(), `{"pieces":2}`, first.State},
		"other principal": {other, `{"pieces":1}`, first.State},
		"changed":         {t.Context(), `{"pieces":1}`, first.State[:len(first.State)-2] + "AA"},
		"made up":         {t.Context(), `{"pieces":1}`, "AAAA"},
	} {
		t.Run(name, func(t *testing.T) {
			r := tandem.Resume{State: c.state, Answers: good.Answers, CanAsk: canAsk}
			_, err := op.InvokeResumable(c.ctx, &tandem.Call{Operation: op, Arguments: []byte(c.arguments)}, r)
			if tandem.CodeOf(err) != tandem.InvalidArgument || !errors.Is(err, tandem.ErrBadAnswer) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Declining and dismissing reach the handler as errors of their own; a wrong
// answer is refused like wrong arguments.
func TestAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		code   tandem.Code
		is     error
	}{
		"declined":       {`{"action":"decline"}`, tandem.FailedPrecondition, tandem.ErrDeclined},
		"dismissed":      {`{"action":"cancel"}`, tandem.FailedPrecondition, tandem.ErrDismissed},
		"unknown action": {`{"action":"maybe"}`, tandem.InvalidArgument, tandem.ErrBadAnswer},
		"no object":      {`7`, tandem.InvalidArgument, tandem.ErrBadAnswer},
		"wrong content":  {`{"action":"accept","content":{"sure":"perhaps"}}`, tandem.InvalidArgument, nil},
		"no content":     {`{"action":"accept"}`, tandem.InvalidArgument, nil},
	} {
		t.Run(name, func(t *testing.T) {
			op := newAsking(t)
			_, first, _ := resume(t, op, `{"pieces":1}`, tandem.Resume{})
			_, _, err := resume(t, op, `{"pieces":1}`, tandem.Resume{
				State:   first.State,
				Answers: map[string]json.RawMessage{first.Questions[0].ID: json.RawMessage(c.answer)},
			})
			if tandem.CodeOf(err) != c.code || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A question with a name is answered under it, by a first request too; answers
// that nobody asked for are ignored.
func TestNamedQuestions(t *testing.T) {
	svc := tandem.New("x", "1")
	op := tandem.Register(svc, tandem.Operation{Name: "greet"}, func(ctx context.Context, _ struct{}) (string, error) {
		var form confirmation
		err := tandem.Ask(ctx, tandem.Form("Really?", &form).Named("really"))
		return form.Reason, err
	})
	_, p, err := resume(t, op, `{}`, tandem.Resume{})
	if err != nil || p == nil || p.Questions[0].ID != "really" {
		t.Fatalf("got %+v, %v", p, err)
	}
	answers := map[string]json.RawMessage{"really": accept(`{"sure":true,"reason":"mould"}`), "other": accept(`{}`)}
	for name, r := range map[string]tandem.Resume{
		"with the state":       {State: p.State, Answers: answers},
		"in the first request": {Answers: answers},
	} {
		result, _, err := resume(t, op, `{}`, r)
		if err != nil || string(result.JSON) != `"mould"` {
			t.Errorf("%s: got %s, %v", name, result.JSON, err)
		}
	}
}

// Two questions of one Ask cannot bear one name.
func TestNamesAreDistinct(t *testing.T) {
	op := tandem.Register(tandem.New("x", "1"), tandem.Operation{Name: "ask"}, func(ctx context.Context, _ struct{}) (struct{}, error) {
		q := tandem.ListRoots(new([]tandem.Root)).Named("roots")
		return struct{}{}, tandem.Ask(ctx, q, q)
	})
	if _, _, err := resume(t, op, `{}`, tandem.Resume{}); tandem.CodeOf(err) != tandem.Internal {
		t.Errorf("got %v", err)
	}
}

// A caller who has not declared that it can answer is never asked.
func TestAskNobody(t *testing.T) {
	op := newAsking(t)
	_, err := op.Invoke(t.Context(), &tandem.Call{Operation: op, Arguments: []byte(`{"pieces":1}`)})
	var cannot *tandem.CannotAskError
	if tandem.CodeOf(err) != tandem.FailedPrecondition || !errors.As(err, &cannot) || cannot.Method != tandem.AskForm {
		t.Errorf("got %v", err)
	}
	if tandem.CanAsk(t.Context(), tandem.ListRoots(new([]tandem.Root))) {
		t.Error("nobody can be asked")
	}
}

// A form is flat.
func TestFormRefusesNesting(t *testing.T) {
	var nested struct {
		Inner confirmation `json:"inner"`
	}
	ctx := tandem.WithAsker(t.Context(), nil)
	if err := tandem.Ask(ctx, tandem.Form("?", &nested)); err == nil || !strings.Contains(err.Error(), "inner") {
		t.Errorf("got %v", err)
	}
}

type titledChoices []string

func (titledChoices) JSONSchema() json.RawMessage {
	return json.RawMessage(`{"type":"array","items":{"anyOf":[{"const":"a","title":"Alpha"},{"const":"b","title":"Beta"}]}}`)
}

type anything []string

func (anything) JSONSchema() json.RawMessage { return json.RawMessage(`{"type":"array","items":{}}`) }

// A list whose type brings its schema along must offer choices.
func TestFormChoices(t *testing.T) {
	var titled struct {
		Choices titledChoices `json:"choices"`
	}
	if q := tandem.Form("?", &titled); !strings.Contains(string(q.Params), `"title":"Beta"`) {
		t.Errorf("got %s", q.Params)
	}
	var open struct {
		Choices anything `json:"choices"`
	}
	if q := tandem.Form("?", &open); q.Params != nil {
		t.Errorf("got %s", q.Params)
	}
}

// Goroutines of a handler may ask side by side, and one that outlives the handler
// gets an error instead of an answer.
func TestAskFromGoroutines(t *testing.T) {
	release, late := make(chan struct{}), make(chan error, 1)
	op := tandem.Register(tandem.New("asking", "1"), tandem.Operation{Name: "ask_beside"}, func(ctx context.Context, _ struct{}) (struct{}, error) {
		var sure confirmation
		errs := make(chan error, 4)
		for range cap(errs) {
			go func() { errs <- tandem.Ask(ctx, tandem.Form("Really?", &confirmation{})) }()
		}
		go func() {
			<-release
			late <- tandem.Ask(ctx, tandem.Form("Still there?", &sure))
		}()
		var all []error
		for range cap(errs) {
			all = append(all, <-errs)
		}
		return struct{}{}, errors.Join(all...)
	})
	_, p, err := resume(t, op, `{}`, tandem.Resume{})
	if err != nil || p == nil || p.State == "" {
		t.Fatalf("got %v, %v", p, err)
	}
	close(release)
	if err := <-late; tandem.CodeOf(err) != tandem.Canceled {
		t.Errorf("a goroutine that outlived its handler got %v", err)
	}
}

// A state is good for the operation that asked, not for a prompt of its name.
func TestStateOfAnotherKind(t *testing.T) {
	svc := tandem.New("asking", "1")
	op := tandem.Register(svc, tandem.Operation{Name: "purge"}, func(ctx context.Context, _ struct{}) (struct{}, error) {
		return struct{}{}, tandem.Ask(ctx, tandem.Form("Really?", &confirmation{}))
	})
	prompt := tandem.Prompt(svc, tandem.PromptInfo{Name: "purge"}, func(ctx context.Context, _ struct{}) ([]tandem.Message, error) {
		return nil, tandem.Ask(ctx, tandem.Form("Really?", &confirmation{}))
	})
	_, p, err := resume(t, prompt.Operation(), `{}`, tandem.Resume{})
	if err != nil || p == nil {
		t.Fatalf("got %v, %v", p, err)
	}
	answered := tandem.Resume{State: p.State, Answers: map[string]json.RawMessage{"q1-1": accept(`{"sure":true}`)}}
	if _, _, err := resume(t, op, `{}`, answered); !errors.Is(err, tandem.ErrBadAnswer) {
		t.Errorf("the operation took the state of the prompt: %v", err)
	}
	if _, _, err := resume(t, prompt.Operation(), `{}`, answered); err != nil {
		t.Errorf("the prompt refused its own state: %v", err)
	}
}
