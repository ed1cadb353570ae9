package mcp

import (
	"errors"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// maxDepth bounds the nesting of a message. The strict decoder of the arguments
// allows 10,000 levels, and the arguments object begins two levels down.
const maxDepth = 10_002

var (
	errSyntax    = errors.New("the message is not valid JSON")
	errDepth     = errors.New("the message is nested too deeply")
	errUTF8      = errors.New("the message is not valid UTF-8")
	errTrailing  = errors.New("there is data after the message")
	errDuplicate = errors.New("a member name occurs twice")
)

// scanner walks one JSON text (RFC 8259) once, without allocating. Every value
// that it steps over is checked: syntax, nesting, and that escaped surrogates
// come in pairs. The text as a whole must have been checked to be UTF-8.
type scanner struct {
	data  []byte
	pos   int
	depth int
}

// space steps over white space.
func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// peek returns the next byte that is not white space, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.pos == len(s.data) {
		return 0
	}
	return s.data[s.pos]
}

// take steps over c and reports whether it was next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c || c == 0 {
		return false
	}
	s.pos++
	return true
}

// value steps over one value and returns its bytes.
func (s *scanner) value() ([]byte, error) {
	s.space()
	start := s.pos
	if err := s.skip(); err != nil {
		return nil, err
	}
	return s.data[start:s.pos], nil
}

// skip steps over one value.
func (s *scanner) skip() error {
	switch c := s.peek(); c {
	case '{':
		return s.members(func([]byte) error { return s.skip() })
	case '[':
		return s.elements(s.skip)
	case '"':
		return s.str()
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	default:
		if c == '-' || isDigit(c) {
			return s.number()
		}
		return errSyntax
	}
}

// members steps over an object. For each member it calls visit with the name's
// bytes, quotes included, standing before the value, which visit steps over.
func (s *scanner) members(visit func(name []byte) error) error {
	if err := s.enter('{'); err != nil {
		return err
	}
	if s.leave('}') {
		return nil
	}
	for {
		s.space()
		start := s.pos
		if err := s.str(); err != nil {
			return err
		}
		name := s.data[start:s.pos]
		if !s.take(':') {
			return errSyntax
		}
		if err := visit(name); err != nil {
			return err
		}
		if s.leave('}') {
			return nil
		}
		if !s.take(',') {
			return errSyntax
		}
	}
}

// elements steps over an array, calling visit before each element.
func (s *scanner) elements(visit func() error) error {
	if err := s.enter('['); err != nil {
		return err
	}
	if s.leave(']') {
		return nil
	}
	for {
		if err := visit(); err != nil {
			return err
		}
		if s.leave(']') {
			return nil
		}
		if !s.take(',') {
			return errSyntax
		}
	}
}

func (s *scanner) enter(open byte) error {
	if !s.take(open) {
		return errSyntax
	}
	if s.depth++; s.depth > maxDepth {
		return errDepth
	}
	return nil
}

func (s *scanner) leave(end byte) bool {
	if !s.take(end) {
		return false
	}
	s.depth--
	return true
}

func (s *scanner) literal(want string) error {
	if len(s.data)-s.pos < len(want) || string(s.data[s.pos:s.pos+len(want)]) != want {
		return errSyntax
	}
	s.pos += len(want)
	return nil
}

// str steps over a string.
func (s *scanner) str() error {
	if s.pos == len(s.data) || s.data[s.pos] != '"' {
		return errSyntax
	}
	s.pos++
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		case c < ' ':
			return errSyntax
		default:
			s.pos++
		}
	}
	return errSyntax
}

// escape steps over an escape sequence; a surrogate must be half of a pair.
func (s *scanner) escape() error {
	if s.pos+1 >= len(s.data) {
		return errSyntax
	}
	switch s.data[s.pos+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos += 2
		return nil
	case 'u':
		return s.unicode()
	}
	return errSyntax
}

func (s *scanner) unicode() error {
	unit, ok := s.hex()
	switch {
	case !ok || unit >= 0xDC00 && unit <= 0xDFFF:
		return errSyntax
	case unit < 0xD800 || unit > 0xDBFF:
		return nil
	}
	if low, ok := s.hex(); !ok || low < 0xDC00 || low > 0xDFFF {
		return errSyntax
	}
	return nil
}

// hex steps over \uXXXX and returns its code unit.
func (s *scanner) hex() (unit rune, ok bool) {
	if len(s.data)-s.pos < 6 || s.data[s.pos] != '\\' || s.data[s.pos+1] != 'u' {
		return 0, false
	}
	for _, c := range s.data[s.pos+2 : s.pos+6] {
		unit <<= 4
		switch {
		case isDigit(c):
			unit |= rune(c - '0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			unit |= rune(c|0x20-'a') + 10
		default:
			return 0, false
		}
	}
	s.pos += 6
	return unit, true
}

// number steps over a number.
func (s *scanner) number() error {
	if s.data[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.data) && s.data[s.pos] == '0' {
		s.pos++
	} else if !s.digits() {
		return errSyntax
	}
	if s.pos < len(s.data) && s.data[s.pos] == '.' {
		s.pos++
		if !s.digits() {
			return errSyntax
		}
	}
	if s.pos < len(s.data) && s.data[s.pos]|0x20 == 'e' {
		s.pos++
		if s.pos < len(s.data) && (s.data[s.pos] == '+' || s.data[s.pos] == '-') {
			s.pos++
		}
		if !s.digits() {
			return errSyntax
		}
	}
	return nil
}

// digits steps over one or more digits.
func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && isDigit(s.data[s.pos]) {
		s.pos++
	}
	return s.pos > start
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// end checks that nothing follows.
func (s *scanner) end() error {
	if s.space(); s.pos != len(s.data) {
		return errTrailing
	}
	return nil
}

// newScanner returns a scanner of data, which must be UTF-8.
func newScanner(data []byte) (scanner, error) {
	if !utf8.Valid(data) {
		return scanner{}, errUTF8
	}
	return scanner{data: data}, nil
}

// unquote returns the text of a string that a scanner has stepped over. The
// result shares memory with quoted where nothing is escaped.
func unquote(quoted []byte) []byte {
	inner := quoted[1 : len(quoted)-1]
	for _, c := range inner {
		if c == '\\' {
			return unescape(quoted)
		}
	}
	return inner
}

func unescape(quoted []byte) []byte {
	var text string
	if err := json.Unmarshal(quoted, &text); err != nil { // not reachable: the scanner checked it
		return nil
	}
	return []byte(text)
}

func isString(raw []byte) bool { return len(raw) > 0 && raw[0] == '"' }
func isObject(raw []byte) bool { return len(raw) > 0 && raw[0] == '{' }

// isInteger reports whether a number that a scanner has stepped over has neither
// a fraction nor an exponent.
func isInteger(raw []byte) bool {
	if len(raw) == 0 || raw[0] != '-' && !isDigit(raw[0]) {
		return false
	}
	for _, c := range raw[1:] {
		if !isDigit(c) {
			return false
		}
	}
	return true
}
