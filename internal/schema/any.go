package schema

import (
	"bytes"
	"encoding/json"
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
	start, before := d.pos, len(d.errs)
	if !d.skip() {
		return false
	}
	if len(d.errs) > before {
		return true
	}
	text := bytes.Clone(d.data[start:d.pos])
	if a.raw {
		v.SetBytes(text)
		return true
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return d.report(FieldError{Detail: "is not JSON that can be read"})
	}
	if value != nil {
		v.Set(reflect.ValueOf(value))
	}
	return true
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
	if v.IsNil() {
		return append(dst, "null"...), nil
	}
	v = v.Elem()
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return append(dst, "null"...), nil
		}
		v = v.Elem()
	}
	switch value := v; {
	case value.Type() == reflect.TypeFor[string]():
		return appendString(dst, value.String()), nil
	default:
		t, err := e.r.dynamic().Compile(v.Type(), Options{})
		if err != nil {
			return dst, err
		}
		return t.root.append(e, dst, addressable(v))
	}
}
