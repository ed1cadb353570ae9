package schema

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Tag keys with a meaning here. Constraint keys reach the codec of the field's type; the others belong to the field.
var (
	constraintKeys = []string{
		"enum", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
		"multipleOf", "minItems", "maxItems", "uniqueItems", "minProperties", "maxProperties",
	}
	fieldKeys = []string{
		"json", "doc", "title", "default", "example", "readOnly", "writeOnly", "deprecated", "required", "nullable", "in",
		"mcpHeader",
	}
)

// tags are the constraint tags of a field that no codec has taken yet.
type tags struct{ left map[string]string }

func noTags() *tags { return &tags{} }

// take removes and returns the value of key.
func (t *tags) take(key string) (string, bool) {
	value, ok := t.left[key]
	delete(t.left, key)
	return value, ok
}

// takeInt takes a count: an integer from 0.
func (t *tags) takeInt(key string, absent int) (int, error) {
	text, ok := t.take(key)
	if !ok {
		return absent, nil
	}
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("tag %s:%q is not a count", key, text)
	}
	return int(n), nil
}

func (t *tags) takeBool(key string) (value, present bool, err error) {
	text, ok := t.take(key)
	if !ok {
		return false, false, nil
	}
	if text != "true" && text != "false" {
		return false, true, fmt.Errorf(`tag %s:%q must be "true" or "false"`, key, text)
	}
	return text == "true", true, nil
}

// rest refuses the tags that nothing has taken.
func (t *tags) rest(typ reflect.Type) error {
	if len(t.left) == 0 {
		return nil
	}
	keys := slices.Sorted(maps.Keys(t.left))
	return fmt.Errorf("tag %s does not apply to type %s", strings.Join(keys, ", "), typ)
}

// readTags splits a struct tag into the constraints for the codec and the keys of the field itself, refusing what is malformed and
// what is a misspelt key of ours.
func readTags(tag reflect.StructTag) (constraints, own *tags, err error) {
	all, err := splitTag(string(tag))
	if err != nil {
		return nil, nil, err
	}
	constraints, own = &tags{map[string]string{}}, &tags{map[string]string{}}
	for key, value := range all {
		switch {
		case slices.Contains(constraintKeys, key):
			constraints.left[key] = value
		case slices.Contains(fieldKeys, key):
			own.left[key] = value
		default:
			if near := misspelt(key); near != "" {
				return nil, nil, fmt.Errorf("unknown tag %s; did you mean %s?", key, near)
			}
		}
	}
	return constraints, own, nil
}

// misspelt returns our key that key is meant to be: it differs in case and in '_' or '-', or, if it is long enough not to be
// another package's, in one letter.
func misspelt(key string) string {
	const long = 6
	plain := strings.NewReplacer("_", "", "-", "").Replace(key)
	for _, known := range slices.Concat(constraintKeys, fieldKeys) {
		if strings.EqualFold(known, plain) || len(known) >= long && editDistance(key, known) == 1 {
			return known
		}
	}
	return ""
}

// splitTag reads a struct tag by its conventional format. reflect's own Lookup ends silently where a tag is malformed.
func splitTag(tag string) (map[string]string, error) {
	all := map[string]string{}
	for tag = strings.TrimLeft(tag, " "); tag != ""; tag = strings.TrimLeft(tag, " ") {
		key, rest, ok := strings.Cut(tag, ":")
		if !ok || key == "" || strings.ContainsAny(key, " \"") {
			return nil, fmt.Errorf("malformed struct tag at %q", tag)
		}
		quoted, err := strconv.QuotedPrefix(rest)
		if err != nil || quoted[0] != '"' {
			return nil, fmt.Errorf("malformed struct tag: the value of %s is not quoted", key)
		}
		value, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, fmt.Errorf("malformed struct tag: the value of %s: %w", key, err)
		}
		if _, twice := all[key]; twice {
			return nil, fmt.Errorf("struct tag has %s twice", key)
		}
		all[key], tag = value, rest[len(quoted):]
	}
	return all, nil
}
