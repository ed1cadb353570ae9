package schema

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// field is the plan of one JSON property of a struct.
type field struct {
	name      string // JSON name
	goName    string
	quoted    []byte // `"name":`
	index     []int  // through embedded structs
	node      *node
	required  bool // in what is decoded
	always    bool // Append always writes it
	omitZero  bool
	omitEmpty bool
	zeroer    bool // the type has IsZero
	in        string
	mcpHeader string  // the name after Mcp-Param- of the header that mirrors it; "" for none
	fill      *filler // what an absent property becomes; nil for the zero value
	depth     int     // of embedding
}

// filler sets an absent property.
type filler struct {
	value reflect.Value // to be copied, if valid
	text  []byte        // or else JSON to be decoded, so that no two values share memory
	plan  *structPlan   // or else a struct whose own fields have defaults
}

// jsonTag is the parsed json key of a struct tag.
type jsonTag struct {
	name                        string
	inline, omitZero, omitEmpty bool
	skip                        bool
}

func parseJSONTag(tg *tags) (jsonTag, error) {
	text, _ := tg.take("json")
	if text == "-" {
		return jsonTag{skip: true}, nil
	}
	parts := strings.Split(text, ",")
	parsed := jsonTag{name: parts[0]}
	if strings.ContainsFunc(parsed.name, func(c rune) bool { return c < ' ' || strings.ContainsRune("\"'`\\\uFFFD", c) }) {
		return parsed, fmt.Errorf("JSON name %q holds a quote, a backslash or what is no text", parsed.name)
	}
	for _, option := range parts[1:] {
		switch option {
		case "omitempty":
			parsed.omitEmpty = true
		case "omitzero":
			parsed.omitZero = true
		case "inline":
			parsed.inline = true
		case "":
		case "string":
			return parsed, errors.New(`json option "string" is not supported: a number is written as a number, exact to its last digit`)
		default:
			return parsed, fmt.Errorf("json option %q is not supported", option)
		}
	}
	if parsed.inline && parsed.name != "" {
		return parsed, errors.New("an inline field has no JSON name")
	}
	return parsed, nil
}

// structFields plans the properties of t in the order of declaration, embedded structs in place. outer is the way to t from the
// struct that is being planned.
func (c *compiler) structFields(p *structPlan, t reflect.Type, outer []int) error {
	for i := range t.NumField() {
		sf := t.Field(i)
		if err := c.structField(p, sf, append(slices.Clone(outer), i)); err != nil {
			return fmt.Errorf("%s.%s: %w", t, sf.Name, err)
		}
	}
	return nil
}

func (c *compiler) structField(p *structPlan, sf reflect.StructField, index []int) error {
	if !sf.IsExported() && !sf.Anonymous {
		return nil
	}
	constraints, own, err := readTags(sf.Tag)
	if err != nil {
		return err
	}
	tag, err := parseJSONTag(own)
	if err != nil {
		return err
	}
	switch {
	case tag.skip:
		return nil
	case tag.inline || sf.Anonymous && tag.name == "":
		return c.inline(p, sf, index, constraints, own)
	case !sf.IsExported():
		return nil
	}
	f, err := c.property(sf, index, tag, constraints, own)
	if err != nil {
		return err
	}
	f.always = f.always && p.behind == 0
	return p.add(f)
}

// inline plans the fields of an embedded struct as the outer struct's own.
func (c *compiler) inline(p *structPlan, sf reflect.StructField, index []int, constraints, own *tags) error {
	t, pointed := sf.Type, false
	if t.Kind() == reflect.Pointer {
		t, pointed = t.Elem(), true
	}
	switch {
	case t.Kind() != reflect.Struct || c.opaque(t):
		if !sf.IsExported() {
			return nil
		}
		return errors.New("only a plain struct can be inlined; give the field a JSON name")
	case pointed && !sf.IsExported():
		return errors.New("an embedded pointer to an unexported type cannot be set")
	case slices.Contains(p.inlining, t):
		return errors.New("a struct cannot be inlined into itself")
	case len(constraints.left)+len(own.left) > 0:
		return errors.New("tags have no effect on an inlined struct")
	}
	p.inlining = append(p.inlining, t)
	defer func() { p.inlining = p.inlining[:len(p.inlining)-1] }()
	if pointed {
		p.behind++
		defer func() { p.behind-- }()
	}
	if err := reachable(p.typ, t, pointed); err != nil {
		return err
	}
	return c.structFields(p, t, index)
}

// reachable refuses an embedded struct whose Validate method would not run, or would run on a nil pointer. As everywhere in Go,
// a method of the outer struct hides it, and may call it.
func reachable(outer, embedded reflect.Type, pointed bool) error {
	switch {
	case !reflect.PointerTo(embedded).Implements(validator) || declares(outer, "Validate"):
		return nil
	case !reflect.PointerTo(outer).Implements(validator):
		return fmt.Errorf("several embedded structs have a method Validate, so that none is %s's; declare one that calls them", outer)
	case pointed:
		return fmt.Errorf("%s has its method Validate from a pointer that may be nil; declare one that calls it", outer)
	}
	return nil
}

// opaque says whether t, a struct, has JSON of its own instead of its fields.
func (c *compiler) opaque(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return isWellKnown(t) || p.Implements(textMarshaler) || p.Implements(jsonMarshaler) || p.Implements(schemaMaker) ||
		p.Implements(discriminator)
}

// property plans a field that is a JSON property.
func (c *compiler) property(sf reflect.StructField, index []int, tag jsonTag, constraints, own *tags) (*field, error) {
	f := &field{name: tag.name, goName: sf.Name, index: index, depth: len(index), omitZero: tag.omitZero, omitEmpty: tag.omitEmpty}
	if f.name == "" {
		f.name = sf.Name
	}
	f.quoted = append(appendString(nil, f.name), ':')
	f.zeroer = sf.Type.Implements(zeroer) || reflect.PointerTo(sf.Type).Implements(zeroer)
	var err error
	if f.node, err = c.node(sf.Type, constraints); err != nil {
		return nil, err
	}
	if err := constraints.rest(sf.Type); err != nil {
		return nil, err
	}
	if err := c.annotate(f, sf.Type, own); err != nil {
		return nil, err
	}
	return f, nil
}

// annotate reads what belongs to the field rather than to its type.
func (c *compiler) annotate(f *field, t reflect.Type, own *tags) error {
	omitted := f.omitZero || f.omitEmpty
	if t.Kind() == reflect.Pointer {
		f.node.nullable = !omitted
	}
	explicitNull, present, err := own.takeBool("nullable")
	if err != nil {
		return err
	}
	if present {
		if _, anything := f.node.codec.(anyCodec); anything {
			return errors.New("tag nullable does not apply: any JSON is accepted")
		}
		f.node.nullable = explicitNull
	}
	if err := f.node.notes.read(own); err != nil {
		return err
	}
	if f.in, _ = own.take("in"); f.in != "" && f.in != "query" && f.in != "header" {
		return fmt.Errorf(`tag in:%q must be "query" or "header"`, f.in)
	}
	if err := c.values(f, own); err != nil {
		return err
	}
	if err := f.presence(t, own, omitted); err != nil {
		return err
	}
	return f.takeMCPHeader(own)
}

// presence decides whether the property must be there.
func (f *field) presence(t reflect.Type, own *tags, omitted bool) error {
	n := f.node
	pointer := t.Kind() == reflect.Pointer
	f.required = !pointer && !omitted && n.notes.def == nil
	f.always = !omitted && (!pointer || n.nullable)
	explicit, present, err := own.takeBool("required")
	if err != nil {
		return err
	}
	if present {
		f.required = explicit
		f.always = f.always && explicit
	}
	switch {
	case f.required && n.notes.def != nil:
		return errors.New("a required property needs no default")
	case n.notes.readOnly && n.notes.writeOnly:
		return errors.New("a property cannot be both readOnly and writeOnly")
	}
	if pointer && !n.nullable {
		f.omitZero = true // nil has no other way to be written
	}
	return nil
}

func (n *notes) read(own *tags) error {
	if doc, ok := own.take("doc"); ok {
		n.doc = doc
	}
	if title, ok := own.take("title"); ok {
		n.title = title
	}
	for key, into := range map[string]*bool{"readOnly": &n.readOnly, "writeOnly": &n.writeOnly, "deprecated": &n.deprecated} {
		value, _, err := own.takeBool(key)
		if err != nil {
			return err
		}
		*into = value
	}
	return nil
}

// values reads default and example, which are vetted when all plans are whole.
func (c *compiler) values(f *field, own *tags) error {
	text, ok := own.take("default")
	if ok {
		value, err := literal(f.node, text)
		if err != nil {
			return fmt.Errorf("default: %w", err)
		}
		f.node.notes.def = value
		f.fill = &filler{}
		c.checks = append(c.checks, func() error { return f.vetDefault() })
	}
	text, ok = own.take("example")
	if ok {
		value, err := literal(f.node, text)
		if err != nil {
			return fmt.Errorf("example: %w", err)
		}
		f.node.notes.example = value
		c.checks = append(c.checks, func() error {
			_, err := vet(f.node, value)
			return f.refused("example", value, err)
		})
	}
	return nil
}

func (f *field) refused(what string, value []byte, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("field %s (property %q): its own schema refuses the %s %s: %w", f.goName, f.name, what, value, err)
}

func (f *field) vetDefault() error {
	def := f.node.notes.def
	v, err := vet(f.node, def)
	if err != nil {
		return f.refused("default", def, err)
	}
	if copyable(v.Type()) {
		f.fill.value = v
	} else {
		f.fill.text = def
	}
	return nil
}

// copyable says whether values of t share no memory that a handler could write to.
func copyable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return false
	case reflect.Struct:
		return isWellKnown(t)
	}
	return true
}
