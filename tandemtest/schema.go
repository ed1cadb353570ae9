package tandemtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// jsonSchema is what the generator reads of a tool's input schema.
type jsonSchema struct {
	Ref                  string                 `json:"$ref"`
	Defs                 map[string]*jsonSchema `json:"$defs"`
	Type                 typeSet                `json:"type"`
	Properties           map[string]*jsonSchema `json:"properties"`
	AdditionalProperties *additional            `json:"additionalProperties"`
	Required             []string               `json:"required"`
	Items                *jsonSchema            `json:"items"`
	OneOf                []*jsonSchema          `json:"oneOf"`
	AnyOf                []*jsonSchema          `json:"anyOf"`
	Enum                 []json.RawMessage      `json:"enum"`
	Const                json.RawMessage        `json:"const"`
	Examples             []json.RawMessage      `json:"examples"`
	Default              json.RawMessage        `json:"default"`
	Format               string                 `json:"format"`
	Pattern              string                 `json:"pattern"`
	MinLength            *int                   `json:"minLength"`
	MaxLength            *int                   `json:"maxLength"`
	Minimum              *json.Number           `json:"minimum"`
	Maximum              *json.Number           `json:"maximum"`
	ExclusiveMinimum     *json.Number           `json:"exclusiveMinimum"`
	ExclusiveMaximum     *json.Number           `json:"exclusiveMaximum"`
	MultipleOf           *json.Number           `json:"multipleOf"`
	MinItems             *int                   `json:"minItems"`
	MaxItems             *int                   `json:"maxItems"`
	UniqueItems          bool                   `json:"uniqueItems"`
	MinProperties        *int                   `json:"minProperties"`
	MaxProperties        *int                   `json:"maxProperties"`
}

func parseSchema(doc []byte) (*jsonSchema, error) {
	var s jsonSchema
	if err := json.Unmarshal(doc, &s); err != nil {
		return nil, fmt.Errorf("input schema: %w", err)
	}
	return &s, nil
}

// names returns the properties in a fixed order.
func (s *jsonSchema) names() []string { return slices.Sorted(maps.Keys(s.Properties)) }

// resolve follows a reference into the root's definitions.
func (s *jsonSchema) resolve(root *jsonSchema) *jsonSchema {
	for s != nil && s.Ref != "" {
		if s.Ref == "#" {
			return root
		}
		s = root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")]
	}
	return s
}

// typeSet is the keyword "type": one name or several.
type typeSet []string

func (t *typeSet) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		*t = make(typeSet, 1)
		return json.Unmarshal(data, &(*t)[0])
	}
	return json.Unmarshal(data, (*[]string)(t))
}

// first returns the first type that is not null; empty for any.
func (t typeSet) first() string {
	for _, name := range t {
		if name != "null" {
			return name
		}
	}
	return ""
}

// additional is the keyword "additionalProperties": a boolean or a schema.
type additional struct {
	forbidden bool
	schema    *jsonSchema
}

func (a *additional) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case "true":
		return nil
	case "false":
		a.forbidden = true
		return nil
	}
	return json.Unmarshal(data, &a.schema)
}
