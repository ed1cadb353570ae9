package schema

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// MCPHeader is a property that MCP clients mirror in an HTTP header, 2026-07-28, section "Custom Headers from Tool Parameters".
type MCPHeader struct {
	Name string // what follows Mcp-Param-
	path []string
}

// mcpHeaderKeyword is the keyword of a tool's schema that says so.
const mcpHeaderKeyword = "x-mcp-header"

// maxSafe is the greatest integer that JavaScript holds exactly, as does its negative.
const maxSafe = "9007199254740991"

// takeMCPHeader reads the tag mcpHeader, and checks what the specification asks of the name and of the property.
func (f *field) takeMCPHeader(own *tags) error {
	name, ok := own.take("mcpHeader")
	if !ok {
		return nil
	}
	f.mcpHeader = name
	kind, _ := f.node.codec.kind()
	switch {
	case !isToken(name):
		return fmt.Errorf("tag mcpHeader:%q is not the name of an HTTP header (RFC 9110 section 5.1)", name)
	case kind != "string" && kind != "integer" && kind != "boolean":
		return errors.New("tag mcpHeader does not apply: the property must be a string, an integer or a boolean")
	case f.node.nullable:
		return errors.New("tag mcpHeader does not apply: the property must not be null; use omitzero")
	case f.node.notes.readOnly:
		return errors.New("tag mcpHeader does not apply: the property is read-only")
	case kind == "integer" && !isSafe(shape(f.node)):
		return fmt.Errorf("tag mcpHeader: the integer must be within ±%s, which JavaScript holds exactly; use int32 or the tags minimum and maximum", maxSafe)
	}
	return nil
}

// isToken says whether text is 1*tchar, RFC 9110 section 5.6.2.
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(c rune) bool {
		return !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.ContainsRune("!#$%&'*+-.^_`|~", c))
	})
}

// isSafe says whether all integers that a codec takes are in JavaScript's safe range.
func isSafe(c codec) bool {
	if e, ok := c.(*enumCodec); ok {
		c = e.base
	}
	integer, ok := c.(*intCodec)
	if !ok {
		return false
	}
	low, high := parseDecimal(nil, []byte("-"+maxSafe)), parseDecimal(nil, []byte(maxSafe))
	r := integer.rules
	within := func(d decimal) bool { return d.cmp(low) >= 0 && d.cmp(high) <= 0 }
	if r.enum != nil {
		return !slices.ContainsFunc(r.enum.values, func(v []byte) bool { return !within(parseDecimal(nil, v)) })
	}
	floor, ceiling := firstBound(r.min, r.above), firstBound(r.max, r.below)
	return floor != nil && ceiling != nil && within(floor.value) && within(ceiling.value)
}

func firstBound(bounds ...*bound) *bound {
	for _, b := range bounds {
		if b != nil {
			return b
		}
	}
	return nil
}

// mirrored adds to the property's schema, where it is for MCP, which header mirrors it.
func (f *field) mirrored(x *emitter, schema []byte) []byte {
	if f.mcpHeader == "" || x.dir != input || !x.inline {
		return schema
	}
	schema = append(slices.Clone(schema[:len(schema)-1]), `,"`+mcpHeaderKeyword+`":`...)
	return append(appendString(schema, f.mcpHeader), '}')
}

// MCPHeaders returns the properties with a tag mcpHeader. The error says that two have one name, regardless of case, or that one
// stands where clients do not look: they follow plain objects only, from the root down.
func (t *Type) MCPHeaders() ([]MCPHeader, error) {
	w := headerWalk{seen: map[codec]bool{}}
	err := w.codec(behindPointers(t.root), nil, true)
	return w.found, err
}

// headerWalk looks for mirrored properties in a plan.
type headerWalk struct {
	found []MCPHeader
	seen  map[codec]bool // where no headers may be
}

// codec looks into c, at path. plain says that the way there led through plain objects.
func (w *headerWalk) codec(c codec, path []string, plain bool) error {
	if !plain {
		if w.seen[c] {
			return nil
		}
		w.seen[c] = true
	}
	switch c := c.(type) {
	case *structCodec:
		for _, f := range c.plan.fields {
			if err := w.field(f, path, plain); err != nil {
				return err
			}
		}
	case *sequenceCodec:
		return w.codec(behindPointers(c.item), path, false)
	case *mapCodec:
		return w.codec(behindPointers(c.value), path, false)
	case *loopCodec:
		return w.codec(c.inner, path, false)
	case *unionCodec:
		for _, v := range c.variants {
			if err := w.codec(v.node.codec, path, false); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *headerWalk) field(f *field, path []string, plain bool) error {
	path = append(slices.Clone(path), f.name)
	if f.mcpHeader != "" {
		if err := w.add(MCPHeader{Name: f.mcpHeader, path: path}, plain); err != nil {
			return err
		}
	}
	c := behindPointers(f.node)
	s, isStruct := c.(*structCodec)
	return w.codec(c, path, plain && isStruct && !f.node.nullable && (s.name == nil || !s.name.recursive))
}

func (w *headerWalk) add(h MCPHeader, plain bool) error {
	if !plain {
		return fmt.Errorf("property %q: tag mcpHeader:%q stands within an array, a map, a union, or what may be null or contains itself", strings.Join(h.path, "."), h.Name)
	}
	for _, other := range w.found {
		if strings.EqualFold(other.Name, h.Name) {
			return fmt.Errorf("the properties %q and %q have one mcpHeader, %q", strings.Join(other.path, "."), strings.Join(h.path, "."), h.Name)
		}
	}
	w.found = append(w.found, h)
	return nil
}

// Value returns the JSON of the property in an arguments object; present is false if it is not there or null.
func (h MCPHeader) Value(arguments []byte) (value []byte, present bool) {
	value = arguments
	for _, name := range h.path {
		if value = memberOf(value, name); value == nil {
			return nil, false
		}
	}
	return value, string(value) != "null"
}

// memberOf returns the first member of that name, nil if object has none.
func memberOf(object []byte, name string) []byte {
	s := scanner{data: object}
	if s.peek() != '{' {
		return nil
	}
	s.pos++
	d := decoder{}
	return d.find(&s, name)
}

// Matches says whether text, from a header, is the property's value: numbers are compared as numbers. An array or an object is
// no value that a header could have; to refuse it is up to the schema.
func (h MCPHeader) Matches(value []byte, text string) bool {
	switch value[0] {
	case '{', '[':
		return true
	case '"':
		own, flaws := unescape(nil, value[1:len(value)-1])
		return flaws&^hasEscape == 0 && string(own) == text
	case 't', 'f':
		return string(value) == text
	}
	s := scanner{data: []byte(text)}
	if _, problem := s.number(); problem != "" || s.pos != len(text) {
		return false
	}
	return parseDecimal(nil, value).cmp(parseDecimal(nil, []byte(text))) == 0
}
