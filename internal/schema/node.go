package schema

import (
	"reflect"
)

// node is the plan of a Go type in one place (a field, an item, a map's value): how its values are read, written and
// described there. A plan is built once, at Compile, and never changes afterwards.
type node struct {
	typ       reflect.Type
	codec     codec
	nullable  bool // JSON null is accepted, and means the zero value
	validates bool // *typ has a method Validate(ctx) error
	notes     notes
}

// notes are a schema's annotations: what a reader is told, but no check.
type notes struct {
	title, doc                      string
	def, example                    []byte // JSON; nil if none
	deprecated, readOnly, writeOnly bool
}

// codec is the part of a plan that depends on the kind of the type. Constraints are part of it, so that one check
// serves the description, the reading and the default.
type codec interface {
	// decode reads one JSON value into v, which is settable and zero. It reports what is wrong with the value and goes on; false
	// means that reading ends.
	decode(d *decoder, v reflect.Value) bool
	// append writes v to dst as JSON.
	append(e *encoder, dst []byte, v reflect.Value) ([]byte, error)
	// describe adds the JSON Schema keywords to o; null adds null to what is accepted.
	describe(x *emitter, o *object, null bool)
	// kind names the JSON Schema type and format; "" where several fit.
	kind() (typ, format string)
}

func (n *node) decode(d *decoder, v reflect.Value) bool {
	if d.peek() == 'n' && n.nullable {
		return d.word('n')
	}
	before := len(d.errs)
	if !n.codec.decode(d, v) || d.stopped {
		return false
	}
	if n.validates && len(d.errs) == before {
		return d.runValidate(n, v)
	}
	return true
}
