package schema

import (
	"reflect"
	"strconv"
)

// pointerCodec reads and writes *T as T.
type pointerCodec struct{ elem *node }

func (p *pointerCodec) kind() (string, string) { return p.elem.codec.kind() }

func (p *pointerCodec) describe(x *emitter, o *object, null bool) { p.elem.codec.describe(x, o, null) }

func (p *pointerCodec) decode(d *decoder, v reflect.Value) bool {
	fresh := reflect.New(p.elem.typ)
	v.Set(fresh)
	return p.elem.decode(d, fresh.Elem())
}

func (p *pointerCodec) append(e *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return dst, errNilPointer
	}
	return p.elem.append(e, dst, v.Elem())
}

type boolCodec struct{}

func (boolCodec) kind() (string, string) { return "boolean", "" }

func (boolCodec) describe(_ *emitter, o *object, null bool) { o.typ("boolean", null) }

func (boolCodec) decode(d *decoder, v reflect.Value) bool {
	switch c := d.peek(); c {
	case 't', 'f':
		v.SetBool(c == 't')
		return d.word(c)
	}
	return d.wrongType("boolean")
}

func (boolCodec) append(_ *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	return strconv.AppendBool(dst, v.Bool()), nil
}

// stringCodec reads and writes types of kind string.
type stringCodec struct{ rules *stringRules }

func newStringCodec(tg *tags) (codec, error) {
	rules, err := newStringRules(tg)
	if err != nil {
		return nil, err
	}
	return &stringCodec{rules: rules}, nil
}

func (s *stringCodec) kind() (string, string) { return "string", s.rules.formatName() }

func (s *stringCodec) describe(x *emitter, o *object, null bool) {
	o.typ("string", null)
	s.rules.describe(x, o, null)
}

func (s *stringCodec) decode(d *decoder, v reflect.Value) bool {
	text, sound, ok := d.checkedText(s.rules, "string")
	switch {
	case !sound:
	case s.rules != nil && s.rules.enum != nil:
		v.SetString(s.rules.enum.texts[string(text)]) // which exists already
	default:
		v.SetString(string(text))
	}
	return ok
}

func (s *stringCodec) append(_ *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	return appendString(dst, v.String()), nil
}

// checkedText consumes a string and checks it by rules. sound is false if anything is wrong with it.
func (d *decoder) checkedText(rules *stringRules, expected string) (text []byte, sound, ok bool) {
	if d.peek() != '"' {
		return nil, false, d.wrongType(expected)
	}
	start := d.pos
	text, sound, ok = d.stringText()
	if !ok || !sound || rules == nil {
		return text, sound, ok
	}
	before := len(d.errs)
	ok = rules.check(d, text, d.data[start:d.pos])
	return text, len(d.errs) == before, ok
}
