package schema

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// literal reads a tag's value as JSON of n. For strings, what is no JSON string is the bare text.
func literal(n *node, text string) ([]byte, error) {
	if text == "null" && n.nullable {
		return []byte(text), nil
	}
	kind, _ := shape(n).kind()
	compact, err := compactJSON([]byte(text))
	if kind == "string" && (err != nil || compact[0] != '"') {
		return appendString(nil, text), nil
	}
	if err != nil {
		return nil, fmt.Errorf("%q is not JSON", text)
	}
	return compact, nil
}

// literals reads a comma-separated list, or a JSON array, of values of n.
func literals(n *node, text string) ([][]byte, error) {
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, "[") {
		return arrayItems([]byte(trimmed))
	}
	var all [][]byte
	for part := range strings.SplitSeq(text, ",") {
		value, err := literal(n, strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		all = append(all, value)
	}
	return all, nil
}

// arrayItems splits a JSON array.
func arrayItems(text []byte) ([][]byte, error) {
	d := newDecoder(context.Background(), text)
	defer d.release()
	var all [][]byte
	d.peek()
	if !d.enter() || !d.items(func(int) bool {
		d.peek()
		start := d.pos
		ok := d.skip()
		all = append(all, bytes.Clone(text[start:d.pos]))
		return ok
	}) || len(d.errs) > 0 || d.peek() != 0 {
		return nil, fmt.Errorf("%q is not a JSON array", text)
	}
	return all, nil
}

// vet decodes text by n and returns the value, or all that is wrong with text. Validate methods do not run.
func vet(n *node, text []byte) (reflect.Value, error) {
	d := newDecoder(context.Background(), text)
	defer d.release()
	d.quiet = true
	v := reflect.New(n.typ).Elem()
	if n.decode(d, v) && d.peek() != 0 {
		d.syntax("unexpected text after the JSON value")
	}
	return v, joined(d.errs)
}

// joined makes one error of errs, nil if there are none.
func joined(errs []FieldError) error {
	var all []error
	for _, e := range errs {
		text := e.Detail
		if e.Pointer != "" {
			text = e.Pointer + " " + text
		}
		all = append(all, errors.New(text))
	}
	return errors.Join(all...)
}
