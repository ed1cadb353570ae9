package schema

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
)

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

func (c *floatCodec) append(_ *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	f := v.Float()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return dst, fmt.Errorf("%v is not a JSON number", f)
	}
	return appendFloat(dst, f, c.bits), nil
}
