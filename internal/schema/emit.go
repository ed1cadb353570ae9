package schema

// direction says for which way of data a schema is: some properties and constraints belong to one only.
type direction uint8

const (
	both direction = iota
	input
	output
)

// emitter renders plans as JSON Schema 2020-12 in one of two dialects: with components elsewhere ("$ref":
// "#/components/schemas/…", as OpenAPI has them), or with everything inline and "$defs" for recursive types alone.
type emitter struct {
	dir     direction
	inline  bool
	defs    map[string][]byte // inline: finished or begun definitions
	pending []*named          // inline: definitions that are referred to and not yet written
	order   []string
}

// schema renders n with its annotations.
func (x *emitter) schema(n *node) []byte {
	return x.schemaWith(n, true)
}

func (x *emitter) schemaWith(n *node, annotated bool) []byte {
	var o object
	if annotated {
		o.text("title", n.notes.title)
		o.text("description", n.notes.doc)
	}
	n.codec.describe(x, &o, n.nullable)
	if annotated {
		x.trailing(n, &o)
	}
	return o.bytes()
}

func (x *emitter) trailing(n *node, o *object) {
	if n.notes.def != nil && x.dir != output && !o.has("default") {
		o.raw("default", n.notes.def)
	}
	if n.notes.example != nil && !o.has("examples") {
		o.raws("examples", [][]byte{n.notes.example})
	}
	o.flag("deprecated", n.notes.deprecated && !o.has("deprecated"))
	if x.dir == both {
		o.flag("readOnly", n.notes.readOnly && !o.has("readOnly"))
		o.flag("writeOnly", n.notes.writeOnly && !o.has("writeOnly"))
	}
}

// root renders n as a self-contained document.
func (x *emitter) root(n *node) []byte {
	x.inline = true
	var o object
	o.text("title", n.notes.title)
	o.text("description", n.notes.doc)
	if c, ok := behindPointers(n).(component); ok {
		c.describeWhole(x, &o, false) // a root stands as a whole even if it is recursive
	} else {
		n.codec.describe(x, &o, n.nullable)
	}
	x.trailing(n, &o)
	x.definitions(&o)
	return o.bytes()
}

// definitions adds $defs for all that has been referred to.
func (x *emitter) definitions(o *object) {
	for len(x.pending) > 0 {
		next := x.pending[0]
		x.pending = x.pending[1:]
		x.defs[next.name] = x.whole(next)
		x.order = append(x.order, next.name)
	}
	if len(x.order) == 0 {
		return
	}
	var defs object
	for _, name := range x.order {
		defs.raw(name, x.defs[name])
	}
	o.raw("$defs", defs.bytes())
}

func (x *emitter) whole(n *named) []byte {
	var o object
	n.codec.describeWhole(x, &o, false)
	return o.bytes()
}

// component is the codec of a type that stands under a name of its own.
type component interface {
	codec
	// describeWhole adds the keywords of the type itself, never a reference to it.
	describeWhole(x *emitter, o *object, null bool)
}

// refer describes a named type: by reference where the dialect wants that, or else in place.
func (x *emitter) refer(n *named, o *object, null bool) {
	switch {
	case !x.inline:
		x.orNull(o, null, func(o *object) { o.str("$ref", "#/components/schemas/"+n.name) })
	case n.recursive:
		x.define(n)
		x.orNull(o, null, func(o *object) { o.str("$ref", "#/$defs/"+n.name) })
	default:
		n.codec.describeWhole(x, o, null)
	}
}

// define takes care that n will be in $defs.
func (x *emitter) define(n *named) {
	if x.defs == nil {
		x.defs = map[string][]byte{}
	}
	if _, begun := x.defs[n.name]; !begun {
		x.defs[n.name] = nil
		x.pending = append(x.pending, n)
	}
}

// orNull adds what write writes, or an anyOf of that and null.
func (x *emitter) orNull(o *object, null bool, write func(o *object)) {
	if !null {
		write(o)
		return
	}
	var some object
	write(&some)
	o.raws("anyOf", [][]byte{some.bytes(), []byte(`{"type":"null"}`)})
}

func behindPointers(n *node) codec {
	for {
		p, ok := n.codec.(*pointerCodec)
		if !ok {
			return n.codec
		}
		n = p.elem
	}
}
