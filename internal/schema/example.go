package schema

// exampleOf makes an example value of n, nil if a required part has none.
func exampleOf(n *node) []byte {
	return exampleWithin(n, map[codec]bool{})
}

// exampleWithin guards against recursive types by the codecs that are being shown.
func exampleWithin(n *node, within map[codec]bool) []byte {
	switch {
	case n.notes.example != nil:
		return n.notes.example
	case n.notes.def != nil && string(n.notes.def) != "null":
		return n.notes.def
	}
	switch c := n.codec.(type) {
	case *pointerCodec:
		return exampleWithin(c.elem, within)
	case *structCodec:
		return exampleStruct(c, within)
	case *unionCodec:
		return exampleWithin(c.variants[0].node, within)
	case *loopCodec:
		if within[c] {
			return nil
		}
		within[c] = true
		defer delete(within, c)
		return exampleWithin(&node{codec: c.inner}, within)
	case *sequenceCodec:
		return exampleSequence(c, within)
	case *mapCodec:
		if c.min == 0 {
			return []byte("{}")
		}
		return nil
	}
	return exampleScalar(n.codec)
}

func exampleScalar(c codec) []byte {
	if all := choicesOf(c); all != nil {
		return all.values[0]
	}
	switch c := c.(type) {
	case *stringCodec:
		return c.rules.example()
	case *standardCodec:
		return c.rules.example()
	case *textCodec:
		return c.rules.example()
	}
	return nil
}

func (r *stringRules) example() []byte {
	if r != nil && r.format != nil && r.format.sample != "" && r.min == 0 && r.max < 0 && r.pattern == nil {
		return appendString(nil, r.format.sample)
	}
	return nil
}

func exampleStruct(c *structCodec, within map[codec]bool) []byte {
	if within[c] {
		return nil
	}
	within[c] = true
	defer delete(within, c)
	var o object
	if c.tag != nil {
		o.str(c.tag.name, c.tag.value)
	}
	for _, f := range c.plan.fields {
		if f.node.notes.readOnly || !f.required && f.node.notes.example == nil {
			continue
		}
		value := exampleWithin(f.node, within)
		if value == nil {
			return nil
		}
		o.raw(f.name, value)
	}
	return o.bytes()
}

// exampleSequence shows an array with one item if it can.
func exampleSequence(c *sequenceCodec, within map[codec]bool) []byte {
	if c.rules.min > 1 {
		return nil
	}
	item := exampleWithin(c.item, within)
	switch {
	case item != nil && c.rules.max != 0:
		return append(append([]byte{'['}, item...), ']')
	case c.rules.min == 0:
		return []byte("[]")
	}
	return nil
}
