package schema

import (
	"fmt"
	"reflect"
)

func (s *structCodec) describe(x *emitter, o *object, null bool) {
	if s.name != nil {
		x.refer(s.name, o, null)
		return
	}
	s.describeWhole(x, o, null)
}

func (s *structCodec) describeWhole(x *emitter, o *object, null bool) {
	s.describeSome(x, o, null, func(*field) bool { return true })
}

// describeSome describes an object with those properties only that keep wants.
func (s *structCodec) describeSome(x *emitter, o *object, null bool, keep func(*field) bool) {
	o.typ("object", null)
	var properties object
	var required []string
	if s.tag != nil {
		var tag object
		tag.str("type", "string")
		tag.str("const", s.tag.value)
		properties.raw(s.tag.name, tag.bytes())
		required = append(required, s.tag.name)
	}
	for _, f := range s.plan.fields {
		if !keep(f) || !f.visible(x.dir) {
			continue
		}
		properties.raw(f.name, f.mirrored(x, x.schema(f.node)))
		if f.needed(x.dir) {
			required = append(required, f.name)
		}
	}
	o.raw("properties", properties.bytes())
	if len(required) > 0 {
		o.list("required", required)
	}
	if !s.plan.open && x.dir != output { // what is written may gain properties while readers hold an older schema
		o.bool("additionalProperties", false)
	}
}

func (f *field) visible(dir direction) bool {
	return !(dir == input && f.node.notes.readOnly) && !(dir == output && f.node.notes.writeOnly)
}

func (f *field) needed(dir direction) bool {
	if dir == output {
		return f.always
	}
	return f.required
}

// append writes a struct as an object.
func (s *structCodec) append(e *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	if err := e.enter(); err != nil {
		return dst, err
	}
	defer func() { e.depth-- }()
	dst = append(dst, '{')
	if s.tag != nil {
		dst = append(appendString(dst, s.tag.name), ':')
		dst = append(appendString(dst, s.tag.value), ',')
	}
	var err error
	for _, f := range s.plan.fields {
		if dst, err = f.append(e, dst, v); err != nil {
			return dst, withinName(err, f.name)
		}
	}
	if dst[len(dst)-1] == ',' {
		dst = dst[:len(dst)-1]
	}
	return append(dst, '}'), nil
}

// append writes the property and a comma, or nothing.
func (f *field) append(e *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	fv, ok := f.existing(v)
	if !ok || f.node.notes.writeOnly || f.omitZero && f.isZero(fv) {
		return dst, nil
	}
	mark := len(dst)
	dst = append(dst, f.quoted...)
	start := len(dst)
	dst, err := f.node.append(e, dst, fv)
	if err != nil {
		return dst, err
	}
	if f.omitEmpty && isEmptyJSON(dst[start:]) {
		return dst[:mark], nil
	}
	return append(dst, ','), nil
}

// existing returns the field's value unless a nil embedded pointer is in the way.
func (f *field) existing(v reflect.Value) (reflect.Value, bool) {
	for i, x := range f.index {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(x)
	}
	return v, true
}

type zeroing interface{ IsZero() bool }

var zeroer = reflect.TypeFor[zeroing]()

// isZero calls IsZero where the type has one, as encoding/json does.
func (f *field) isZero(v reflect.Value) bool {
	if !f.zeroer || v.IsZero() && v.Kind() == reflect.Pointer {
		return v.IsZero()
	}
	if z, ok := v.Interface().(zeroing); ok {
		return z.IsZero()
	}
	return v.Addr().Interface().(zeroing).IsZero()
}

// isEmptyJSON says whether text is empty in the sense of omitempty (encoding/json/v2).
func isEmptyJSON(text []byte) bool {
	switch string(text) {
	case "null", `""`, "{}", "[]":
		return true
	}
	return false
}

// unknownName is the error of an unknown property, with the nearest name that is known.
func (p *structPlan) unknownName(name string) FieldError {
	e := FieldError{Detail: "unknown property; leave it out", Expected: "no properties"}
	if len(p.known) > 0 {
		e.Expected = oneOf(p.known)
	}
	if near := nearest(name, p.known); near != "" {
		e.Detail = fmt.Sprintf("unknown property; did you mean %q?", near)
	}
	return e
}
