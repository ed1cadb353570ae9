package schema

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// foreignCodec reads and writes a type with a schema of its own making. The schema stands as it is; a general validator checks it.
type foreignCodec struct {
	typ     reflect.Type
	members [][2][]byte // of the schema: names and values
	checker *jsonschema.Schema
	typeOf  string // the type keyword, if it is one name
	whole   bool   // the schema is a document of its own
}

func newForeignCodec(t reflect.Type, whole bool) (*foreignCodec, error) {
	f := &foreignCodec{typ: t, whole: whole}
	text := reflect.New(t).Interface().(describing).JSONSchema()
	if err := f.read(text); err != nil {
		return nil, fmt.Errorf("method JSONSchema of %s: %w", t, err)
	}
	return f, nil
}

func (f *foreignCodec) read(text []byte) error {
	text, err := compactJSON(text)
	if err != nil {
		return err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return err
	}
	if _, ok := doc.(map[string]any); !ok {
		return errors.New("the schema must be an object")
	}
	if word := relocatable(doc); word != "" && !f.whole {
		return fmt.Errorf("the schema uses %s, but it is emitted in place, so it must not refer to anything", word)
	}
	if bytes.Contains(text, []byte(`"`+mcpHeaderKeyword+`":"`)) { // the text is compact
		return fmt.Errorf("the schema uses %s, which only the tag mcpHeader of a field can promise", mcpHeaderKeyword)
	}
	f.typeOf, _ = doc.(map[string]any)["type"].(string)
	if f.members, err = objectMembers(text); err != nil {
		return err
	}
	f.checker, err = compileForeign(doc)
	return err
}

func compileForeign(doc any) (*jsonschema.Schema, error) {
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseRegexpEngine(ecmaEngine)
	for _, f := range slices.Concat(stringFormats, typeFormats) {
		if f.valid != nil {
			c.RegisterFormat(&jsonschema.Format{Name: f.name, Validate: f.validate})
		}
	}
	const url = "schema:type"
	if err := c.AddResource(url, doc); err != nil {
		return nil, err
	}
	return c.Compile(url)
}

// ecmaEngine compiles patterns for the general validator as they are compiled for tags.
func ecmaEngine(text string) (jsonschema.Regexp, error) {
	p, err := compilePattern(text)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (p *pattern) MatchString(text string) bool { return p.re.MatchString(text) }

func (p *pattern) String() string { return p.text }

// validate adapts the format to the general validator.
func (f *format) validate(v any) error {
	if text, ok := v.(string); ok && !f.valid([]byte(text)) {
		return fmt.Errorf("must be %s, such as %s", f.noun, f.sample)
	}
	return nil
}

// relocatable returns a keyword of doc whose meaning depends on where the schema stands, "" if there is none.
func relocatable(doc any) string {
	switch doc := doc.(type) {
	case map[string]any:
		for _, word := range []string{"$ref", "$dynamicRef", "$id", "$anchor", "$dynamicAnchor", "$schema"} {
			if _, ok := doc[word].(string); ok {
				return word
			}
		}
		for _, value := range doc {
			if word := relocatable(value); word != "" {
				return word
			}
		}
	case []any:
		for _, value := range doc {
			if word := relocatable(value); word != "" {
				return word
			}
		}
	}
	return ""
}

// objectMembers splits compact JSON of an object, in order.
func objectMembers(text []byte) ([][2][]byte, error) {
	s := scanner{data: text, pos: 1}
	var all [][2][]byte
	for s.peek() == '"' {
		raw, _, _ := s.str()
		name, _ := unescape(nil, raw)
		s.pos++ // ':'
		start := s.pos
		s.leap()
		all = append(all, [2][]byte{name, text[start:s.pos]})
		if s.peek() == ',' {
			s.pos++
		}
	}
	return all, nil
}

func (f *foreignCodec) kind() (string, string) { return f.typeOf, "" }

func (f *foreignCodec) describe(x *emitter, o *object, null bool) {
	if null {
		x.orNull(o, true, func(o *object) { f.describe(x, o, false) })
		return
	}
	for _, m := range f.members {
		if !o.has(string(m[0])) {
			o.raw(string(m[0]), m[1])
		}
	}
}

func (f *foreignCodec) decode(d *decoder, v reflect.Value) bool {
	d.peek()
	start, before := d.pos, len(d.errs)
	d.bounded++
	ok := d.skip()
	d.bounded--
	if !ok || len(d.errs) > before {
		return ok
	}
	text := d.data[start:d.pos]
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return d.report(FieldError{Detail: "is not JSON that can be read"})
	}
	if err := f.checker.Validate(doc); err != nil {
		return d.reportForeign(err, text)
	}
	if err := unmarshal(text, v); err != nil {
		return d.refusedBy(f.typ, err, text)
	}
	return true
}

// refusedBy reports that a type's own unmarshalling has refused text.
func (d *decoder) refusedBy(t reflect.Type, err error, text []byte) bool {
	detail := "is not a valid " + t.Name()
	if d.secret == 0 {
		detail += ": " + excerpt([]byte(err.Error()))
	}
	return d.report(FieldError{Detail: detail, Expected: t.Name(), Received: excerpt(text)})
}

// unmarshal lets the type read its own JSON.
func unmarshal(text []byte, v reflect.Value) error {
	switch u := v.Addr().Interface().(type) {
	case json.Unmarshaler:
		return u.UnmarshalJSON(bytes.Clone(text))
	case encoding.TextUnmarshaler:
		if text[0] == '"' {
			value, _ := unescape(nil, text[1:len(text)-1])
			return u.UnmarshalText(value)
		}
	}
	return json.Unmarshal(text, v.Addr().Interface())
}

func (f *foreignCodec) append(_ *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v.Addr().Interface()); err != nil {
		return dst, err
	}
	return appendRaw(dst, text.Bytes())
}

// reportForeign reports what the general validator has found in text.
func (d *decoder) reportForeign(err error, text []byte) bool {
	var failed *jsonschema.ValidationError
	if !errors.As(err, &failed) || d.secret > 0 { // the validator's words quote what they are about
		return d.report(FieldError{Detail: "does not satisfy its schema", Received: excerpt(text)})
	}
	ok := true
	leaves(failed, func(e *jsonschema.ValidationError) {
		ok = ok && d.report(FieldError{
			Pointer:  tokens(e.InstanceLocation),
			Detail:   "does not satisfy its schema: " + cutToken(e.DetailedOutput().Error.String()),
			Expected: "what the type's own schema says",
		})
	})
	return ok
}

// leaves visits the errors that have no causes of their own. What fails all of several alternatives is one error.
func leaves(e *jsonschema.ValidationError, visit func(*jsonschema.ValidationError)) {
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		alone := *e
		alone.Causes = nil
		visit(&alone)
		return
	}
	if len(e.Causes) == 0 {
		visit(e)
	}
	for _, cause := range e.Causes {
		leaves(cause, visit)
	}
}

// tokens joins reference tokens to a JSON Pointer, cut as [pointer] cuts.
func tokens(path []string) string {
	var dst []byte
	for _, token := range path {
		dst = append(dst, '/')
		if len(dst) > maxPointer {
			return string(append(dst, "…"...))
		}
		dst = appendToken(dst, cutToken(token))
	}
	return string(dst)
}
