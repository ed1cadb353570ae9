package schema

import (
	"slices"
	"strconv"
)

// object builds the text of a JSON object member by member.
type object struct {
	buf  []byte
	keys []string
}

// has says whether a member called name is there already.
func (o *object) has(name string) bool { return slices.Contains(o.keys, name) }

func (o *object) key(name string) {
	o.keys = append(o.keys, name)
	if len(o.buf) == 0 {
		o.buf = append(o.buf, '{')
	} else {
		o.buf = append(o.buf, ',')
	}
	o.buf = append(appendString(o.buf, name), ':')
}

func (o *object) raw(name string, value []byte) {
	o.key(name)
	o.buf = append(o.buf, value...)
}

func (o *object) str(name, value string) {
	o.key(name)
	o.buf = appendString(o.buf, value)
}

// text adds a string unless it is empty.
func (o *object) text(name, value string) {
	if value != "" {
		o.str(name, value)
	}
}

func (o *object) int(name string, value int) {
	o.key(name)
	o.buf = strconv.AppendInt(o.buf, int64(value), 10)
}

func (o *object) bool(name string, value bool) {
	o.key(name)
	o.buf = strconv.AppendBool(o.buf, value)
}

// flag adds name: true if value holds.
func (o *object) flag(name string, value bool) {
	if value {
		o.bool(name, true)
	}
}

// typ adds the type keyword.
func (o *object) typ(name string, null bool) {
	if null {
		o.list("type", []string{name, "null"})
		return
	}
	o.str("type", name)
}

func (o *object) list(name string, values []string) {
	o.key(name)
	o.buf = append(o.buf, '[')
	for i, v := range values {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		o.buf = appendString(o.buf, v)
	}
	o.buf = append(o.buf, ']')
}

func (o *object) raws(name string, values [][]byte) {
	o.key(name)
	o.buf = append(o.buf, '[')
	for i, v := range values {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		o.buf = append(o.buf, v...)
	}
	o.buf = append(o.buf, ']')
}

// bytes returns the finished object.
func (o *object) bytes() []byte {
	if len(o.buf) == 0 {
		return []byte("{}")
	}
	return slices.Clip(append(o.buf, '}'))
}
