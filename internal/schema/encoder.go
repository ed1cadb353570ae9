package schema

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"unicode/utf8"
)

// encoder is the state of one Append call. It is pooled.
type encoder struct {
	depth int
	r     *Registry // plans the dynamic types behind interfaces
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// encodeError says where in a value encoding failed.
type encodeError struct {
	path []step // innermost first
	err  error
}

func (e *encodeError) Error() string {
	path := make([]step, len(e.path))
	for i, s := range e.path {
		path[len(path)-1-i] = s
	}
	if len(path) == 0 {
		return e.err.Error()
	}
	return pointer(path) + ": " + e.err.Error()
}

func (e *encodeError) Unwrap() error { return e.err }

// within adds a path token to err on its way out.
func within(err error, s step) error {
	var located *encodeError
	if !errors.As(err, &located) {
		located = &encodeError{err: err}
	}
	located.path = append(located.path, s)
	return located
}

func withinName(err error, name string) error { return within(err, step{name: name, index: -1}) }
func withinIndex(err error, i int) error      { return within(err, step{index: i}) }

func (e *encoder) enter() error {
	if e.depth++; e.depth > maxDepth {
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	}
	return nil
}

func (n *node) append(e *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	if n.nullable && v.Kind() == reflect.Pointer && v.IsNil() {
		return append(dst, "null"...), nil
	}
	return n.codec.append(e, dst, v)
}

const hexDigits = "0123456789abcdef"

// appendString appends text as a JSON string; what is not UTF-8 becomes U+FFFD. Nothing is escaped for HTML's sake.
func appendString[T ~string | ~[]byte](dst []byte, text T) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c >= 0x80 {
			size := runeSize(text[i:min(len(text), i+4)])
			if size > 0 {
				i += size
				continue
			}
			dst = append(dst, text[start:i]...)
			dst = append(dst, "\uFFFD"...)
			i++
			start = i
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, text[start:i]...)
		dst = appendEscape(dst, c)
		i++
		start = i
	}
	dst = append(dst, text[start:]...)
	return append(dst, '"')
}

func appendEscape(dst []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\b':
		return append(dst, `\b`...)
	case '\f':
		return append(dst, `\f`...)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}

// appendFloat appends f as encoding/json does: the shortest text that reads back as f.
func appendFloat(dst []byte, f float64, bits int) []byte {
	abs := f
	if abs < 0 {
		abs = -abs
	}
	format := byte('f')
	if abs != 0 && (bits == 64 && (abs < 1e-6 || abs >= 1e21) || bits == 32 && (float32(abs) < 1e-6 || float32(abs) >= 1e21)) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, bits)
}

// runeSize returns the length of the character that b starts with, 0 if it is none.
func runeSize[T ~string | ~[]byte](b T) int {
	r, size := utf8.DecodeRuneInString(string(b))
	if r == utf8.RuneError && size <= 1 {
		return 0
	}
	return size
}
