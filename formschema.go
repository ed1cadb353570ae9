package tandem

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-go/tandem/internal/schema"
)

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
}
