package schema

import (
	"bytes"
	"fmt"
	"strings"
)

// choices are the values of an enum. A nil *choices allows everything.
type choices struct {
	values [][]byte          // JSON
	texts  map[string]string // canonical forms, by themselves: of strings the text, of numbers the digits
	names  []string          // for errors and suggestions
}

// stringChoices reads an enum tag of a string.
func stringChoices(text string) (*choices, error) {
	values, err := literals(&node{codec: &stringCodec{}}, text)
	if err != nil {
		return nil, fmt.Errorf("enum: %w", err)
	}
	return newChoices(values)
}

// newChoices makes an enum of JSON strings or numbers.
func newChoices(values [][]byte) (*choices, error) {
	c := &choices{values: values, texts: map[string]string{}}
	if len(values) == 0 {
		return nil, fmt.Errorf("enum has no values")
	}
	for _, v := range values {
		text, err := choiceText(v)
		if err != nil {
			return nil, err
		}
		if _, twice := c.texts[text]; twice {
			return nil, fmt.Errorf("enum has %s twice", v)
		}
		c.texts[text] = text
		c.names = append(c.names, text)
	}
	return c, nil
}

// choiceText returns the form by which a JSON string or number is compared.
func choiceText(value []byte) (string, error) {
	switch {
	case len(value) > 1 && value[0] == '"':
		text, flaws := unescape(nil, value[1:len(value)-1])
		if flaws&^hasEscape != 0 {
			return "", fmt.Errorf("enum value %s is no Unicode text", value)
		}
		return string(text), nil
	case len(value) > 0 && (value[0] == '-' || value[0] >= '0' && value[0] <= '9'):
		s := scanner{data: value}
		if _, problem := s.number(); problem != "" || s.pos != len(value) {
			return "", fmt.Errorf("enum value %s is not a number", value)
		}
		return string(parseDecimal(nil, value).appendCanonical(nil)), nil
	}
	return "", fmt.Errorf("enum value %s is neither a string nor a number", value)
}

func (c *choices) describe(o *object, null bool) {
	if c == nil {
		return
	}
	values := c.values
	if null {
		values = append(values[:len(values):len(values)], []byte("null"))
	}
	o.raws("enum", values)
}

// check reports text, the canonical form of the literal raw, if it is none of the choices.
func (c *choices) check(d *decoder, text, raw []byte) bool {
	if c == nil {
		return true
	}
	if _, ok := c.texts[string(text)]; ok {
		return true
	}
	list := c.list()
	detail := "must be " + list
	if near := nearest(string(text), c.names); near != "" && d.secret == 0 {
		detail += fmt.Sprintf("; did you mean %q?", near)
	}
	return d.report(FieldError{Detail: detail, Expected: list, Received: excerpt(raw)})
}

// list writes the choices out, up to a limit.
func (c *choices) list() string {
	if len(c.values) == 1 {
		return string(c.values[0])
	}
	return oneOf(c.names)
}

// oneOf writes a list of names out, up to a limit.
func oneOf(names []string) string {
	const most = 20
	rest := ""
	if len(names) > most {
		rest = fmt.Sprintf(" or %d more", len(names)-most)
		names = names[:most]
	}
	return "one of " + strings.Join(names, ", ") + rest
}

// subset says whether all of c's choices are among those of others.
func (c *choices) subset(others *choices) bool {
	for _, name := range c.names {
		if _, ok := others.texts[name]; !ok {
			return false
		}
	}
	return true
}

// appendCanonical appends a form that equal numbers share.
func (d decimal) appendCanonical(dst []byte) []byte {
	if len(d.digits) == 0 {
		return append(dst, '0')
	}
	if d.neg {
		dst = append(dst, '-')
	}
	if d.exp >= 0 && d.exp <= 20 {
		return append(append(dst, d.digits...), bytes.Repeat([]byte{'0'}, int(d.exp))...)
	}
	return fmt.Appendf(append(dst, d.digits...), "e%d", d.exp)
}
