package schema

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Repair returns data with the strings in it replaced that hold the JSON of a number, a boolean, an array or an object, where the
// type wants that and takes no string; n counts them. Language models write arguments so. What Decode accepts comes back as it is,
// and so does what Repair cannot read. Numbers stay the same to the last digit.
func (t *Type) Repair(data []byte) (repaired []byte, n int) {
	r := repairer{scanner: scanner{data: data}}
	if !r.value(t.root) || r.n == 0 {
		return data, 0
	}
	return r.result(), r.n
}

// repairer walks a document and a plan side by side.
type repairer struct {
	scanner
	n      int
	depth  int
	out    []byte // what is finished
	copied int    // how far data is in out
}

// result returns the document with everything that was replaced.
func (r *repairer) result() []byte {
	if r.n == 0 {
		return r.data
	}
	return append(r.out, r.data[r.copied:]...)
}

// replace puts text in the place of what stands from start to pos.
func (r *repairer) replace(start int, text []byte) {
	r.out = append(append(r.out, r.data[r.copied:start]...), text...)
	r.copied = r.pos
}

// value consumes a value where n is wanted. False means that it cannot be read.
func (r *repairer) value(n *node) bool {
	switch c := shape(n); r.peek() {
	case '"':
		return r.text(n, c)
	case '[':
		if s, ok := c.(*sequenceCodec); ok {
			return r.within(func() bool { return r.items(s.item) })
		}
	case '{':
		if find := r.properties(c); find != nil {
			return r.within(func() bool { return r.members(find) })
		}
	}
	return r.leap()
}

// within consumes an array or an object whose bracket comes next.
func (r *repairer) within(read func() bool) bool {
	if r.depth++; r.depth > maxDepth {
		return false
	}
	r.pos++
	ok := read()
	r.depth--
	return ok
}

func (r *repairer) items(item *node) bool {
	for r.peek() != ']' {
		if !r.value(item) || r.peek() != ',' && r.peek() != ']' {
			return false
		}
		if r.peek() == ',' {
			r.pos++
		}
	}
	r.pos++
	return true
}

func (r *repairer) members(find func(name []byte) *node) bool {
	for r.peek() == '"' {
		raw, _, problem := r.str()
		if problem != "" || r.peek() != ':' {
			return false
		}
		r.pos++
		name, _ := unescape(nil, raw)
		if n := find(name); n != nil && !r.value(n) || n == nil && !r.leap() {
			return false
		}
		if r.peek() == ',' {
			r.pos++
		}
	}
	if r.peek() != '}' {
		return false
	}
	r.pos++
	return true
}

// properties returns what finds the plan of a property of the object at pos, or nil where c has no such plans. What it finds nil
// is not looked into.
func (r *repairer) properties(c codec) func(name []byte) *node {
	switch c := c.(type) {
	case *structCodec:
		return c.plan.propertyNode
	case *mapCodec:
		return func([]byte) *node { return c.value }
	case *unionCodec:
		if chosen := r.variant(c); chosen != nil {
			return chosen.codec.(*structCodec).plan.propertyNode
		}
	}
	return nil
}

func (p *structPlan) propertyNode(name []byte) *node {
	i, ok := p.byName[string(name)]
	if !ok || p.fields[i].node.notes.readOnly {
		return nil
	}
	return p.fields[i].node
}

// variant returns the plan of the variant that the object at pos is, nil if it cannot be told.
func (r *repairer) variant(u *unionCodec) *node {
	ahead := repairer{scanner: scanner{data: r.data, pos: r.pos + 1}}
	for ahead.peek() == '"' {
		raw, _, problem := ahead.str()
		if problem != "" || ahead.peek() != ':' {
			return nil
		}
		ahead.pos++
		ahead.peek()
		start := ahead.pos
		if !ahead.leap() {
			return nil
		}
		if name, _ := unescape(nil, raw); string(name) == u.tag {
			return u.tagged(ahead.data[start:ahead.pos])
		}
		if ahead.peek() != ',' {
			return nil
		}
		ahead.pos++
	}
	return nil
}

func (u *unionCodec) tagged(literal []byte) *node {
	if len(literal) < 2 || literal[0] != '"' {
		return nil
	}
	value, _ := unescape(nil, literal[1:len(literal)-1])
	chosen, ok := u.byValue[string(value)]
	if !ok {
		return nil
	}
	return chosen.node
}

// text consumes a string, and replaces it by what it holds if that is wanted there.
func (r *repairer) text(n *node, c codec) bool {
	start := r.pos
	raw, flaws, problem := r.str()
	if problem != "" {
		return false
	}
	if flaws&^hasEscape != 0 {
		return true
	}
	kind, _ := c.kind()
	if _, isUnion := c.(*unionCodec); isUnion {
		kind = "object"
	}
	if kind == "" || kind == "string" {
		return true
	}
	text, _ := unescape(nil, raw)
	text = bytes.Trim(text, " \t\r\n")
	if !stands(text, kind, n.nullable) {
		return true
	}
	inner := repairer{scanner: scanner{data: text}, depth: r.depth}
	if !inner.value(n) {
		return true
	}
	r.replace(start, inner.result())
	r.n += 1 + inner.n
	return true
}

// stands says whether text is JSON of this kind.
func stands(text []byte, kind string, null bool) bool {
	if len(text) == 0 {
		return false
	}
	switch {
	case string(text) == "null":
		return null
	case kind == "boolean":
		return string(text) == "true" || string(text) == "false"
	case kind == "integer" || kind == "number":
		s := scanner{data: text}
		_, problem := s.number()
		return problem == "" && s.pos == len(text) && (kind == "number" || parseDecimal(nil, text).isInteger())
	case kind == "array" && text[0] == '[', kind == "object" && text[0] == '{':
		return jsontext.Value(text).IsValid()
	}
	return false
}
