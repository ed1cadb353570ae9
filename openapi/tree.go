package openapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/goccy/go-yaml"
)

// object is a JSON object whose members keep their order. Values are what
// encoding/json takes, objects and raw JSON among them.
type object []member

type member struct {
	name  string
	value any
}

// set adds a member.
func (o *object) set(name string, value any) { *o = append(*o, member{name, value}) }

// text adds a string, unless it is empty.
func (o *object) text(name, value string) {
	if value != "" {
		o.set(name, value)
	}
}

// raw adds JSON text, unless there is none.
func (o *object) raw(name string, value []byte) {
	if len(value) > 0 {
		o.set(name, json.RawMessage(value))
	}
}

// flag adds name: true, if it holds.
func (o *object) flag(name string, holds bool) {
	if holds {
		o.set(name, true)
	}
}

// object adds a member that is an object, unless it is empty.
func (o *object) object(name string, value object) {
	if len(value) > 0 {
		o.set(name, value)
	}
}

// MarshalJSON returns the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	var text bytes.Buffer
	text.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			text.WriteByte(',')
		}
		name, err := encode(m.name)
		if err != nil {
			return nil, err
		}
		value, err := encode(m.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		text.Write(name)
		text.WriteByte(':')
		text.Write(value)
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

// encode returns compact JSON in which <, > and & stay readable.
func encode(v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

// toYAML returns a JSON document in YAML's block style with the same order.
func toYAML(document []byte) ([]byte, error) {
	value, err := ordered(jsontext.NewDecoder(bytes.NewReader(document)))
	if err != nil {
		return nil, err
	}
	return yaml.MarshalWithOptions(value, yaml.UseLiteralStyleIfMultiline(true), yaml.IndentSequence(true))
}

// ordered reads one value; objects become slices, so that their order stays.
func ordered(d *jsontext.Decoder) (any, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case jsontext.KindBeginObject:
		return orderedObject(d)
	case jsontext.KindBeginArray:
		return orderedArray(d)
	case jsontext.KindString:
		return token.String(), nil
	case jsontext.KindNumber:
		return number(token.String())
	case jsontext.KindNull:
		return nil, nil
	}
	return token.Bool(), nil
}

func orderedObject(d *jsontext.Decoder) (yaml.MapSlice, error) {
	members := yaml.MapSlice{}
	for d.PeekKind() != jsontext.KindEndObject {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		value, err := ordered(d)
		if err != nil {
			return nil, err
		}
		members = append(members, yaml.MapItem{Key: key, Value: value})
	}
	_, err := d.ReadToken()
	return members, err
}

func orderedArray(d *jsontext.Decoder) ([]any, error) {
	items := []any{}
	for d.PeekKind() != jsontext.KindEndArray {
		item, err := ordered(d)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	_, err := d.ReadToken()
	return items, err
}

// number returns an integer if the text is one, so that no digit is lost.
func number(text string) (any, error) {
	n := json.Number(text)
	if !strings.ContainsAny(text, ".eE") {
		if i, err := n.Int64(); err == nil {
			return i, nil
		}
		var u uint64
		if err := json.Unmarshal([]byte(text), &u); err == nil {
			return u, nil
		}
	}
	return n.Float64()
}
