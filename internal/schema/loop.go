package schema

import "reflect"

// loopCodec reads and writes a slice or map type that contains itself without a struct between, such as type tree []tree.
type loopCodec struct {
	inner codec
	name  *named
}

// loops says whether t is reached from its own elements.
func loops(t reflect.Type) bool {
	seen := map[reflect.Type]bool{}
	for e := t; ; {
		switch e.Kind() {
		case reflect.Slice, reflect.Array, reflect.Map, reflect.Pointer:
			e = e.Elem()
		default:
			return false
		}
		if e == t {
			return true
		}
		if seen[e] {
			return false
		}
		seen[e] = true
	}
}

// maybeLoop plans a slice or map type by plan, as a named type if it contains itself.
func (c *compiler) maybeLoop(t reflect.Type, plan func() (codec, error)) (codec, error) {
	if t.Name() == "" || !loops(t) {
		return plan()
	}
	return c.loop(t, plan)
}

// loop plans a slice or map type that contains itself.
func (c *compiler) loop(t reflect.Type, plan func() (codec, error)) (codec, error) {
	if known, ok := c.registry.named[typeKey{t, c.open}]; ok {
		return c.again(known)
	}
	l := &loopCodec{}
	name, err := c.name(typeKey{t, c.open}, l, func() error {
		var err error
		l.inner, err = plan()
		return err
	})
	l.name, name.done = name, true
	return l, err
}

func (l *loopCodec) kind() (string, string) {
	if l.inner == nil { // while it is being planned
		return "", ""
	}
	return l.inner.kind()
}

func (l *loopCodec) describe(x *emitter, o *object, null bool) { x.refer(l.name, o, null) }

func (l *loopCodec) describeWhole(x *emitter, o *object, null bool) { l.inner.describe(x, o, null) }

func (l *loopCodec) decode(d *decoder, v reflect.Value) bool { return l.inner.decode(d, v) }

func (l *loopCodec) append(e *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	return l.inner.append(e, dst, v)
}
