package schema

import (
	"encoding"
	"fmt"
	"reflect"
)

// textCodec reads and writes types that marshal themselves as text.
type textCodec struct {
	rules *stringRules
	noun  string // for errors
}

func (c *compiler) textType(t reflect.Type, tg *tags) (codec, error) {
	p := reflect.PointerTo(t)
	if !p.Implements(textMarshaler) || !p.Implements(textUnmarshaler) {
		return nil, fmt.Errorf("%s needs both MarshalText and UnmarshalText", t)
	}
	rules, err := newStringRules(tg)
	if err != nil {
		return nil, err
	}
	if t.Kind() == reflect.Array && t.Len() == 16 && t.Elem().Kind() == reflect.Uint8 {
		if rules, err = rules.withFormat(formatNamed("uuid")); err != nil {
			return nil, err
		}
	}
	return &textCodec{rules: rules, noun: t.Name()}, nil
}

func (c *textCodec) kind() (string, string) { return "string", c.rules.formatName() }

func (c *textCodec) describe(x *emitter, o *object, null bool) {
	o.typ("string", null)
	c.rules.describe(x, o, null)
}

func (c *textCodec) decode(d *decoder, v reflect.Value) bool {
	d.peek()
	start := d.pos
	text, sound, ok := d.checkedText(c.rules, "string")
	if !sound {
		return ok
	}
	err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text)
	if err == nil {
		return true
	}
	detail := "is not a valid " + c.noun
	if d.secret == 0 {
		detail += ": " + excerpt([]byte(err.Error()))
	}
	return d.report(FieldError{Detail: detail, Expected: c.noun, Received: excerpt(d.data[start:d.pos])})
}

func (c *textCodec) append(_ *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	text, err := marshalText(v)
	if err != nil {
		return dst, err
	}
	return appendString(dst, text), nil
}

// marshalText calls MarshalText, on a pointer where v is addressable.
func marshalText(v reflect.Value) ([]byte, error) {
	return addressable(v).Addr().Interface().(encoding.TextMarshaler).MarshalText()
}
