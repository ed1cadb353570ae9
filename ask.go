package tandem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-go/tandem/internal/schema"
)

// The methods by which the caller is asked, as MCP names them.
const (
	AskForm     = "elicitation/create"
	AskSampling = "sampling/createMessage"
	AskRoots    = "roots/list"
)

// ErrDeclined is in the chain of the error of [Ask] when the person refused.
var ErrDeclined = errors.New("the caller declined to answer")

// ErrDismissed is in the chain of the error of [Ask] when the person closed the
// question without an answer.
var ErrDismissed = errors.New("the caller dismissed the question")

// ErrBadAnswer is in the chain of an error when what a caller sent back, the state
// or an answer, is not what was asked for: a fault of its client and not of the
// arguments, which a model cannot mend.
var ErrBadAnswer = errors.New("the state or the answer is not what was asked for")

// Question is something that a handler asks its caller: make one with [Form],
// [Visit], [Sampling] or [ListRoots].
type Question struct {
	// Method is AskForm, AskSampling or AskRoots.
	Method string
	// URLMode tells a [Visit] from a [Form].
	URLMode bool
	// Params is the request's parameters, a JSON object.
	Params json.RawMessage
	// ID names the question to a caller without a session, who sends the answer
	// under it; empty means one made of its place, such as "q1-1". See [Question.Named].
	ID string

	schema  *schema.Type // of a form
	err     error        // a mistake in making it
	receive func(ctx context.Context, answer json.RawMessage) error
}

// Schema returns the JSON Schema of a form's content; nil for other questions.
func (q Question) Schema() json.RawMessage {
	if q.schema == nil {
		return nil
	}
	return q.schema.Input()
}

// Named returns the question with an id of its own, by which a caller without a
// session finds its answer. It must be unique among the questions of one [Ask].
func (q Question) Named(id string) Question {
	q.ID = id
	return q
}

// Asker puts questions to the caller of one call. Doors implement it.
type Asker interface {
	// CanAsk reports whether the caller has declared that it can answer.
	CanAsk(q Question) bool
	// Ask returns an answer for each question, in their order.
	Ask(ctx context.Context, questions []Question) ([]json.RawMessage, error)
}

type askerKey struct{}

// WithAsker returns a context whose questions go through asker.
func WithAsker(ctx context.Context, asker Asker) context.Context {
	return context.WithValue(ctx, askerKey{}, asker)
}

// CanAsk reports whether the caller of this call can answer every question.
func CanAsk(ctx context.Context, questions ...Question) bool {
	asker, ok := ctx.Value(askerKey{}).(Asker)
	if !ok {
		return false
	}
	for _, q := range questions {
		if q.err != nil || !asker.CanAsk(q) {
			return false
		}
	}
	return true
}

// CannotAskError says that the caller cannot answer a question, by the method of
// the question. It is in the chain of the error of [Ask].
type CannotAskError struct {
	Method  string
	URLMode bool
}

// Error names the method.
func (e *CannotAskError) Error() string { return "the caller cannot be asked by " + e.Method }

// Ask puts questions to the caller, all at once, and returns when they are
// answered and their answers are stored. Return its error from the handler as it
// is: a person who declines becomes FailedPrecondition with [ErrDeclined] or
// [ErrDismissed] in its chain, a caller who cannot be asked FailedPrecondition
// with a [*CannotAskError].
//
// In a session the handler waits. A caller without one (MCP 2026-07-28, REST)
// gets the questions as the answer to its request, and the handler runs anew when
// it comes back with answers: up to Ask it must have no effect and must ask the
// same questions in the same order.
func Ask(ctx context.Context, questions ...Question) error {
	asker, ok := ctx.Value(askerKey{}).(Asker)
	for _, q := range questions {
		if q.err != nil {
			return fmt.Errorf("ask: %w", q.err)
		}
		if !ok || !asker.CanAsk(q) {
			return cannotAsk(q)
		}
	}
	if len(questions) == 0 {
		return nil
	}
	if id := twice(questions); id != "" {
		return fmt.Errorf("ask: two questions are named %q", id)
	}
	answers, err := asker.Ask(ctx, questions)
	if err != nil {
		return err
	}
	if len(answers) != len(questions) {
		return fmt.Errorf("ask: %d answers came to %d questions", len(answers), len(questions))
	}
	var errs []error
	for i, q := range questions {
		if err := q.receive(ctx, answers[i]); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// twice returns a name that several of the questions bear, empty if there is none.
func twice(questions []Question) string {
	for i, q := range questions {
		if q.ID != "" && slices.ContainsFunc(questions[:i], func(other Question) bool { return other.ID == q.ID }) {
			return q.ID
		}
	}
	return ""
}

func badAnswer(format string, args ...any) error {
	return Errorf(InvalidArgument, format, args...).WithCause(ErrBadAnswer)
}

func cannotAsk(q Question) error {
	what := strings.TrimSuffix(strings.TrimSuffix(q.Method, "/create"), "/createMessage")
	cause := &CannotAskError{Method: q.Method, URLMode: q.URLMode}
	return Errorf(FailedPrecondition, "this operation needs an answer from its caller, who has not declared that it can be asked (%s)", what).WithCause(cause)
}
