// Package schema turns Go types into JSON Schema 2020-12, decodes JSON strictly against them, and encodes values by the same
// plan. One generator serves two dialects: self-contained documents for MCP, and components for OpenAPI 3.1.
//
// A type is compiled once into a plan of nodes. Decoding is one pass over the text that checks syntax, names, types and
// constraints together and reports everything that is wrong, each with a JSON Pointer. No number goes through float64
// on its way to a comparison.
package schema

import (
	"context"
	"errors"
	"fmt"
	"reflect"
)

// Options vary how a type is compiled.
type Options struct {
	// AllowUnknown accepts and drops unknown properties, at all levels, instead of refusing them.
	AllowUnknown bool
}

// Type is a compiled Go type. It is immutable and safe for concurrent use. The byte slices that its methods return are
// shared; callers do not write to them.
type Type struct {
	root                *node
	registry            *Registry
	input, output, refs []byte
	example             []byte
	fields              []Field
}

// Field describes one JSON property of a struct.
type Field struct {
	Name     string // JSON name
	In       string // tag in:"…": "", "query" or "header"
	Required bool
	Kind     string // JSON Schema type: string, integer, number, boolean, array or object; "" if several fit
	ItemKind string // Kind of an array's items
	Nullable, Deprecated,
	ReadOnly, WriteOnly bool
	Doc, Format      string
	Default, Example []byte // JSON; nil if none
	Schema           []byte // OpenAPI dialect, annotations included
}

func newType(r *Registry, n *node) *Type {
	t := &Type{root: n, registry: r}
	t.input = (&emitter{dir: input}).root(n)
	t.output = (&emitter{dir: output}).root(n)
	t.refs = (&emitter{}).schema(n)
	t.example = exampleOf(n)
	t.fields = fieldsOf(n)
	return t
}

// IsObject says whether the type's JSON is an object of known shape or a map: a struct that is no union, or a map.
func (t *Type) IsObject() bool {
	switch shape(t.root).(type) {
	case *structCodec, *mapCodec:
		return true
	}
	return false
}

// Input returns a self-contained schema of what Decode accepts. Everything stands in place, "$defs" holds recursive types
// only, and readOnly properties are left out.
func (t *Type) Input() []byte { return t.input }

// Output returns a self-contained schema of what Append writes: writeOnly properties are left out, what is
// always written is required, and constraints that Append does not enforce (but for enum and format) are left out.
func (t *Type) Output() []byte { return t.output }

// Ref returns the schema in the OpenAPI dialect: a reference for named structs, unions and enums, in place for others.
// The components are to be had from the registry.
func (t *Type) Ref() []byte { return t.refs }

// Object returns, in the OpenAPI dialect, an inline schema with only those properties of a struct that names lists; nil for
// types that are no struct.
func (t *Type) Object(names []string) []byte {
	c, ok := shape(t.root).(*structCodec)
	if !ok {
		return nil
	}
	keep := make(map[string]bool, len(names))
	for _, name := range names {
		keep[name] = true
	}
	var o object
	c.describeSome(&emitter{}, &o, false, func(f *field) bool { return keep[f.name] })
	return o.bytes()
}

// Fields returns a struct's JSON properties in the order of their declaration, embedded ones in place; nil for other types.
func (t *Type) Fields() []Field { return t.fields }

// Example returns an example of the type's JSON, made of its fields' examples, defaults and enums; nil if a required
// field has none of these. It satisfies Input.
func (t *Type) Example() []byte { return t.example }

// Decode reads data, one JSON document, into the value that into points to, fills in defaults, and runs the Validate methods of
// the value and what is in it. It returns everything that is wrong, in the order of the document; on errors, the value
// is not to be used. It panics if into is not a pointer to the compiled type.
func (t *Type) Decode(ctx context.Context, data []byte, into any) []FieldError {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Type().Elem() != t.root.typ {
		panic(fmt.Sprintf("schema: Decode needs a *%s, not a %T", t.root.typ, into))
	}
	d := newDecoder(ctx, data)
	defer d.release()
	return d.decodeRoot(t.root, v.Elem())
}

// Append appends the compact JSON of v to dst. v is a value of the compiled type or a pointer to one. The error names the
// place in v by a JSON Pointer; dst is then to be thrown away.
func (t *Type) Append(dst []byte, v any) ([]byte, error) {
	value := reflect.ValueOf(v)
	if !value.IsValid() {
		return dst, fmt.Errorf("encode %s: no value", t.root.typ)
	}
	if value.Type() != t.root.typ && value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	if !value.IsValid() || value.Type() != t.root.typ {
		return dst, fmt.Errorf("encode %s: got a %T without such a value", t.root.typ, v)
	}
	return t.append(dst, value)
}

func (t *Type) append(dst []byte, value reflect.Value) ([]byte, error) {
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	e.depth, e.r = 0, t.registry
	dst, err := t.root.append(e, dst, addressable(value))
	if err != nil {
		return dst, fmt.Errorf("encode %s: %w", t.root.typ, err)
	}
	return dst, nil
}

// addressable returns v or an addressable copy of it, so that methods with pointer receivers are within reach.
func addressable(v reflect.Value) reflect.Value {
	if v.CanAddr() {
		return v
	}
	p := reflect.New(v.Type()).Elem()
	p.Set(v)
	return p
}

// shape returns the codec of n behind pointers and other wrappings.
func shape(n *node) codec {
	c := n.codec
	for {
		switch w := c.(type) {
		case *pointerCodec:
			c = w.elem.codec
		case *loopCodec:
			c = w.inner
		default:
			return c
		}
	}
}

var errNilPointer = errors.New("is a nil pointer, and null is not accepted here")
