package schema

import (
	"encoding/json"
	"reflect"
)

// describing is a type that brings its own schema.
type describing interface{ JSONSchema() json.RawMessage }

// discriminating is a tagged union: a struct of pointers to structs, exactly one of which is set.
type discriminating interface{ Discriminator() string }

var (
	schemaMaker   = reflect.TypeFor[describing]()
	discriminator = reflect.TypeFor[discriminating]()
)

// byMethod plans types that say by a method what their schema is; nil if t has none of these methods. Methods that a struct merely
// has from an embedded field do not count.
func (c *compiler) byMethod(t reflect.Type, n *node, tg *tags) (codec, error) {
	p := reflect.PointerTo(t)
	switch {
	case p.Implements(schemaMaker) && declares(t, "JSONSchema"):
		return newForeignCodec(t, false)
	case p.Implements(discriminator) && declares(t, "Discriminator"):
		return c.union(t)
	}
	if values, ok := enumMethod(t); ok {
		return c.enumeration(t, n, values, tg)
	}
	return nil, nil
}
