package schema

import (
	"encoding/json"
	"reflect"
)

// describing is a type that brings its own schema.
type describing interface{ JSONSchema() json.RawMessage }

var schemaMaker = reflect.TypeFor[describing]()

// byMethod plans types that say by a method what their schema is; nil if t has none of these methods.
func (c *compiler) byMethod(t reflect.Type, n *node, tg *tags) (codec, error) {
	return nil, nil
}
