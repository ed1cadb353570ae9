package schema

import (
	"context"
	"fmt"
	"reflect"
	"sync"
)

const (
	maxDepth  = 1000 // of nested arrays and objects
	maxErrors = 64   // reported per document
)

// decoder is the state of one Decode call. It is pooled: everything in it is scratch.
type decoder struct {
	scanner
	ctx     context.Context
	path    []step
	errs    []FieldError
	stopped bool   // nothing more is to be read: broken syntax, or too many errors
	quiet   bool   // Validate methods are not to run
	secret  int    // > 0 within a writeOnly field
	depth   int    // of nesting
	bounded int    // > 0 where numbers are for a validator that would choke on huge exponents
	leapt   int    // bytes that looking ahead has passed over
	text    []byte // scratch for unescaped strings
	digits  []byte // scratch for decimals
	canon   []byte // scratch for comparing items
	names   nameSet
}

var decoders = sync.Pool{New: func() any { return &decoder{names: newNameSet()} }}

func newDecoder(ctx context.Context, data []byte) *decoder {
	d := decoders.Get().(*decoder)
	d.ctx, d.data = ctx, data
	return d
}

// release returns d to the pool, unless a huge document has blown it up.
func (d *decoder) release() {
	const keep = 64 << 10
	if cap(d.text)+cap(d.canon)+cap(d.digits)+d.names.size() > keep {
		return
	}
	clear(d.path[:cap(d.path)])
	d.names.reset()
	*d = decoder{path: d.path[:0], text: d.text[:0], digits: d.digits[:0], canon: d.canon[:0], names: d.names}
	decoders.Put(d)
}

// decodeRoot reads the whole document into v, which is addressable.
func (d *decoder) decodeRoot(n *node, v reflect.Value) []FieldError {
	v.SetZero()
	if !n.codec.decode(d, v) || d.stopped {
		return d.errs
	}
	if d.peek(); d.pos < len(d.data) {
		d.syntax("unexpected text after the JSON value")
		return d.errs
	}
	if len(d.errs) == 0 {
		d.runValidate(n, v)
	}
	return d.errs
}

// report adds an error at the current path, and says whether reading goes on.
func (d *decoder) report(e FieldError) bool {
	if d.stopped {
		return false
	}
	e.Pointer = pointer(d.path) + e.Pointer
	return d.add(e)
}

func (d *decoder) add(e FieldError) bool {
	if d.secret > 0 {
		e.Received = ""
	}
	d.errs = append(d.errs, e)
	if len(d.errs) == maxErrors {
		d.errs = append(d.errs, FieldError{Detail: fmt.Sprintf("there may be more problems; only the first %d are listed", maxErrors)})
		d.stopped = true
	}
	return !d.stopped
}

// syntax reports broken JSON at the current position, which ends the reading.
func (d *decoder) syntax(problem string) bool {
	if d.pos >= len(d.data) {
		problem = "the text ends too early"
	}
	d.report(FieldError{Detail: fmt.Sprintf("invalid JSON at byte %d: %s", d.pos, problem), Expected: "valid JSON"})
	d.stopped = true
	return false
}

// wrongType skips the value at hand and reports that another type was expected.
func (d *decoder) wrongType(expected string) bool {
	d.peek()
	start := d.pos
	kind := d.kindName()
	before := len(d.errs)
	if !d.skip() {
		return false
	}
	if len(d.errs) > before && d.errs[len(d.errs)-1].Pointer == pointer(d.path) {
		return true // the text itself is unacceptable, and said to be
	}
	return d.report(FieldError{
		Detail:   fmt.Sprintf("must be %s, but is %s", article(expected), kind),
		Expected: expected,
		Received: excerpt(d.data[start:d.pos]),
	})
}

// kindName names the JSON type of the value at pos.
func (d *decoder) kindName() string {
	switch c := d.peek(); c {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

// article puts "a" or "an" before a noun.
func article(noun string) string {
	if noun == "" {
		return noun
	}
	switch noun[0] {
	case 'a', 'e', 'i', 'o', 'u':
		return "an " + noun
	}
	return "a " + noun
}

// enter opens an array or object at pos; false means that nesting is too deep, which ends the reading.
func (d *decoder) enter() bool {
	if d.depth++; d.depth > maxDepth {
		d.report(FieldError{Detail: fmt.Sprintf("is nested deeper than %d levels", maxDepth), Expected: fmt.Sprintf("at most %d levels of nesting", maxDepth)})
		d.stopped = true
		return false
	}
	d.pos++
	return true
}

func (d *decoder) pushName(name string) { d.path = append(d.path, step{name: name, index: -1}) }
func (d *decoder) pushRaw(raw []byte)   { d.path = append(d.path, step{raw: raw, index: -1}) }
func (d *decoder) pushIndex(i int)      { d.path = append(d.path, step{index: i}) }
func (d *decoder) pop()                 { d.path = d.path[:len(d.path)-1] }

// members reads the members of an object whose '{' is consumed. Before each call of member, the name and its colon have been
// read; member must consume the value.
func (d *decoder) members(member func(raw []byte, flaws textFlaws) bool) bool {
	defer func() { d.depth-- }()
	if d.peek() == '}' {
		d.pos++
		return true
	}
	for {
		raw, flaws, ok := d.memberName()
		if !ok || !member(raw, flaws) || d.stopped {
			return false
		}
		if more, ok := d.separator('}'); !more {
			return ok
		}
	}
}

// memberName consumes a member's name and the colon after it.
func (d *decoder) memberName() (raw []byte, flaws textFlaws, ok bool) {
	if d.peek() != '"' {
		return nil, 0, d.syntax(`expected a property name in double quotes`)
	}
	raw, flaws, problem := d.str()
	if problem != "" {
		return nil, 0, d.syntax(problem)
	}
	if d.peek() != ':' {
		return nil, 0, d.syntax(`expected ":" after a property name`)
	}
	d.pos++
	return raw, flaws, true
}

// separator consumes a comma or the closing bracket. more says that another member or item follows.
func (d *decoder) separator(closing byte) (more, ok bool) {
	switch d.peek() {
	case ',':
		d.pos++
		return true, true
	case closing:
		d.pos++
		return false, true
	}
	return false, d.syntax(fmt.Sprintf(`expected "," or %q`, string(closing)))
}

// items reads the items of an array whose '[' is consumed; item must consume the value.
func (d *decoder) items(item func(i int) bool) bool {
	defer func() { d.depth-- }()
	if d.peek() == ']' {
		d.pos++
		return true
	}
	for i := 0; ; i++ {
		d.pushIndex(i)
		if !item(i) || d.stopped {
			return false
		}
		d.pop()
		if more, ok := d.separator(']'); !more {
			return ok
		}
	}
}

// stringText consumes a string literal and returns its text, valid until the next call. Flaws are reported.
// sound is false if it had any; ok is false if reading ends.
func (d *decoder) stringText() (text []byte, sound, ok bool) {
	raw, flaws, problem := d.str()
	if problem != "" {
		return nil, false, d.syntax(problem)
	}
	text = d.plain(raw, flaws)
	if flaws&^hasEscape != 0 {
		return text, false, d.flawed(flaws, raw)
	}
	return text, true, true
}

// plain returns the text of a string literal with content raw, valid until the next string is read.
func (d *decoder) plain(raw []byte, flaws textFlaws) []byte {
	if flaws == 0 {
		return raw
	}
	d.text, _ = unescape(d.text[:0], raw)
	return d.text
}

func (d *decoder) flawed(flaws textFlaws, raw []byte) bool {
	detail := "holds bytes that are not valid UTF-8"
	if flaws&badUTF8 == 0 {
		detail = "holds half of a UTF-16 surrogate pair, which is no character"
	}
	start := d.offset(raw)
	return d.report(FieldError{Detail: detail, Expected: "Unicode text", Received: excerpt(d.data[start-1 : start+len(raw)+1])})
}

// offset returns where raw, a part of the document, starts.
func (d *decoder) offset(raw []byte) int { return cap(d.data) - cap(raw) }

// skip consumes any value, reporting what strict reading refuses within it.
func (d *decoder) skip() bool {
	switch c := d.peek(); c {
	case '{':
		return d.enter() && d.skipObject()
	case '[':
		return d.enter() && d.items(func(int) bool { return d.skip() })
	case '"':
		_, _, ok := d.stringText()
		return ok
	case 't', 'f', 'n':
		return d.word(c)
	default:
		return d.skipNumber(c)
	}
}

func (d *decoder) skipNumber(c byte) bool {
	if c != '-' && (c < '0' || c > '9') {
		return d.syntax("expected a value")
	}
	raw, problem := d.number()
	if problem != "" {
		return d.syntax(problem)
	}
	if d.bounded == 0 || !d.decimal(raw).huge() {
		return true
	}
	return d.report(FieldError{Detail: "is a number too large or too small to be of use", Expected: "number", Received: excerpt(raw)})
}

func (d *decoder) word(c byte) bool {
	word := "null"
	switch c {
	case 't':
		word = "true"
	case 'f':
		word = "false"
	}
	if !d.literal(word) {
		return d.syntax("expected a value")
	}
	return true
}

func (d *decoder) skipObject() bool {
	mark := d.names.open()
	ok := d.members(func(raw []byte, flaws textFlaws) bool {
		d.pushRaw(raw)
		if !d.uniqueName(mark, raw, flaws) || !d.skip() {
			return false
		}
		d.pop()
		return true
	})
	d.names.close(mark)
	return ok
}

// uniqueName reports a name that has come before in the same object or that is no Unicode text. The name is already on the path.
func (d *decoder) uniqueName(mark nameMark, raw []byte, flaws textFlaws) bool {
	if flaws&^hasEscape != 0 && !d.flawed(flaws, raw) {
		return false
	}
	if !d.names.add(mark, raw, flaws) {
		return d.duplicate()
	}
	return true
}

func (d *decoder) duplicate() bool {
	return d.report(FieldError{Detail: "property is given more than once", Expected: "each property once"})
}
