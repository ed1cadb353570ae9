package schema

// fieldsOf lists the properties of a struct's plan.
func fieldsOf(n *node) []Field {
	c, ok := shape(n).(*structCodec)
	if !ok {
		return nil
	}
	fields := make([]Field, 0, len(c.plan.fields))
	for _, f := range c.plan.fields {
		fields = append(fields, f.info())
	}
	return fields
}

func (f *field) info() Field {
	notes := &f.node.notes
	kind, format := f.node.codec.kind()
	return Field{
		Name: f.name, In: f.in, Required: f.required,
		Kind: kind, ItemKind: itemKind(f.node), Format: format,
		Nullable: f.node.nullable, Deprecated: notes.deprecated, ReadOnly: notes.readOnly, WriteOnly: notes.writeOnly,
		Doc: notes.doc, Default: notes.def, Example: notes.example,
		Schema: (&emitter{}).schema(f.node),
	}
}

func itemKind(n *node) string {
	s, ok := shape(n).(*sequenceCodec)
	if !ok {
		return ""
	}
	kind, _ := s.item.codec.kind()
	return kind
}
