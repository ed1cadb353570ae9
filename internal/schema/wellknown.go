package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"time"
)

var (
	typeTime     = reflect.TypeFor[time.Time]()
	typeDuration = reflect.TypeFor[time.Duration]()
	typeURL      = reflect.TypeFor[url.URL]()
	typeAddr     = reflect.TypeFor[netip.Addr]()
	typeAddrPort = reflect.TypeFor[netip.AddrPort]()
	typePrefix   = reflect.TypeFor[netip.Prefix]()
	typeRaw      = reflect.TypeFor[json.RawMessage]()
	typeNumber   = reflect.TypeFor[json.Number]()
)

// isWellKnown says whether t is a type of the standard library with JSON of its own here.
func isWellKnown(t reflect.Type) bool {
	_, ok := stdFormat(t)
	return ok || t == typeRaw || t == typeNumber || t.Kind() == reflect.Interface && t.NumMethod() == 0
}

// stdFormat returns the format of a standard type that is written as a string.
func stdFormat(t reflect.Type) (string, bool) {
	switch t {
	case typeTime:
		return "date-time", true
	case typeDuration:
		return goDuration, true
	case typeURL:
		return "uri", true
	case typeAddr:
		return ipAddress, true
	case typeAddrPort:
		return ipPort, true
	case typePrefix:
		return ipPrefix, true
	}
	return "", false
}

// wellKnown plans standard types whose JSON does not follow from their kind.
func (c *compiler) wellKnown(t reflect.Type, n *node, tg *tags) (codec, error) {
	if name, ok := stdFormat(t); ok {
		return c.standard(t, formatNamed(name), n, tg)
	}
	switch {
	case t == typeRaw || t.Kind() == reflect.Interface && t.NumMethod() == 0:
		return anyCodec{raw: t == typeRaw}, nil
	case t == typeNumber:
		return newAnyNumberCodec(tg)
	}
	return nil, nil
}

func (c *compiler) standard(t reflect.Type, f *format, n *node, tg *tags) (codec, error) {
	rules, err := newStringRules(tg)
	if err != nil {
		return nil, err
	}
	if rules, err = rules.withFormat(f); err != nil {
		return nil, err
	}
	n.notes.doc = f.doc
	s := &standardCodec{rules: rules}
	switch t {
	case typeTime:
		s.parse, s.print = parseTime, printTime
	case typeDuration:
		s.parse, s.print = parseDuration, printDuration
	case typeURL:
		s.parse, s.print = parseURL, printURL
	default:
		return &textCodec{rules: rules, noun: f.name}, nil
	}
	return s, nil
}

// standardCodec reads and writes a standard type by functions that know it.
type standardCodec struct {
	rules *stringRules
	parse func(text []byte, v reflect.Value) error
	print func(dst []byte, v reflect.Value) ([]byte, error)
}

func (s *standardCodec) kind() (string, string) { return "string", s.rules.formatName() }

func (s *standardCodec) describe(x *emitter, o *object, null bool) {
	o.typ("string", null)
	s.rules.describe(x, o, null)
}

func (s *standardCodec) decode(d *decoder, v reflect.Value) bool {
	d.peek()
	start := d.pos
	text, sound, ok := d.checkedText(s.rules, "string")
	if !sound {
		return ok
	}
	if err := s.parse(text, v); err != nil {
		return d.report(FieldError{Detail: err.Error(), Expected: s.rules.formatName(), Received: excerpt(d.data[start:d.pos])})
	}
	return true
}

func (s *standardCodec) append(_ *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	return s.print(dst, v)
}

func parseTime(text []byte, v reflect.Value) error {
	t, ok := parseDateTime(text)
	if !ok {
		return errors.New("must be a date and time of RFC 3339")
	}
	*v.Addr().Interface().(*time.Time) = t
	return nil
}

func printTime(dst []byte, v reflect.Value) ([]byte, error) {
	t := v.Addr().Interface().(*time.Time)
	dst = append(dst, '"')
	dst, err := t.AppendText(dst)
	if err != nil {
		return dst, err
	}
	return append(dst, '"'), nil
}

func parseDuration(text []byte, v reflect.Value) error {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return errors.New("is out of the range of a duration, which is 292 years")
	}
	v.SetInt(int64(d))
	return nil
}

func printDuration(dst []byte, v reflect.Value) ([]byte, error) {
	dst = append(dst, '"')
	dst = append(dst, time.Duration(v.Int()).String()...)
	return append(dst, '"'), nil
}

func parseURL(text []byte, v reflect.Value) error {
	u, err := url.Parse(string(text))
	if err != nil {
		return errors.New("must be a URI that can be taken apart")
	}
	*v.Addr().Interface().(*url.URL) = *u
	return nil
}

func printURL(dst []byte, v reflect.Value) ([]byte, error) {
	return appendString(dst, v.Addr().Interface().(*url.URL).String()), nil
}

// anyNumberCodec reads and writes json.Number: any number at all, digit for digit.
type anyNumberCodec struct{ rules *numberRules }

func newAnyNumberCodec(tg *tags) (codec, error) {
	rules, err := newNumberRules(tg)
	if err != nil {
		return nil, err
	}
	return &anyNumberCodec{rules: rules}, nil
}

func (c *anyNumberCodec) kind() (string, string) { return "number", "" }

func (c *anyNumberCodec) describe(x *emitter, o *object, null bool) {
	o.typ("number", null)
	c.rules.describe(x, o, null)
}

func (c *anyNumberCodec) decode(d *decoder, v reflect.Value) bool {
	raw, ok := d.numberText("number")
	if raw == nil {
		return ok
	}
	v.SetString(string(raw))
	return c.rules.free() || c.rules.check(d, d.decimal(raw), raw)
}

func (c *anyNumberCodec) append(_ *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	return appendNumber(dst, v.String())
}

// appendNumber appends a json.Number, "" meaning 0.
func appendNumber(dst []byte, text string) ([]byte, error) {
	if text == "" {
		text = "0"
	}
	if _, err := parseBound(text); err != nil {
		return dst, fmt.Errorf("json.Number %w", err)
	}
	return append(dst, text...), nil
}
