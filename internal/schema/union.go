package schema

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// unionCodec reads and writes a tagged union: one of several objects, told apart by a property with a fixed value for each.
type unionCodec struct {
	typ      reflect.Type
	name     *named
	tag      string
	variants []*variant
	byValue  map[string]*variant
	list     string // of the tag's values, for errors
}

// variant is one of a union's objects.
type variant struct {
	value string // of the tag
	index int    // of the union's field
	node  *node  // of the struct
}

// union plans a struct with a method Discriminator.
func (c *compiler) union(t reflect.Type) (codec, error) {
	if known, ok := c.registry.named[typeKey{t, c.open}]; ok {
		return c.again(known)
	}
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s has a method Discriminator, but is no struct", t)
	}
	u := &unionCodec{typ: t, byValue: map[string]*variant{}}
	if u.tag = reflect.New(t).Interface().(discriminating).Discriminator(); u.tag == "" {
		return nil, fmt.Errorf("method Discriminator of %s returns no name", t)
	}
	name, err := c.name(typeKey{t, c.open}, u, func() error { return c.variants(u) })
	u.name, name.done = name, true
	return u, err
}

func (c *compiler) variants(u *unionCodec) error {
	var values []string
	for i := range u.typ.NumField() {
		sf := u.typ.Field(i)
		if !sf.IsExported() {
			continue
		}
		v, err := c.variant(u, sf, i)
		if err != nil {
			return fmt.Errorf("%s.%s: %w", u.typ, sf.Name, err)
		}
		if u.byValue[v.value] != nil {
			return fmt.Errorf("%s.%s: another variant has the tag value %q too", u.typ, sf.Name, v.value)
		}
		u.byValue[v.value] = v
		u.variants, values = append(u.variants, v), append(values, v.value)
	}
	if len(values) == 0 {
		return fmt.Errorf("union %s has no variants", u.typ)
	}
	u.list = oneOf(values)
	return nil
}

func (c *compiler) variant(u *unionCodec, sf reflect.StructField, index int) (*variant, error) {
	t := sf.Type
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return nil, errors.New("a union's field must be a pointer to a struct")
	}
	value, notes, err := variantTags(sf)
	if err != nil {
		return nil, err
	}
	n, err := c.node(t.Elem(), noTags())
	if err != nil {
		return nil, err
	}
	plain, ok := n.codec.(*structCodec)
	if !ok {
		return nil, errors.New("a union's variant must be a plain struct")
	}
	tagged := &structCodec{plan: plain.plan, tag: &variantTag{u.tag, value}}
	n.codec, n.notes = tagged, notes
	if err := c.nameVariant(u, tagged); err != nil {
		return nil, err
	}
	c.checks = append(c.checks, func() error {
		if _, taken := plain.plan.byName[u.tag]; taken {
			return fmt.Errorf("%s.%s: property %q of %s is the union's discriminator", u.typ, sf.Name, u.tag, t.Elem())
		}
		return nil
	})
	return &variant{value: value, index: index, node: n}, nil
}

// nameVariant gives a variant a component of its own, since its schema holds the tag as well.
func (c *compiler) nameVariant(u *unionCodec, tagged *structCodec) error {
	wanted := typeName(u.typ) + camel(tagged.tag.value)
	n := &named{codec: tagged, done: true}
	c.registry.claim(typeKey{u.typ, c.open}, wanted, n)
	c.names = append(c.names, n.name)
	c.unkeyed = append(c.unkeyed, n)
	tagged.name = n
	return nil
}

// camel writes a tag value such as bank_transfer as BankTransfer.
func camel(value string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(value, func(c rune) bool { return strings.ContainsRune("_-./: ", c) }) {
		b.WriteString(exported(word))
	}
	return b.String()
}

func variantTags(sf reflect.StructField) (value string, n notes, err error) {
	constraints, own, err := readTags(sf.Tag)
	if err != nil {
		return "", n, err
	}
	tag, err := parseJSONTag(own)
	switch {
	case err != nil:
		return "", n, err
	case tag.skip || tag.inline || sf.Anonymous && tag.name == "":
		return "", n, errors.New("a union's field needs a JSON name, which is its tag value")
	}
	if tag.name == "" {
		tag.name = sf.Name
	}
	if err := n.read(own); err != nil {
		return "", n, err
	}
	if len(constraints.left)+len(own.left) > 0 || n.readOnly || n.writeOnly {
		return "", n, errors.New("a union's field takes the tags json, doc, title and deprecated only")
	}
	return tag.name, n, nil
}

func (u *unionCodec) kind() (string, string) { return "", "" }

func (u *unionCodec) describe(x *emitter, o *object, null bool) { x.refer(u.name, o, null) }

func (u *unionCodec) describeWhole(x *emitter, o *object, null bool) {
	x.orNull(o, null, func(o *object) {
		o.typ("object", false)
		schemas := make([][]byte, len(u.variants))
		for i, v := range u.variants {
			schemas[i] = x.schema(v.node)
		}
		o.raws("oneOf", schemas)
		if !x.inline {
			o.raw("discriminator", u.mapping())
		}
	})
}

// mapping is OpenAPI's discriminator object.
func (u *unionCodec) mapping() []byte {
	var o, mapping object
	for _, v := range u.variants {
		mapping.str(v.value, "#/components/schemas/"+v.node.codec.(*structCodec).name.name)
	}
	o.str("propertyName", u.tag)
	o.raw("mapping", mapping.bytes())
	return o.bytes()
}

func (u *unionCodec) decode(d *decoder, v reflect.Value) bool {
	if d.peek() != '{' {
		return d.wrongType("object")
	}
	literal, ok := d.lookAhead(u.tag)
	switch {
	case !ok:
		return false
	case literal == nil:
		return d.skip() && d.reportMissing(u.tag, u.list)
	case literal[0] != '"':
		return u.badTag(d, literal, "must be a string, "+u.list)
	}
	value, _ := unescape(nil, literal[1:len(literal)-1])
	chosen, ok := u.byValue[string(value)]
	if !ok {
		return u.badTag(d, literal, "must be "+u.list)
	}
	fresh := reflect.New(chosen.node.typ)
	v.Field(chosen.index).Set(fresh)
	return chosen.node.decode(d, fresh.Elem())
}

// badTag reports a tag that chooses no variant; the rest of the object is read for its syntax alone.
func (u *unionCodec) badTag(d *decoder, literal []byte, detail string) bool {
	d.pushName(u.tag)
	ok := d.report(FieldError{Detail: detail, Expected: u.list, Received: excerpt(literal)})
	d.pop()
	return ok && d.skip()
}

func (u *unionCodec) append(e *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	var chosen *variant
	for _, candidate := range u.variants {
		if v.Field(candidate.index).IsNil() {
			continue
		}
		if chosen != nil {
			return dst, fmt.Errorf("union has both %q and %q set", chosen.value, candidate.value)
		}
		chosen = candidate
	}
	if chosen == nil {
		return dst, fmt.Errorf("union has none of its variants set (%s)", u.list)
	}
	return chosen.node.append(e, dst, v.Field(chosen.index).Elem())
}
