package tandemtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
)

// mutation is a value that a schema refuses for one reason.
type mutation struct {
	name  string
	value any
}

// mutations returns variants of v, a value that s accepts, each with one thing
// wrong somewhere in it.
func (g *generator) mutations(s *jsonSchema, v any) []mutation {
	s = s.resolve(g.root)
	if s == nil {
		return nil
	}
	out := g.scalarMutations(s, v)
	switch v := v.(type) {
	case map[string]any:
		out = append(out, g.objectMutations(s, v)...)
	case []any:
		out = append(out, g.arrayMutations(s, v)...)
	}
	return out
}

// scalarMutations break the value itself.
func (g *generator) scalarMutations(s *jsonSchema, v any) []mutation {
	var out []mutation
	for _, wrong := range []any{"text", json.Number("7"), json.Number("1.5"), true, []any{}, map[string]any{}, nil} {
		if !accepts(s, wrong) {
			out = append(out, mutation{fmt.Sprintf("a %T", wrong), wrong})
		}
	}
	if _, isText := v.(string); isText {
		out = append(out, textMutations(s)...)
	}
	if _, isNumber := v.(json.Number); isNumber {
		out = append(out, numberMutations(s)...)
	}
	return out
}

// accepts reports whether the type of v is one that s takes. Where a value of
// the right type is refused for another reason, it is a good mutation too.
func accepts(s *jsonSchema, v any) bool {
	if len(s.Type) == 0 {
		return true
	}
	var kind string
	switch v := v.(type) {
	case nil:
		kind = "null"
	case bool:
		kind = "boolean"
	case string:
		kind = "string"
	case []any:
		kind = "array"
	case map[string]any:
		kind = "object"
	case json.Number:
		kind = "number"
		if !strings.Contains(v.String(), ".") && slices.Contains(s.Type, "integer") {
			kind = "integer"
		}
	}
	return slices.Contains(s.Type, kind)
}

func textMutations(s *jsonSchema) []mutation {
	out := []mutation{{"an odd text", "\u0000\u202e~"}}
	if n := deref(s.MinLength, 0); n > 0 {
		out = append(out, mutation{"too short", strings.Repeat("é", n-1)})
	}
	if s.MaxLength != nil && *s.MaxLength < 10_000 {
		out = append(out, mutation{"too long", strings.Repeat("é", *s.MaxLength+1)})
	}
	return out
}

func numberMutations(s *jsonSchema) []mutation {
	one := big.NewRat(1, 1)
	var out []mutation
	add := func(name string, r *big.Rat) { out = append(out, mutation{name, numberOf(r)}) }
	if s.Minimum != nil {
		add("below the minimum", new(big.Rat).Sub(rat(*s.Minimum), one))
	}
	if s.Maximum != nil {
		add("above the maximum", new(big.Rat).Add(rat(*s.Maximum), one))
	}
	if s.ExclusiveMinimum != nil {
		add("at the exclusive minimum", rat(*s.ExclusiveMinimum))
	}
	if s.ExclusiveMaximum != nil {
		add("at the exclusive maximum", rat(*s.ExclusiveMaximum))
	}
	return append(out,
		mutation{"past int64", json.Number("9223372036854775808")},
		mutation{"past float64", json.Number("1e400")})
}

func (g *generator) objectMutations(s *jsonSchema, v map[string]any) []mutation {
	var out []mutation
	with := func(name, key string, value any) {
		changed := maps.Clone(v)
		changed[key] = value
		out = append(out, mutation{name, changed})
	}
	for _, name := range s.Required {
		without := maps.Clone(v)
		delete(without, name)
		out = append(out, mutation{"without " + name, without})
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.forbidden {
		with("unknown property", "no_such_property", true)
	}
	for _, key := range slices.Sorted(maps.Keys(v)) {
		property := s.Properties[key]
		if property == nil {
			continue
		}
		for _, m := range g.mutations(property, v[key]) {
			with(key+": "+m.name, key, m.value)
		}
	}
	if len(s.Required) > 1 {
		out = append(out, mutation{"everything missing", map[string]any{}})
	}
	return out
}

func (g *generator) arrayMutations(s *jsonSchema, v []any) []mutation {
	var out []mutation
	if n := deref(s.MinItems, 0); n > 0 {
		out = append(out, mutation{"too few", v[:n-1]})
	}
	if s.MaxItems != nil && *s.MaxItems < 1000 {
		more := slices.Clone(v)
		for len(more) <= *s.MaxItems {
			more = append(more, g.value(s.Items, maxDepth))
		}
		out = append(out, mutation{"too many", more})
	}
	if s.UniqueItems && len(v) > 0 {
		out = append(out, mutation{"repeated", append(slices.Clone(v), v[0])})
	}
	if len(v) > 0 && s.Items != nil {
		for _, m := range g.mutations(s.Items, v[0]) {
			changed := slices.Clone(v)
			changed[0] = m.value
			out = append(out, mutation{"item: " + m.name, changed})
		}
	}
	return out
}
