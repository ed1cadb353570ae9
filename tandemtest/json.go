package tandemtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// decodeJSON returns the value of a document of the schema, which is valid.
func decodeJSON(doc []byte) any {
	v, err := parseJSON(doc)
	if err != nil {
		panic(fmt.Sprintf("tandemtest: the schema holds %q: %v", doc, err))
	}
	return v
}

func parseJSON(doc []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(doc))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// encodeJSON encodes a generated value with its members in order.
func encodeJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(fmt.Sprintf("tandemtest: encode a generated value: %v", err))
	}
	return bytes.TrimSpace(b.Bytes())
}

// equalJSON reports whether two documents hold the same value, numbers compared
// by their text.
func equalJSON(a, b []byte) (bool, error) {
	if bytes.Equal(a, b) {
		return true, nil
	}
	x, err := parseJSON(a)
	if err != nil {
		return false, err
	}
	y, err := parseJSON(b)
	return reflect.DeepEqual(x, y), err
}

// without removes what the pointers name from a document. A "*" stands for
// every item or member.
func without(doc json.RawMessage, pointers []string) (json.RawMessage, error) {
	if len(pointers) == 0 || doc == nil {
		return doc, nil
	}
	v, err := parseJSON(doc)
	if err != nil {
		return nil, err
	}
	for _, p := range pointers {
		remove(v, strings.Split(strings.TrimPrefix(p, "/"), "/"))
	}
	return encodeJSON(v), nil
}

func remove(v any, path []string) {
	switch v := v.(type) {
	case map[string]any:
		if len(path) == 1 {
			delete(v, path[0])
			return
		}
		for name, member := range v {
			if path[0] == "*" || path[0] == name {
				remove(member, path[1:])
			}
		}
	case []any:
		for _, item := range v {
			if path[0] == "*" && len(path) > 1 {
				remove(item, path[1:])
			}
		}
	}
}
