package schema

import (
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON tokens from data. Its methods report broken syntax only; what is lexically sound but
// forbidden (invalid UTF-8, lone surrogates) comes back as textFlaws, so that scanning can go on.
type scanner struct {
	data []byte
	pos  int
}

// textFlaws says what a string literal holds besides plain characters.
type textFlaws uint8

const (
	hasEscape textFlaws = 1 << iota
	badUTF8
	badSurrogate
)

// peek skips white space and returns the next byte, 0 at the end of the data.
func (s *scanner) peek() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// literal consumes word if it comes next as a whole.
func (s *scanner) literal(word string) bool {
	end := s.pos + len(word)
	if end > len(s.data) || string(s.data[s.pos:end]) != word {
		return false
	}
	if end < len(s.data) && isWord(s.data[end]) {
		return false
	}
	s.pos = end
	return true
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// str consumes a string literal at pos and returns what stands between the quotes.
// A non-empty problem means broken syntax, at pos.
func (s *scanner) str() (raw []byte, flaws textFlaws, problem string) {
	start := s.pos + 1
	for i := start; i < len(s.data); {
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return s.data[start:i], flaws, ""
		case c < ' ':
			s.pos = i
			return nil, 0, "a control character in a string must be escaped"
		case c == '\\':
			size, flaw := scanEscape(s.data[i:])
			if size == 0 {
				s.pos = i
				return nil, 0, "broken escape sequence in a string"
			}
			flaws |= hasEscape | flaw
			i += size
		case c < utf8.RuneSelf:
			i++
		default:
			r, size := utf8.DecodeRune(s.data[i:])
			if r == utf8.RuneError && size == 1 {
				flaws |= badUTF8
			}
			i += size
		}
	}
	s.pos = len(s.data)
	return nil, 0, "the text ends within a string"
}

// scanEscape returns the length of the escape sequence that b starts with, a surrogate pair counting as one; 0 if it is broken.
func scanEscape(b []byte) (size int, flaw textFlaws) {
	if len(b) < 2 {
		return 0, 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2, 0
	case 'u':
		r, ok := hex4(b[2:])
		switch {
		case !ok:
			return 0, 0
		case !utf16.IsSurrogate(r):
			return 6, 0
		}
		if _, paired := secondHalf(r, b[6:]); paired {
			return 12, 0
		}
		return 6, badSurrogate
	}
	return 0, 0
}

// secondHalf joins the surrogate r with the escape sequence that rest starts with.
func secondHalf(r rune, rest []byte) (rune, bool) {
	if len(rest) < 6 || rest[0] != '\\' || rest[1] != 'u' {
		return 0, false
	}
	low, ok := hex4(rest[2:])
	if !ok {
		return 0, false
	}
	joined := utf16.DecodeRune(r, low)
	return joined, joined != utf8.RuneError
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// unescape appends to dst the text that the string literal with content raw stands for. What is no Unicode text
// becomes U+FFFD and is reported.
func unescape(dst, raw []byte) ([]byte, textFlaws) {
	var flaws textFlaws
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '\\':
			size, flaw := scanEscape(raw[i:])
			if size == 0 {
				return dst, flaws
			}
			dst = utf8.AppendRune(dst, escaped(raw[i:i+size]))
			flaws |= hasEscape | flaw
			i += size
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, size := utf8.DecodeRune(raw[i:])
			if r == utf8.RuneError && size == 1 {
				flaws |= badUTF8
			}
			dst = utf8.AppendRune(dst, r)
			i += size
		}
	}
	return dst, flaws
}

// escaped returns the character that a whole, well-formed escape sequence stands for.
func escaped(seq []byte) rune {
	switch seq[1] {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'u':
		r, _ := hex4(seq[2:])
		if len(seq) == 12 {
			r, _ = secondHalf(r, seq[6:])
		}
		if utf16.IsSurrogate(r) {
			return utf8.RuneError
		}
		return r
	}
	return rune(seq[1])
}

// number consumes a number literal at pos; a non-empty problem means broken syntax, at pos.
func (s *scanner) number() (raw []byte, problem string) {
	start := s.pos
	s.accept("-")
	switch {
	case s.accept("0"):
	case !s.digits():
		return nil, "a number needs a digit here"
	}
	if s.accept(".") && !s.digits() {
		return nil, "a number needs a digit after its decimal point"
	}
	if s.accept("eE") {
		s.accept("+-")
		if !s.digits() {
			return nil, "a number needs a digit in its exponent"
		}
	}
	if s.pos < len(s.data) && isWord(s.data[s.pos]) {
		return nil, "unexpected character after a number"
	}
	return s.data[start:s.pos], ""
}

func (s *scanner) accept(set string) bool {
	if s.pos >= len(s.data) {
		return false
	}
	for i := range len(set) {
		if set[i] == s.data[s.pos] {
			s.pos++
			return true
		}
	}
	return false
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && s.data[s.pos] >= '0' && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}
