package tandem

import (
<<<<<<< HEAD
	"context"
	"encoding/json"
	"fmt"
	"reflect"
=======
	"bytes"
	"encoding/json"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
>>>>>>> 439a81f (wip)

	"github.com/tandem-go/tandem/internal/schema"
)

<<<<<<< HEAD
// Form asks a person to fill in a form: MCP's elicitation. The form is a struct
// of strings, numbers, booleans and enums, with the tags that arguments have; the
// answer is validated like arguments and stored in form. What form holds before
// is not shown: defaults are tags.
func Form[T any](message string, form *T) Question {
	q := Question{Method: AskForm}
	t, err := schema.NewRegistry().Compile(reflect.TypeFor[T](), schema.Options{})
	if err == nil {
		err = checkForm(t)
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
	}{"form", message, formSchema(t)})
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

// formSchema returns the form's schema with the keywords that MCP's forms know.
func formSchema(t *schema.Type) json.RawMessage {
	var s map[string]json.RawMessage
	if err := json.Unmarshal(t.Input(), &s); err != nil {
		return t.Input() // not reachable: the schema is an object
	}
	delete(s, "additionalProperties")
	doc, err := json.Marshal(s)
	if err != nil {
		return t.Input() // likewise
	}
	return doc
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
=======
// What MCP's forms know, 2025-11-25, section "Requested Schema". Clients refuse a
// form with a format that they do not know; whatever is left out here is checked
// when the answer comes.
var (
	formKeywords  = []string{"type", "title", "description", "default", "enum", "enumNames", "oneOf", "minLength", "maxLength", "minItems", "maxItems", "items"}
	formFormats   = []string{`"email"`, `"uri"`, `"date"`, `"date-time"`}
	formExtremes  = []string{"-9223372036854775808", "9223372036854775807", "18446744073709551615"}
	formSchemaHas = []string{"type", "properties", "required"}
)

// formSchema returns the form's schema with the keywords that MCP's forms know,
// and its fields in their order.
func formSchema(t *schema.Type) (json.RawMessage, error) {
	return eachMember(json.RawMessage(t.Input()), func(name string, value json.RawMessage) (json.RawMessage, error) {
		switch {
		case name == "properties":
			return eachMember(value, func(_ string, property json.RawMessage) (json.RawMessage, error) {
				return eachMember(property, formKeyword)
			})
		case slices.Contains(formSchemaHas, name):
			return value, nil
		}
		return nil, nil
	})
}

// formKeyword returns the value of a keyword of a field; nil leaves it out.
func formKeyword(name string, value json.RawMessage) (json.RawMessage, error) {
	switch {
	case name == "type" && value[0] == '[':
		return typeBesideNull(value)
	case name == "format" && slices.Contains(formFormats, string(value)):
	case (name == "minimum" || name == "maximum") && !slices.Contains(formExtremes, string(value)):
	case slices.Contains(formKeywords, name):
	default:
		return nil, nil
	}
	return value, nil
}

// typeBesideNull returns the one type in a list of it and null: what a form lets
// its reader leave out needs no null.
func typeBesideNull(list json.RawMessage) (json.RawMessage, error) {
	var types []string
	if err := json.Unmarshal(list, &types); err != nil {
		return nil, err
	}
	types = slices.DeleteFunc(types, func(t string) bool { return t == "null" })
	if len(types) != 1 {
		return list, nil
	}
	return json.Marshal(types[0])
}

// eachMember returns the object with each member's value changed; those whose
// change is nil are left out.
func eachMember(object json.RawMessage, change func(name string, value json.RawMessage) (json.RawMessage, error)) (json.RawMessage, error) {
	d := jsontext.NewDecoder(bytes.NewReader(object))
	out := []byte{'{'}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String() // the next read uses its memory again
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		changed, err := change(key, json.RawMessage(value))
		if err != nil {
			return nil, err
		}
		if changed == nil {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		encoded, err := json.Marshal(key)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, encoded...), ':'), changed...)
	}
	return append(out, '}'), nil
>>>>>>> 439a81f (wip)
}
