package schema

import (
	"math"
	"reflect"
	"strconv"
)

// intCodec reads and writes integers, signed or not, exact to the limits of their Go type.
type intCodec struct {
	rules    *numberRules
	bits     int
	unsigned bool
	limits   [2]*bound // the type's own limits
	quick    quickRange
}

// quickRange holds an integer's rules for literals of at most quickDigits characters, if they can be said in 64 bits. What it
// does not accept goes to the exact rules, which know what to report.
type quickRange struct {
	usable              bool
	low, high, multiple int64
}

// quickDigits is the length up to which every integer literal fits an int64.
const quickDigits = 18

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
	var err error
	if c.rules, err = newNumberRules(tg, "int32", "int64"); err != nil {
		return nil, err
	}
	if c.rules.format == "" && !c.unsigned && c.bits >= 32 {
		c.rules.format = "int" + strconv.Itoa(c.bits)
	}
	for i, text := range []string{low, high} {
		if c.limits[i], err = parseBound(text); err != nil {
			return nil, err
		}
	}
	c.rules.min = tighter(c.rules.min, c.rules.above, c.limits[0], 1)
	c.rules.max = tighter(c.rules.max, c.rules.below, c.limits[1], -1)
	c.quick = c.rules.quick()
	return c, c.rules.contradiction()
}

// quick says the rules in 64 bits if possible.
func (r *numberRules) quick() quickRange {
	q := quickRange{usable: r.enum == nil, low: math.MinInt64, high: math.MaxInt64, multiple: 1}
	for _, b := range []struct {
		*bound
		into *int64
		step int64 // from an exclusive bound to the next integer
	}{{r.min, &q.low, 0}, {r.above, &q.low, 1}, {r.max, &q.high, 0}, {r.below, &q.high, -1}, {r.multiple, &q.multiple, 0}} {
		if b.bound == nil {
			continue
		}
		n, ok := b.value.int64()
		switch {
		case ok && b.step == 0:
			*b.into = n
		case ok && b.step > 0:
			*b.into = max(*b.into, n+b.step)
		case ok:
			*b.into = min(*b.into, n+b.step)
		case b.bound == r.max && b.value.isInteger() && !b.value.neg:
			// beyond int64, where quickDigits do not reach anyway
		default:
			q.usable = false
		}
	}
	return q
}

// tighter returns the stricter of an inclusive bound from a tag and the limit of the type; nil if the tag's exclusive bound is
// stricter than both. direction is +1 for lower bounds.
func tighter(inclusive, exclusive, limit *bound, direction int) *bound {
	switch {
	case inclusive != nil && inclusive.value.cmp(limit.value)*direction >= 0:
		return inclusive
	case inclusive == nil && exclusive != nil && exclusive.value.cmp(limit.value)*direction >= 0:
		return nil
	}
	return limit
}

func (c *intCodec) kind() (string, string) { return "integer", c.rules.format }

func (c *intCodec) describe(x *emitter, o *object, null bool) {
	o.typ("integer", null)
	o.text("format", c.rules.format)
	rules := *c.rules
	if !x.inline && c.bits == 64 {
		rules.forget(c.limits)
	}
	rules.describe(x, o, null)
	if c.unsigned && !o.has("minimum") && rules.above == nil {
		o.int("minimum", 0)
	}
}

// forget drops the limits of a 64-bit type, which OpenAPI's readers know from the format, and which JavaScript cannot show.
func (r *numberRules) forget(limits [2]*bound) {
	if r.min == limits[0] {
		r.min = nil
	}
	if r.max == limits[1] {
		r.max = nil
	}
}

func (c *intCodec) decode(d *decoder, v reflect.Value) bool {
	raw, ok := d.numberText("integer")
	if raw == nil {
		return ok
	}
	if c.quick.usable && len(raw) <= quickDigits && c.decodeQuick(raw, v) {
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

// decodeQuick sets v from a short literal that is a plain integer and keeps all rules.
func (c *intCodec) decodeQuick(raw []byte, v reflect.Value) bool {
	digits, neg := raw, raw[0] == '-'
	if neg {
		digits = raw[1:]
	}
	var n int64
	for _, b := range digits {
		if !isDigit(b) {
			return false
		}
		n = n*10 + int64(b-'0')
	}
	if neg {
		n = -n
	}
	if n < c.quick.low || n > c.quick.high || n%c.quick.multiple != 0 {
		return false
	}
	if c.unsigned {
		v.SetUint(uint64(n))
	} else {
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
