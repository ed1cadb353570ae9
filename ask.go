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

<<<<<<< HEAD
=======
// Form asks a person to fill in a form: MCP's elicitation. The form is a struct
// of strings, numbers, booleans and enums, with the tags that arguments have; the
// answer is validated like arguments and stored in form. What form holds before
// is not shown: defaults are tags.
func Form[T any](message string, form *T) Question {
	q := Question{Method: AskForm}
	t, err := schema.NewRegistry().Compile(reflect.TypeFor[T](), schema.Options{})
	var requested json.RawMessage
	if err == nil {
		err = checkForm(t)
	}
	if err == nil {
		requested, err = formSchema(t)
	}
	if err != nil {
		q.err = fmt.Errorf("form %T: %w", *form, err)
		return q
	}
	q.schema = t
	q.Params, q.err = json.Marshal(struct {
		Mode    string          `json:"mode"`
		Message string          `json:"message"`
		Schema  json.RawMessage `json:"requestedSchema"`
	}{"form", message, requested})
	q.receive = func(ctx context.Context, answer json.RawMessage) error {
		content, err := accepted(answer)
		if err != nil {
			return err
		}
		if fields := t.Decode(ctx, content, form); len(fields) > 0 {
			return InvalidFields(fields)
		}
		return nil
	}
	return q
}

// checkForm refuses what MCP's forms cannot show: they are flat.
func checkForm(t *schema.Type) error {
	for _, f := range t.Fields() {
		switch {
		case f.Kind == "array" && (f.ItemKind == "string" || offersChoices(f.Schema)):
		case f.Kind == "" || f.Kind == "object" || f.Kind == "array":
			return fmt.Errorf("field %q: a form has strings, numbers, booleans, and lists of enum values", f.Name)
		}
	}
	return nil
}

// offersChoices reports whether the schema of an array, one that a type has
// brought along, lists its items' values with titles.
func offersChoices(array json.RawMessage) bool {
	var s struct {
		Items struct {
			AnyOf []struct {
				Const *string `json:"const"`
			} `json:"anyOf"`
		} `json:"items"`
	}
	if err := json.Unmarshal(array, &s); err != nil {
		return false
	}
	for _, choice := range s.Items.AnyOf {
		if choice.Const == nil {
			return false
		}
	}
	return len(s.Items.AnyOf) > 0
}

// Visit asks a person to open a URL, for what must not pass through the client,
// such as credentials: MCP's elicitation in URL mode. An answer says that the
// person agreed to go there, not what came of it. The id names this visit.
func Visit(message, url, id string) Question {
	q := Question{Method: AskForm, URLMode: true}
	q.Params, q.err = json.Marshal(struct {
		Mode    string `json:"mode"`
		Message string `json:"message"`
		URL     string `json:"url"`
		ID      string `json:"elicitationId"`
	}{"url", message, url, id})
	q.receive = func(_ context.Context, answer json.RawMessage) error {
		_, err := accepted(answer)
		return err
	}
	return q
}

// accepted returns the content of an elicitation's result, or why there is none.
func accepted(answer json.RawMessage) (json.RawMessage, error) {
	var result struct {
		Action  string          `json:"action"`
		Content json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(answer, &result); err != nil {
		return nil, badAnswer("the answer to the question is not an elicitation result")
	}
	switch result.Action {
	case "accept":
		if result.Content == nil {
			return json.RawMessage("{}"), nil
		}
		return result.Content, nil
	case "decline":
		return nil, Errorf(FailedPrecondition, "the caller declined to answer").WithCause(ErrDeclined)
	case "cancel":
		return nil, Errorf(FailedPrecondition, "the caller dismissed the question").WithCause(ErrDismissed)
	}
	return nil, badAnswer("%q is no action of an elicitation result; it is accept, decline or cancel", result.Action)
}

// SampleRequest asks the caller's model for a message: MCP's sampling.
type SampleRequest struct {
	Messages     []Message
	SystemPrompt string // optional
	MaxTokens    int    // at least 1
}

// SampleResult is what the caller's model said.
type SampleResult struct {
	Model      string
	StopReason string
	Role       Role
	Content    Blocks
}

// Sampling asks the caller's model.
func Sampling(request SampleRequest, result *SampleResult) Question {
	q := Question{Method: AskSampling}
	messages := make([]json.RawMessage, len(request.Messages))
	for i, m := range request.Messages {
		messages[i] = m.JSON()
	}
	q.Params, q.err = json.Marshal(struct {
		Messages     []json.RawMessage `json:"messages"`
		SystemPrompt string            `json:"systemPrompt,omitempty"`
		MaxTokens    int               `json:"maxTokens"`
	}{messages, request.SystemPrompt, max(request.MaxTokens, 1)})
	q.receive = func(_ context.Context, answer json.RawMessage) error {
		return result.decode(answer)
	}
	return q
}

func (r *SampleResult) decode(answer json.RawMessage) error {
	var result struct {
		Model      string          `json:"model"`
		StopReason string          `json:"stopReason"`
		Role       Role            `json:"role"`
		Content    json.RawMessage `json:"content"`
	}
	if err := json.Unmarshal(answer, &result); err != nil {
		return badAnswer("the answer to the question is not a sampling result")
	}
	content, err := parseBlocks(result.Content)
	if err != nil {
		return badAnswer("the answer to the question: %v", err)
	}
	*r = SampleResult{Model: result.Model, StopReason: result.StopReason, Role: result.Role, Content: content}
	return nil
}

// Root is a folder or a file that the caller works on.
type Root struct {
	URI  string `json:"uri"`
	Name string `json:"name,omitempty"`
}

// ListRoots asks which roots the caller works on.
func ListRoots(roots *[]Root) Question {
	return Question{
		Method: AskRoots,
		Params: json.RawMessage("{}"),
		receive: func(_ context.Context, answer json.RawMessage) error {
			var result struct {
				Roots []Root `json:"roots"`
			}
			if err := json.Unmarshal(answer, &result); err != nil {
				return badAnswer("the answer to the question is not a list of roots")
			}
			*roots = result.Roots
			return nil
		},
	}
}

>>>>>>> 439a81f (wip)
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
