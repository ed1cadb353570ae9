package schema

import (
	"errors"
	"fmt"
	"reflect"
)

// enumMethod calls a method Enum() []T, of whatever T.
func enumMethod(t reflect.Type) (values reflect.Value, ok bool) {
	method := reflect.New(t).MethodByName("Enum")
	if !method.IsValid() || !declares(t, "Enum") {
		return values, false
	}
	mt := method.Type()
	if mt.NumIn() != 0 || mt.NumOut() != 1 || mt.Out(0).Kind() != reflect.Slice {
		return values, false
	}
	return method.Call(nil)[0], true
}

// enumCodec reads and writes a type that lists its values itself.
type enumCodec struct {
	base codec // checks the values
	name *named
	some *choices // where a tag narrows the type's own list
}

// enumeration plans a type with an Enum method.
func (c *compiler) enumeration(t reflect.Type, n *node, values reflect.Value, tg *tags) (codec, error) {
	narrowed, narrows := tg.take("enum")
	known, ok := c.registry.named[typeKey{typ: t}]
	if !ok {
		var err error
		if known, err = c.newEnumeration(t, n, values); err != nil {
			return nil, err
		}
	}
	if !narrows {
		return known.codec, nil
	}
	return c.narrow(t, n, known, narrowed)
}

func (c *compiler) newEnumeration(t reflect.Type, n *node, values reflect.Value) (*named, error) {
	base, err := c.plain(t, n, noTags())
	if err != nil {
		return nil, err
	}
	all, err := c.enumValues(values)
	if err != nil {
		return nil, fmt.Errorf("method Enum of %s: %w", t, err)
	}
	if base, err = withChoices(base, all); err != nil {
		return nil, err
	}
	c.vetChoices(&node{typ: t, codec: base}, all)
	e := &enumCodec{base: base}
	e.name, err = c.name(typeKey{typ: t}, e, func() error { return nil })
	e.name.done = true
	return e.name, err
}

// narrow plans a field whose tag lists some of the type's values.
func (c *compiler) narrow(t reflect.Type, n *node, whole *named, text string) (codec, error) {
	full := whole.codec.(*enumCodec)
	values, err := literals(&node{codec: full.base}, text)
	if err != nil {
		return nil, fmt.Errorf("enum: %w", err)
	}
	some, err := newChoices(values)
	if err != nil {
		return nil, err
	}
	if !some.subset(choicesOf(full.base)) {
		return nil, fmt.Errorf("enum has values that method Enum of %s does not list", t)
	}
	base, err := c.plain(t, n, noTags())
	if err != nil {
		return nil, err
	}
	base, err = withChoices(base, some)
	return &enumCodec{base: base, name: whole, some: some}, err
}

// enumValues writes the values of an Enum method as JSON.
func (c *compiler) enumValues(values reflect.Value) (*choices, error) {
	all := make([][]byte, values.Len())
	for i := range all {
		v := values.Index(i)
		for v.Kind() == reflect.Interface && !v.IsNil() {
			v = v.Elem()
		}
		n := &node{typ: v.Type()}
		var err error
		if n.codec, err = c.plain(v.Type(), n, noTags()); err != nil {
			return nil, err
		}
		if all[i], err = n.append(&encoder{}, nil, addressable(v)); err != nil {
			return nil, err
		}
	}
	return newChoices(all)
}

// withChoices returns base limited to the choices.
func withChoices(base codec, all *choices) (codec, error) {
	limited := func(r *stringRules) *stringRules {
		if r == nil {
			return &stringRules{max: -1, enum: all}
		}
		r.enum = all
		return r
	}
	switch b := base.(type) {
	case *stringCodec:
		b.rules = limited(b.rules)
	case *textCodec:
		b.rules = limited(b.rules)
	case *intCodec:
		b.rules.enum, b.quick.usable = all, false
	case *floatCodec:
		b.rules.enum = all
	default:
		return nil, errors.New("a type with a method Enum must be a string, a number or text")
	}
	return base, nil
}

// choicesOf returns the enum of a codec, nil if it has none.
func choicesOf(c codec) *choices {
	var rules *stringRules
	switch c := c.(type) {
	case *enumCodec:
		return choicesOf(c.base)
	case *intCodec:
		return c.rules.enum
	case *floatCodec:
		return c.rules.enum
	case *anyNumberCodec:
		return c.rules.enum
	case *stringCodec:
		rules = c.rules
	case *textCodec:
		rules = c.rules
	case *standardCodec:
		rules = c.rules
	case *bytesCodec:
		rules = c.rules
	}
	if rules == nil {
		return nil
	}
	return rules.enum
}

// vetChoices checks, when all plans are whole, that no value of an enum is refused by the rest of its schema.
func (c *compiler) vetChoices(n *node, all *choices) {
	c.checks = append(c.checks, func() error {
		for _, value := range all.values {
			if _, err := vet(n, value); err != nil {
				return fmt.Errorf("its own schema refuses the enum value %s of %s: %w", value, n.typ, err)
			}
		}
		return nil
	})
}

func (e *enumCodec) kind() (string, string) { return e.base.kind() }

func (e *enumCodec) describe(x *emitter, o *object, null bool) {
	if e.some == nil {
		x.refer(e.name, o, null)
		return
	}
	if !x.inline {
		x.refer(e.name, o, null)
		e.some.describe(o, null)
		return
	}
	e.base.describe(x, o, null)
}

func (e *enumCodec) describeWhole(x *emitter, o *object, null bool) { e.base.describe(x, o, null) }

func (e *enumCodec) decode(d *decoder, v reflect.Value) bool { return e.base.decode(d, v) }

func (e *enumCodec) append(x *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	return e.base.append(x, dst, v)
}
