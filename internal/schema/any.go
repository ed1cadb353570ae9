package schema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json/jsontext"
)

// anyCodec reads and writes any JSON: into json.RawMessage as it stands, into an interface as map[string]any, []any, string, bool,
// nil and json.Number.
type anyCodec struct{ raw bool }

func (anyCodec) kind() (string, string) { return "", "" }

func (anyCodec) describe(*emitter, *object, bool) {}

func (a anyCodec) decode(d *decoder, v reflect.Value) bool {
	d.peek()
	if a.raw {
		start := d.pos
		ok := d.skip()
		v.SetBytes(bytes.Clone(d.data[start:d.pos]))
		return ok
	}
	value, ok := d.anyValue()
	if value != nil {
		v.Set(reflect.ValueOf(value))
	}
	return ok
}

// anyValue reads any value, as strictly as skip passes over it. ok is false if reading ends.
func (d *decoder) anyValue() (value any, ok bool) {
	switch c := d.peek(); c {
	case '{':
		return d.anyObject()
	case '[':
		return d.anyArray()
	case '"':
		text, _, ok := d.stringText()
		return string(text), ok
	case 't', 'f':
		return c == 't', d.word(c)
	case 'n':
		return nil, d.word(c)
	default:
		start := d.pos
		ok := d.skipNumber(c)
		return json.Number(d.data[start:d.pos]), ok
	}
}

func (d *decoder) anyObject() (any, bool) {
	if !d.enter() {
		return nil, false
	}
	object := map[string]any{}
	mark := d.names.open()
	ok := d.members(func(raw []byte, flaws textFlaws) bool {
		d.pushRaw(raw)
		if !d.uniqueName(mark, raw, flaws) {
			return false
		}
		name := string(d.plain(raw, flaws))
		value, ok := d.anyValue()
		if ok {
			object[name] = value
			d.pop()
		}
		return ok
	})
	d.names.close(mark)
	return object, ok
}

func (d *decoder) anyArray() (any, bool) {
	if !d.enter() {
		return nil, false
	}
	array := []any{}
	ok := d.items(func(int) bool {
		value, ok := d.anyValue()
		array = append(array, value)
		return ok
	})
	return array, ok
}

func (a anyCodec) append(e *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	if !a.raw {
		return e.appendAny(dst, v)
	}
	if v.Len() == 0 {
		return append(dst, "null"...), nil
	}
	return appendRaw(dst, v.Bytes())
}

// appendRaw appends JSON that comes from elsewhere, compacted, if it is sound.
func appendRaw(dst, text []byte) ([]byte, error) {
	dst, err := jsontext.AppendFormat(dst, text)
	if err != nil {
		return dst, fmt.Errorf("not valid JSON: %w", err)
	}
	return dst, nil
}

// compactJSON returns text without white space, or why it is no JSON.
func compactJSON(text []byte) ([]byte, error) {
	return appendRaw(nil, text)
}

// appendAny writes the value in an interface by the plan of its dynamic type.
func (e *encoder) appendAny(dst []byte, v reflect.Value) ([]byte, error) {
	v, err := behind(v)
	switch {
	case err != nil:
		return dst, err
	case !v.IsValid():
		return append(dst, "null"...), nil
	case v.Type() == reflect.TypeFor[string]():
		return appendString(dst, v.String()), nil
	}
	t, err := e.r.dynamic().Compile(v.Type(), Options{})
	if err != nil {
		return dst, err
	}
	return t.root.append(e, dst, addressable(v))
}

// behind returns the value behind interfaces and pointers, invalid if there is none.
func behind(v reflect.Value) (reflect.Value, error) {
	for range maxDepth {
		switch v.Kind() {
		case reflect.Interface, reflect.Pointer:
			v = v.Elem() // invalid for nil
		default:
			return v, nil
		}
	}
	return v, errors.New("is a pointer that leads to nothing but itself")
}
