package schema

import (
	"fmt"
	"reflect"
)

// sequenceCodec reads and writes slices and arrays.
type sequenceCodec struct {
	item    *node
	rules   arrayRules
	isArray bool
	empty   reflect.Value // the slice of no items
}

// arrayRules are the constraints on an array.
type arrayRules struct {
	min, max int // items; max < 0 if there is none
	unique   bool
}

// sequence plans a slice or an array. Constraints that do not fit an array go to its items.
func (c *compiler) sequence(t reflect.Type, tg *tags) (codec, error) {
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 && reflect.PointerTo(t.Elem()).NumMethod() == 0 {
		return newBytesCodec(tg)
	}
	s := &sequenceCodec{isArray: t.Kind() == reflect.Array}
	if !s.isArray {
		s.empty = reflect.MakeSlice(t, 0, 0)
	}
	if err := s.takeRules(t, tg); err != nil {
		return nil, err
	}
	var err error
	s.item, err = c.node(t.Elem(), tg)
	return s, err
}

func (s *sequenceCodec) takeRules(t reflect.Type, tg *tags) error {
	var err error
	if s.isArray {
		s.rules.min, s.rules.max = t.Len(), t.Len()
	} else {
		if s.rules.min, err = tg.takeInt("minItems", 0); err != nil {
			return err
		}
		if s.rules.max, err = tg.takeInt("maxItems", -1); err != nil {
			return err
		}
	}
	if s.rules.max >= 0 && s.rules.max < s.rules.min {
		return fmt.Errorf("maxItems %d is less than minItems %d", s.rules.max, s.rules.min)
	}
	s.rules.unique, _, err = tg.takeBool("uniqueItems")
	return err
}

func (s *sequenceCodec) kind() (string, string) { return "array", "" }

func (s *sequenceCodec) describe(x *emitter, o *object, null bool) {
	o.typ("array", null)
	o.raw("items", x.schema(s.item))
	if x.dir == output && !s.isArray {
		return
	}
	if s.rules.min > 0 {
		o.int("minItems", s.rules.min)
	}
	if s.rules.max >= 0 {
		o.int("maxItems", s.rules.max)
	}
	if x.dir != output {
		o.flag("uniqueItems", s.rules.unique)
	}
}

func (s *sequenceCodec) decode(d *decoder, v reflect.Value) bool {
	if d.peek() != '[' {
		return d.wrongType("array")
	}
	start := d.pos
	if !d.enter() {
		return false
	}
	r := sequenceReader{sequenceCodec: s, d: d, v: v}
	if !s.isArray {
		v.Set(s.empty)
	}
	return d.items(r.read) && r.finish(d.data[start:d.pos])
}

// sequenceReader is the state of reading one array.
type sequenceReader struct {
	*sequenceCodec
	d *decoder
	v reflect.Value
	n int // items read
}

func (r *sequenceReader) read(i int) bool {
	r.n = i + 1
	switch {
	case !r.isArray:
		if i >= r.v.Cap() {
			r.v.Grow(max(4, min(i, 1024)))
		}
		r.v.SetLen(i + 1)
		return r.item.decode(r.d, r.v.Index(i))
	case i < r.v.Len():
		return r.item.decode(r.d, r.v.Index(i))
	}
	return r.d.skip()
}

// finish checks the array as a whole; raw is its text.
func (r *sequenceReader) finish(raw []byte) bool {
	var expected string
	switch {
	case r.rules.min == r.rules.max && r.n != r.rules.min:
		expected = "exactly " + count(r.rules.min, "item")
	case r.n < r.rules.min:
		expected = "at least " + count(r.rules.min, "item")
	case r.rules.max >= 0 && r.n > r.rules.max:
		expected = "at most " + count(r.rules.max, "item")
	}
	if expected != "" && !r.d.report(FieldError{
		Detail:   fmt.Sprintf("must have %s, but has %d", expected, r.n),
		Expected: expected,
		Received: excerpt(raw),
	}) {
		return false
	}
	return !r.rules.unique || r.d.checkUnique(raw)
}

func (s *sequenceCodec) append(e *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	if err := e.enter(); err != nil {
		return dst, err
	}
	defer func() { e.depth-- }()
	dst = append(dst, '[')
	var err error
	for i := range v.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, err = s.item.append(e, dst, v.Index(i)); err != nil {
			return dst, withinIndex(err, i)
		}
	}
	return append(dst, ']'), nil
}
