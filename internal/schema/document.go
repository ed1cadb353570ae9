package schema

import (
	"fmt"
	"reflect"
)

// BringsSchema says whether t says by a method what its schema is.
func BringsSchema(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(schemaMaker) && declares(t, "JSONSchema")
}

// CompileDocument plans a type that brings its own schema, where the schema stands
// nowhere else: it is emitted as it is, with "$schema", "$defs" and anchors, and may
// refer to what is in it. Its root must be an object.
func (r *Registry) CompileDocument(t reflect.Type) (*Type, error) {
	f, err := newForeignCodec(t, true)
	if err == nil && f.typeOf != "object" {
		err = fmt.Errorf("method JSONSchema of %s: the type must be \"object\"", t)
	}
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", t, err)
	}
	n := &node{typ: t, codec: f}
	n.validates = reflect.PointerTo(t).Implements(validator)
	return newType(r, n), nil
}
