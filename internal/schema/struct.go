package schema

import (
	"fmt"
	"math/bits"
	"reflect"
	"slices"
)

// structPlan is the plan of a struct type, shared by all places where the type is used.
type structPlan struct {
	typ      reflect.Type
	fields   []*field
	byName   map[string]int
	open     bool           // unknown properties are dropped
	inlining []reflect.Type // while planning: the structs that are being inlined
	behind   int            // while planning: embedded pointers around, so that fields may be missing
	filled   bool           // some absent property has a value to be filled in
	known    []string       // names that may be sent
	settled  bool
}

// structCodec reads and writes structs as objects.
type structCodec struct {
	plan *structPlan
	name *named // nil for types without a name
	tag  *variantTag
}

// variantTag is the property that tells a union's variants apart.
type variantTag struct{ name, value string }

func (c *compiler) structure(t reflect.Type) (codec, error) {
	if known, ok := c.registry.named[typeKey{t, c.open}]; ok {
		return c.again(known)
	}
	sc := &structCodec{plan: &structPlan{typ: t, byName: map[string]int{}, open: c.open}}
	fill := func() error { return c.fillStruct(sc.plan) }
	if t.Name() == "" {
		return sc, fill()
	}
	var err error
	sc.name, err = c.name(typeKey{t, c.open}, sc, fill)
	if sc.name != nil {
		sc.name.done = true
	}
	return sc, err
}

// again returns the codec of a named type that has been met before. If its planning is still under way, the type contains itself.
func (c *compiler) again(n *named) (codec, error) {
	if !n.done {
		n.recursive = true
	}
	return n.codec, nil
}

func (c *compiler) fillStruct(p *structPlan) error {
	p.inlining = []reflect.Type{p.typ}
	if err := c.structFields(p, p.typ, nil); err != nil {
		return err
	}
	c.checks = append(c.checks, func() error { p.settle(); return nil })
	return nil
}

// add adds a property by Go's rule for embedded names: the shallower one hides the deeper one.
func (p *structPlan) add(f *field) error {
	i, taken := p.byName[f.name]
	switch {
	case !taken:
		p.byName[f.name] = len(p.fields)
		p.fields = append(p.fields, f)
	case f.depth == p.fields[i].depth:
		return fmt.Errorf("JSON property %q is declared twice, also by field %s", f.name, p.fields[i].goName)
	case f.depth < p.fields[i].depth:
		p.fields[i] = f
	}
	return nil
}

// settle finishes a plan, once, when all types are planned. It decides what becomes of absent properties: an absent struct whose
// properties are all optional is as good as {}, so the defaults within it apply.
func (p *structPlan) settle() {
	if p.settled {
		return
	}
	p.settled = true
	for _, f := range p.fields {
		if !f.node.notes.readOnly {
			p.known = append(p.known, f.name)
		}
		if sc, ok := f.node.codec.(*structCodec); ok && f.fill == nil && !f.required && !f.node.notes.readOnly {
			sc.plan.settle()
			if sc.plan.filled && !sc.plan.demanding() {
				f.fill = &filler{plan: sc.plan}
			}
		}
		p.filled = p.filled || f.fill != nil
	}
}

// demanding says whether any property must be there.
func (p *structPlan) demanding() bool {
	return slices.ContainsFunc(p.fields, func(f *field) bool { return f.required && !f.node.notes.readOnly })
}

// bitset marks fields as seen. Structs of up to 256 properties need no allocation.
type bitset struct {
	small [4]uint64
	large map[int]bool
}

// set marks i; false means that it was marked before.
func (b *bitset) set(i int) bool {
	if i >= 256 {
		if b.large == nil {
			b.large = map[int]bool{}
		}
		was := b.large[i]
		b.large[i] = true
		return !was
	}
	word, bit := &b.small[i/64], uint64(1)<<(i%64)
	was := *word & bit
	*word |= bit
	return was == 0
}

func (b *bitset) has(i int) bool {
	if i >= 256 {
		return b.large[i]
	}
	return b.small[i/64]>>(i%64)&1 == 1
}

func (b *bitset) count() int {
	n := len(b.large)
	for _, w := range b.small {
		n += bits.OnesCount64(w)
	}
	return n
}

// at returns the field of v that f plans, making embedded pointers on the way.
func (f *field) at(v reflect.Value) reflect.Value {
	if len(f.index) == 1 {
		return v.Field(f.index[0])
	}
	return fieldAt(v, f.index)
}

func fieldAt(v reflect.Value, index []int) reflect.Value {
	for i, x := range index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v
}

func (s *structCodec) kind() (string, string) { return "object", "" }

func (s *structCodec) decode(d *decoder, v reflect.Value) bool {
	if d.peek() != '{' {
		return d.wrongType("object")
	}
	if !d.enter() {
		return false
	}
	o := structReader{structCodec: s, d: d, v: v}
	if s.plan.open {
		o.unknown = d.names.open()
		defer d.names.close(o.unknown)
	}
	return d.members(o.member) && o.finish()
}

// structReader is the state of reading one struct.
type structReader struct {
	*structCodec
	d       *decoder
	v       reflect.Value
	seen    bitset
	next    int // the field that comes next if the document keeps the declared order
	tagSeen bool
	unknown nameMark
}

func (o *structReader) member(raw []byte, flaws textFlaws) bool {
	name := o.d.plain(raw, flaws)
	i, known := o.find(name)
	switch {
	case flaws&^hasEscape != 0 || !known:
		return o.stranger(name, raw, flaws)
	case !o.seen.set(i):
		return o.repeated(o.plan.fields[i].name)
	}
	f := o.plan.fields[i]
	o.next = i + 1
	o.d.pushName(f.name)
	ok := o.value(f)
	if ok {
		o.d.pop()
	}
	return ok
}

func (o *structReader) find(name []byte) (int, bool) {
	if o.next < len(o.plan.fields) && o.plan.fields[o.next].name == string(name) {
		return o.next, true
	}
	i, ok := o.plan.byName[string(name)]
	return i, ok
}

// repeated reports a known property that comes again.
func (o *structReader) repeated(name string) bool {
	o.d.pushName(name)
	if !o.d.duplicate() || !o.d.skip() {
		return false
	}
	o.d.pop()
	return true
}

func (o *structReader) value(f *field) bool {
	d, notes := o.d, &f.node.notes
	if notes.readOnly {
		if !o.plan.open && !d.report(FieldError{Detail: "is read-only; leave it out", Expected: "no such property"}) {
			return false
		}
		return d.skip()
	}
	if !notes.writeOnly {
		return f.node.decode(d, f.at(o.v))
	}
	d.secret++
	defer func() { d.secret-- }()
	return f.node.decode(d, f.at(o.v))
}

// stranger deals with a name that is no field's: a union's tag, or an unknown property.
func (o *structReader) stranger(name, raw []byte, flaws textFlaws) bool {
	d := o.d
	if o.tag != nil && string(name) == o.tag.name {
		return o.variantTag()
	}
	d.pushRaw(raw)
	var ok bool
	switch {
	case flaws&^hasEscape != 0:
		ok = d.flawed(flaws, raw)
	case o.plan.open:
		ok = d.uniqueName(o.unknown, raw, flaws)
	default:
		ok = d.report(o.plan.unknownName(string(name)))
	}
	if !ok || !d.skip() {
		return false
	}
	d.pop()
	return true
}

// variantTag consumes the tag's value, by which the variant has been chosen already.
func (o *structReader) variantTag() bool {
	if o.tagSeen {
		return o.repeated(o.tag.name)
	}
	o.tagSeen = true
	return o.d.skip()
}

// finish reports what is missing and fills in what is absent.
func (o *structReader) finish() bool {
	if o.seen.count() < len(o.plan.fields) {
		for i, f := range o.plan.fields {
			if !o.seen.has(i) && !o.absent(f) {
				return false
			}
		}
	}
	return true
}

func (o *structReader) absent(f *field) bool {
	switch {
	case f.node.notes.readOnly:
		return true
	case f.required:
		return o.d.missing(f.name, f.node)
	case f.fill != nil:
		f.fill.into(o.d, f.node, f.at(o.v))
	}
	return true
}

// missing reports a required property that is not there.
func (d *decoder) missing(name string, n *node) bool {
	return d.reportMissing(name, expectation(n))
}

func (d *decoder) reportMissing(name, expected string) bool {
	d.pushName(name)
	ok := d.report(FieldError{Detail: "property is required", Expected: expected})
	d.pop()
	return ok
}

// expectation names the type of n for an error.
func expectation(n *node) string {
	kind, _ := shape(n).kind()
	return kind
}

// into sets v, an absent property, to its default.
func (fl *filler) into(d *decoder, n *node, v reflect.Value) {
	switch {
	case fl.value.IsValid():
		v.Set(fl.value)
	case fl.plan != nil:
		fl.plan.fill(d, v)
	default:
		own := newDecoder(d.ctx, fl.text)
		defer own.release()
		own.quiet = true
		n.decode(own, v) // vetted at Compile
	}
}

// fill sets the defaults of a struct that is absent as a whole.
func (p *structPlan) fill(d *decoder, v reflect.Value) {
	for _, f := range p.fields {
		if f.fill != nil {
			f.fill.into(d, f.node, f.at(v))
		}
	}
}
