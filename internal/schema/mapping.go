package schema

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// mapCodec reads and writes maps as objects.
type mapCodec struct {
	key      *keyCodec
	value    *node
	min, max int // properties; max < 0 if there is none
}

// mapping plans a map.
func (c *compiler) mapping(t reflect.Type, tg *tags) (codec, error) {
	m := &mapCodec{}
	var err error
	if m.min, err = tg.takeInt("minProperties", 0); err != nil {
		return nil, err
	}
	if m.max, err = tg.takeInt("maxProperties", -1); err != nil {
		return nil, err
	}
	if m.max >= 0 && m.max < m.min {
		return nil, fmt.Errorf("maxProperties %d is less than minProperties %d", m.max, m.min)
	}
	if m.key, err = c.key(t.Key()); err != nil {
		return nil, err
	}
	m.value, err = c.node(t.Elem(), noTags())
	return m, err
}

func (m *mapCodec) kind() (string, string) { return "object", "" }

func (m *mapCodec) describe(x *emitter, o *object, null bool) {
	o.typ("object", null)
	m.key.describe(x, o)
	o.raw("additionalProperties", x.schema(m.value))
	if x.dir == output {
		return
	}
	if m.min > 0 {
		o.int("minProperties", m.min)
	}
	if m.max >= 0 {
		o.int("maxProperties", m.max)
	}
}

func (m *mapCodec) decode(d *decoder, v reflect.Value) bool {
	if d.peek() != '{' {
		return d.wrongType("object")
	}
	start := d.pos
	if !d.enter() {
		return false
	}
	r := mapReader{mapCodec: m, d: d, v: v, names: d.names.open(), name: reflect.New(m.key.typ).Elem(), spare: reflect.New(m.value.typ).Elem()}
	defer d.names.close(r.names)
	v.Set(reflect.MakeMap(v.Type()))
	return d.members(r.member) && r.finish(d.data[start:d.pos])
}

// mapReader is the state of reading one map.
type mapReader struct {
	*mapCodec
	d     *decoder
	v     reflect.Value
	names nameMark
	name  reflect.Value // where keys are decoded, one after the other
	spare reflect.Value // and values
	n     int
}

func (r *mapReader) member(raw []byte, flaws textFlaws) bool {
	d := r.d
	r.n++
	d.pushRaw(raw)
	before := len(d.errs)
	if !d.uniqueName(r.names, raw, flaws) {
		return false
	}
	r.name.SetZero()
	if len(d.errs) == before && !r.key.decode(d, raw, r.name) {
		return false
	}
	r.spare.SetZero()
	if !r.value.decode(d, r.spare) {
		return false
	}
	if len(d.errs) == before {
		r.v.SetMapIndex(r.name, r.spare)
	}
	d.pop()
	return true
}

func (r *mapReader) finish(raw []byte) bool {
	var expected string
	switch {
	case r.n < r.min:
		expected = "at least " + count(r.min, "property")
	case r.max >= 0 && r.n > r.max:
		expected = "at most " + count(r.max, "property")
	default:
		return true
	}
	return r.d.report(FieldError{
		Detail:   fmt.Sprintf("must have %s, but has %d", expected, r.n),
		Expected: expected,
		Received: excerpt(raw),
	})
}

func (m *mapCodec) append(e *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	if err := e.enter(); err != nil {
		return dst, err
	}
	defer func() { e.depth-- }()
	members, err := m.sorted(v)
	if err != nil {
		return dst, err
	}
	dst = append(dst, '{')
	for i, member := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, member.name), ':')
		if dst, err = m.value.append(e, dst, addressable(member.value)); err != nil {
			return dst, withinName(err, member.name)
		}
	}
	return append(dst, '}'), nil
}

type mapMember struct {
	name  string
	value reflect.Value
}

// sorted lists the members of a map by name.
func (m *mapCodec) sorted(v reflect.Value) ([]mapMember, error) {
	members := make([]mapMember, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		name, err := m.key.name(it.Key())
		if err != nil {
			return nil, err
		}
		members = append(members, mapMember{strings.ToValidUTF8(name, "\uFFFD"), it.Value()})
	}
	slices.SortFunc(members, func(a, b mapMember) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(members); i++ {
		if members[i].name == members[i-1].name {
			return nil, fmt.Errorf("two keys are both written as %q", members[i].name)
		}
	}
	return members, nil
}

// keyCodec reads and writes the keys of a map, which are names of properties.
type keyCodec struct {
	typ    reflect.Type
	text   *node  // keys that are strings or text
	digits string // pattern of integer keys
}

// key plans the keys of a map.
func (c *compiler) key(t reflect.Type) (*keyCodec, error) {
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if !reflect.PointerTo(t).Implements(textMarshaler) && t != typeDuration {
			high := uint64(math.MaxUint64) >> (65 - t.Bits())
			return &keyCodec{typ: t, digits: integerPattern(high+1, high)}, nil
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		if !reflect.PointerTo(t).Implements(textMarshaler) {
			return &keyCodec{typ: t, digits: integerPattern(0, uint64(math.MaxUint64)>>(64-t.Bits()))}, nil
		}
	}
	n, err := c.node(t, noTags())
	if err != nil {
		return nil, err
	}
	if kind, _ := n.codec.kind(); kind != "string" || t.Kind() == reflect.Pointer {
		return nil, errors.New("the keys of a map must be strings, integers or text")
	}
	return &keyCodec{typ: t, text: n}, nil
}

func (k *keyCodec) describe(x *emitter, o *object) {
	var names object
	if k.text == nil {
		names.str("pattern", k.digits)
	} else {
		names.buf = x.keySchema(k.text)
	}
	if len(names.buf) > 0 {
		o.raw("propertyNames", names.bytes())
	}
}

// keySchema describes the keys of a map, and omits what says no more than that they are strings.
func (x *emitter) keySchema(n *node) []byte {
	text := x.schemaWith(n, false)
	if string(text) == `{"type":"string"}` {
		return nil
	}
	return text[:len(text)-1]
}

// decode reads a key from a member's name, which has been read before as raw.
func (k *keyCodec) decode(d *decoder, raw []byte, key reflect.Value) bool {
	if k.text == nil {
		return k.decodeInteger(d, raw, key)
	}
	after := d.pos
	d.pos = d.offset(raw) - 1 // the name's quote
	ok := k.text.decode(d, key)
	if ok {
		d.pos = after
	}
	return ok
}

func (k *keyCodec) decodeInteger(d *decoder, raw []byte, key reflect.Value) bool {
	text, _ := unescape(nil, raw)
	n, err := strconv.ParseInt(string(text), 10, 64)
	u, uerr := strconv.ParseUint(string(text), 10, 64)
	switch {
	case key.CanInt() && err == nil && !key.OverflowInt(n) && strconv.FormatInt(n, 10) == string(text):
		key.SetInt(n)
		return true
	case key.CanUint() && uerr == nil && !key.OverflowUint(u) && strconv.FormatUint(u, 10) == string(text):
		key.SetUint(u)
		return true
	}
	return d.report(FieldError{
		Detail:   fmt.Sprintf("property name must be a decimal integer of %d bits", k.typ.Bits()),
		Expected: "integer as a property name",
		Received: excerpt(appendString(nil, text)),
	})
}

// name writes a key.
func (k *keyCodec) name(key reflect.Value) (string, error) {
	switch {
	case k.text == nil && key.CanInt():
		return strconv.FormatInt(key.Int(), 10), nil
	case k.text == nil:
		return strconv.FormatUint(key.Uint(), 10), nil
	}
	if _, plain := k.text.codec.(*stringCodec); plain {
		return key.String(), nil
	}
	text, err := k.text.append(&encoder{}, nil, addressable(key))
	if err != nil {
		return "", err
	}
	name, _ := unescape(nil, text[1:len(text)-1])
	return string(name), nil
}
