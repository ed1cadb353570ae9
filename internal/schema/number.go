package schema

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
)

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

// intCodec reads and writes integers, signed or not, exact to the limits of their Go type.
type intCodec struct {
	rules    *numberRules
	bits     int
	unsigned bool
	plain    bool // the type's limits are the only rules
}

func newIntCodec(t reflect.Type, tg *tags) (codec, error) {
	bits := t.Bits()
	low, high := int64(math.MinInt64)>>(64-bits), int64(math.MaxInt64)>>(64-bits)
	return newInteger(&intCodec{bits: bits}, tg, strconv.FormatInt(low, 10), strconv.FormatInt(high, 10))
}

func newUintCodec(t reflect.Type, tg *tags) (codec, error) {
	bits := t.Bits()
	return newInteger(&intCodec{bits: bits, unsigned: true}, tg, "0", strconv.FormatUint(uint64(math.MaxUint64)>>(64-bits), 10))
}

// newInteger narrows the tags' bounds by those of the type, low and high.
func newInteger(c *intCodec, tg *tags, low, high string) (codec, error) {
	c.plain = len(tg.left) == 0
	var err error
	if c.rules, err = newNumberRules(tg, "int32", "int64"); err != nil {
		return nil, err
	}
	if c.rules.format == "" && !c.unsigned && c.bits >= 32 {
		c.rules.format = "int" + strconv.Itoa(c.bits)
	}
	if c.rules.min, err = tighter(c.rules.min, c.rules.above, low, 1); err != nil {
		return nil, err
	}
	if c.rules.max, err = tighter(c.rules.max, c.rules.below, high, -1); err != nil {
		return nil, err
	}
	return c, c.rules.contradiction()
}

// tighter returns the stricter of a bound from a tag and the limit of the type; nil if the exclusive bound is stricter than
// both. direction is +1 for lower bounds.
func tighter(inclusive, exclusive *bound, limit string, direction int) (*bound, error) {
	own, err := parseBound(limit)
	if err != nil {
		return nil, err
	}
	if exclusive != nil && inclusive == nil && exclusive.value.cmp(own.value)*direction >= 0 {
		return nil, nil
	}
	if inclusive != nil && inclusive.value.cmp(own.value)*direction >= 0 {
		return inclusive, nil
	}
	return own, nil
}

func (c *intCodec) kind() (string, string) { return "integer", c.rules.format }

func (c *intCodec) describe(x *emitter, o *object, null bool) {
	o.typ("integer", null)
	o.text("format", c.rules.format)
	c.rules.describe(x, o, null)
	if x.dir == output && c.unsigned {
		o.int("minimum", 0)
	}
}

func (c *intCodec) decode(d *decoder, v reflect.Value) bool {
	raw, ok := d.numberText("integer")
	if raw == nil {
		return ok
	}
	if c.plain && len(raw) <= 18 && c.fast(raw, v) {
		return true
	}
	n := d.decimal(raw)
	if !n.isInteger() {
		return d.report(FieldError{Detail: "must be an integer, but has a fraction", Expected: "integer", Received: excerpt(raw)})
	}
	before := len(d.errs)
	if !c.rules.check(d, n, raw) || len(d.errs) > before {
		return !d.stopped
	}
	c.set(v, n)
	return true
}

// fast sets v from a literal of at most 18 characters that is a plain integer and fits.
func (c *intCodec) fast(raw []byte, v reflect.Value) bool {
	digits, neg := raw, false
	if raw[0] == '-' {
		digits, neg = raw[1:], true
	}
	var n int64
	for _, b := range digits {
		if b < '0' || b > '9' {
			return false
		}
		n = n*10 + int64(b-'0')
	}
	if neg {
		n = -n
	}
	switch {
	case c.unsigned && (n < 0 || v.OverflowUint(uint64(n))):
		return false
	case c.unsigned:
		v.SetUint(uint64(n))
	case v.OverflowInt(n):
		return false
	default:
		v.SetInt(n)
	}
	return true
}

// set stores n, which the rules have found to be within the type's limits.
func (c *intCodec) set(v reflect.Value, n decimal) {
	if c.unsigned {
		u, _ := n.uint64()
		v.SetUint(u)
		return
	}
	i, _ := n.int64()
	v.SetInt(i)
}

func (c *intCodec) append(_ *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	if c.unsigned {
		return strconv.AppendUint(dst, v.Uint(), 10), nil
	}
	return strconv.AppendInt(dst, v.Int(), 10), nil
}

// floatCodec reads and writes floats. The format, double or float, asserts that the value is within the type's range.
type floatCodec struct {
	rules *numberRules
	bits  int
}

func newFloatCodec(t reflect.Type, tg *tags) (codec, error) {
	c := &floatCodec{bits: t.Bits()}
	own := map[int]string{32: "float", 64: "double"}[c.bits]
	var err error
	if c.rules, err = newNumberRules(tg, own); err != nil {
		return nil, err
	}
	c.rules.format = own
	return c, nil
}

func (c *floatCodec) kind() (string, string) {
	if c.rules == nil {
		return "number", ""
	}
	return "number", c.rules.format
}

func (c *floatCodec) describe(x *emitter, o *object, null bool) {
	o.typ("number", null)
	o.text("format", c.rules.format)
	c.rules.describe(x, o, null)
}

func (c *floatCodec) decode(d *decoder, v reflect.Value) bool {
	raw, ok := d.numberText("number")
	if raw == nil {
		return ok
	}
	f, err := strconv.ParseFloat(string(raw), c.bits)
	if err != nil {
		return d.report(FieldError{
			Detail:   fmt.Sprintf("is out of the range of a %d-bit floating-point number", c.bits),
			Expected: fmt.Sprintf("number within the range of a %d-bit float", c.bits),
			Received: excerpt(raw),
		})
	}
	v.SetFloat(f)
	if c.rules.free() {
		return true
	}
	return c.rules.check(d, d.decimal(raw), raw)
}

// free says that there is nothing to check.
func (r *numberRules) free() bool {
	return r.min == nil && r.max == nil && r.above == nil && r.below == nil && r.multiple == nil && r.enum == nil
}

func (c *floatCodec) append(_ *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	f := v.Float()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, fmt.Errorf("%v is not a JSON number", f)
	}
	return appendFloat(dst, f, c.bits), nil
}
