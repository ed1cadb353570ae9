package schema

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// compiler plans one type and all that is in it.
type compiler struct {
	registry *Registry
	open     bool
	added    []typeKey      // named types planned in this run
	names    []string       // names claimed in this run
	unkeyed  []*named       // named in this run, but no types of their own: variants of unions
	checks   []func() error // to run when all plans are whole: defaults and examples against their own rules
}

func (c *compiler) compile(t reflect.Type) (*Type, error) {
	n, err := c.node(t, noTags())
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", t, err)
	}
	if t.Kind() == reflect.Pointer {
		n.nullable = false
	}
	for _, check := range c.checks {
		if err := check(); err != nil {
			return nil, fmt.Errorf("schema of %s: %w", t, err)
		}
	}
	for _, key := range c.added {
		n := c.registry.named[key]
		n.schema = (&emitter{}).whole(n)
	}
	for _, n := range c.unkeyed {
		n.schema = (&emitter{}).whole(n)
	}
	return newType(c.registry, n), nil
}

// forget removes what a failed run has left in the registry.
func (c *compiler) forget() {
	for _, key := range c.added {
		delete(c.registry.named, key)
	}
	for _, name := range c.names {
		delete(c.registry.names, name)
	}
}

var (
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	jsonMarshaler   = reflect.TypeFor[json.Marshaler]()
	jsonUnmarshaler = reflect.TypeFor[json.Unmarshaler]()
	validator       = reflect.TypeFor[validating]()
)

// node plans t in a place with tags tg. Tags that no codec wants are refused by the caller.
func (c *compiler) node(t reflect.Type, tg *tags) (*node, error) {
	n := &node{typ: t}
	var err error
	if n.codec, err = c.codec(t, n, tg); err != nil {
		return nil, err
	}
	if all := choicesOf(n.codec); all != nil {
		c.vetChoices(n, all)
	}
	n.validates = t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(validator)
	return n, nil
}

// codec chooses the codec of t. What a type says of itself by methods goes before its kind.
func (c *compiler) codec(t reflect.Type, n *node, tg *tags) (codec, error) {
	if t.Kind() == reflect.Pointer {
		return c.pointer(t, n, tg)
	}
	if found, err := c.wellKnown(t, n, tg); found != nil || err != nil {
		return found, err
	}
	if found, err := c.byMethod(t, n, tg); found != nil || err != nil {
		return found, err
	}
	return c.plain(t, n, tg)
}

// plain chooses the codec of a type without a schema of its own: text if it marshals itself so, or else by kind.
func (c *compiler) plain(t reflect.Type, n *node, tg *tags) (codec, error) {
	p := reflect.PointerTo(t)
	if p.Implements(jsonMarshaler) || p.Implements(jsonUnmarshaler) {
		return nil, fmt.Errorf("%s makes its own JSON, so it needs a method JSONSchema() json.RawMessage", t)
	}
	if p.Implements(textMarshaler) || p.Implements(textUnmarshaler) {
		return c.textType(t, tg)
	}
	return c.byKind(t, n, tg)
}

func (c *compiler) byKind(t reflect.Type, n *node, tg *tags) (codec, error) {
	switch t.Kind() {
	case reflect.String:
		return newStringCodec(tg)
	case reflect.Bool:
		return boolCodec{}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return newIntCodec(t, tg)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return newUintCodec(t, tg)
	case reflect.Float32, reflect.Float64:
		return newFloatCodec(t, tg)
	case reflect.Slice, reflect.Array:
		return c.maybeLoop(t, func() (codec, error) { return c.sequence(t, tg) })
	case reflect.Map:
		return c.maybeLoop(t, func() (codec, error) { return c.mapping(t, tg) })
	case reflect.Struct:
		return c.structure(t)
	}
	return nil, noSchema(t)
}

func noSchema(t reflect.Type) error {
	if t.Kind() == reflect.Interface {
		return fmt.Errorf("interface type %s has no JSON Schema; use any, json.RawMessage or a tagged union", t)
	}
	return fmt.Errorf("type %s has no JSON Schema", t)
}

// pointer plans *T as T. As a field it accepts null unless it may be left out (the field's compiler decides); as an item or a map's
// value it does so unless it points to a struct, since a pointer to a struct is mostly just a way to hold it.
func (c *compiler) pointer(t reflect.Type, n *node, tg *tags) (codec, error) {
	if loops(t) {
		return nil, errTypeLoop
	}
	elem, err := c.node(t.Elem(), tg)
	if err != nil {
		return nil, err
	}
	elem.nullable = false
	n.nullable = t.Elem().Kind() != reflect.Struct
	n.notes = elem.notes
	return &pointerCodec{elem: elem}, nil
}

var errTypeLoop = errors.New("a pointer type that leads to nothing but itself has no JSON Schema")

// name plans a named type, once, and gives it a component name. fill completes the codec and may meet the type again.
func (c *compiler) name(key typeKey, codec component, fill func() error) (*named, error) {
	n := &named{codec: codec}
	c.registry.named[key] = n
	c.registry.claim(key, typeName(key.typ), n)
	c.added, c.names = append(c.added, key), append(c.names, n.name)
	return n, fill()
}
