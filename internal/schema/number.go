package schema

import "fmt"

// numberRules are the constraints on a number. All comparisons are exact, on decimal digits.
type numberRules struct {
	min, max, above, below, multiple *bound
	enum                             *choices
	format                           string // an annotation
}

// bound is a number in a tag.
type bound struct {
	text  string // canonical JSON
	value decimal
}

func parseBound(text string) (*bound, error) {
	s := scanner{data: []byte(text)}
	if _, problem := s.number(); problem != "" || s.pos != len(text) {
		return nil, fmt.Errorf("%q is not a JSON number", text)
	}
	return &bound{text: text, value: parseDecimal(nil, []byte(text))}, nil
}

func takeBound(tg *tags, key string) (*bound, error) {
	text, ok := tg.take(key)
	if !ok {
		return nil, nil
	}
	b, err := parseBound(text)
	if err != nil {
		return nil, fmt.Errorf("tag %s:%w", key, err)
	}
	return b, nil
}

// newNumberRules takes the constraints from tg.
func newNumberRules(tg *tags, formats ...string) (*numberRules, error) {
	r := &numberRules{}
	var err error
	for key, into := range map[string]**bound{
		"minimum": &r.min, "maximum": &r.max, "exclusiveMinimum": &r.above, "exclusiveMaximum": &r.below, "multipleOf": &r.multiple,
	} {
		if *into, err = takeBound(tg, key); err != nil {
			return nil, err
		}
	}
	if m := r.multiple; m != nil && (m.value.sign() <= 0 || len(m.value.digits) > maxMultipleDigits) {
		return nil, fmt.Errorf("multipleOf %s must be positive, with at most %d significant digits", m.text, maxMultipleDigits)
	}
	if text, ok := tg.take("enum"); ok {
		if r.enum, err = numberChoices(text); err != nil {
			return nil, err
		}
	}
	if name, ok := tg.take("format"); ok {
		return r, r.takeFormat(name, formats)
	}
	return r, r.contradiction()
}

func (r *numberRules) takeFormat(name string, known []string) error {
	for _, k := range known {
		if k == name {
			r.format = name
			return r.contradiction()
		}
	}
	return fmt.Errorf("format %q does not apply to this type; it can have %v", name, known)
}

// contradiction refuses bounds that leave no number.
func (r *numberRules) contradiction() error {
	for _, low := range []*bound{r.min, r.above} {
		for _, high := range []*bound{r.max, r.below} {
			if low == nil || high == nil {
				continue
			}
			c := low.value.cmp(high.value)
			if c > 0 || c == 0 && (low == r.above || high == r.below) {
				return fmt.Errorf("no number can be both from %s and up to %s", low.text, high.text)
			}
		}
	}
	return nil
}

func numberChoices(text string) (*choices, error) {
	values, err := literals(&node{codec: &floatCodec{}}, text)
	if err != nil {
		return nil, fmt.Errorf("enum: %w", err)
	}
	for _, v := range values {
		if v[0] == '"' {
			return nil, fmt.Errorf("enum value %s is not a number", v)
		}
	}
	return newChoices(values)
}

func (r *numberRules) describe(x *emitter, o *object, null bool) {
	r.enum.describe(o, null)
	if x.dir == output {
		return
	}
	for _, b := range []struct {
		key string
		*bound
	}{{"minimum", r.min}, {"maximum", r.max}, {"exclusiveMinimum", r.above}, {"exclusiveMaximum", r.below}, {"multipleOf", r.multiple}} {
		if b.bound != nil {
			o.raw(b.key, []byte(b.text))
		}
	}
}

// check reports each rule that the number n, the value of the literal raw, breaks.
func (r *numberRules) check(d *decoder, n decimal, raw []byte) bool {
	ok := true
	fail := func(expected string) {
		ok = ok && d.report(FieldError{Detail: "must be " + expected, Expected: expected, Received: excerpt(raw)})
	}
	if r.min != nil && n.cmp(r.min.value) < 0 {
		fail("at least " + r.min.text)
	}
	if r.max != nil && n.cmp(r.max.value) > 0 {
		fail("at most " + r.max.text)
	}
	if r.above != nil && n.cmp(r.above.value) <= 0 {
		fail("greater than " + r.above.text)
	}
	if r.below != nil && n.cmp(r.below.value) >= 0 {
		fail("less than " + r.below.text)
	}
	if r.multiple != nil && !n.multipleOf(r.multiple.value) {
		fail("a multiple of " + r.multiple.text)
	}
	if r.enum != nil && ok {
		d.canon = n.appendCanonical(d.canon[:0])
		return r.enum.check(d, d.canon, raw)
	}
	return ok
}

// numberText consumes a number literal, or reports that there is none.
func (d *decoder) numberText(expected string) (raw []byte, ok bool) {
	if c := d.peek(); c != '-' && (c < '0' || c > '9') {
		return nil, d.wrongType(expected)
	}
	raw, problem := d.number()
	if problem != "" {
		return nil, d.syntax(problem)
	}
	return raw, true
}

func (d *decoder) decimal(raw []byte) decimal {
	n := parseDecimal(d.digits[:0], raw)
	if cap(n.digits) > cap(d.digits) {
		d.digits = n.digits
	}
	return n
}

// free says that there is nothing to check.
func (r *numberRules) free() bool {
	return r.min == nil && r.max == nil && r.above == nil && r.below == nil && r.multiple == nil && r.enum == nil
}
