package tandem

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/tandem-go/tandem/internal/schema"
)

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
