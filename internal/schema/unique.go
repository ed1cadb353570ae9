package schema

import (
	"bytes"
	"fmt"
	"slices"
)

// checkUnique reports the first item of an array that equals an earlier one, as JSON Schema compares: numbers by value, objects
// regardless of order. raw is the array's text, which is sound JSON.
func (d *decoder) checkUnique(raw []byte) bool {
	s := scanner{data: raw, pos: 1}
	seen := map[string]int{}
	for i := 0; s.peek() != ']'; i++ {
		d.canon = appendCanonical(d.canon[:0], &s)
		if first, twice := seen[string(d.canon)]; twice {
			return d.report(FieldError{
				Detail:   fmt.Sprintf("items must be unique, but item %d equals item %d", i, first),
				Expected: "unique items",
				Received: excerpt(raw),
			})
		}
		seen[string(d.canon)] = i
		if s.peek() == ',' {
			s.pos++
		}
	}
	return true
}

// appendCanonical consumes a value of sound JSON and appends a text that equal values share.
func appendCanonical(dst []byte, s *scanner) []byte {
	switch c := s.peek(); c {
	case '{':
		return appendCanonicalObject(dst, s)
	case '[':
		return appendCanonicalArray(dst, s)
	case '"':
		raw, _, _ := s.str()
		text, _ := unescape(nil, raw)
		return appendString(dst, text)
	case 't':
		s.pos += 4
		return append(dst, 't')
	case 'f':
		s.pos += 5
		return append(dst, 'f')
	case 'n':
		s.pos += 4
		return append(dst, 'n')
	}
	raw, _ := s.number()
	return parseDecimal(nil, raw).appendCanonical(dst)
}

func appendCanonicalArray(dst []byte, s *scanner) []byte {
	s.pos++
	dst = append(dst, '[')
	for s.peek() != ']' {
		dst = append(appendCanonical(dst, s), ',')
		if s.peek() == ',' {
			s.pos++
		}
	}
	s.pos++
	return append(dst, ']')
}

func appendCanonicalObject(dst []byte, s *scanner) []byte {
	s.pos++
	var members [][]byte
	for s.peek() != '}' {
		member := append(appendCanonical(nil, s), ':')
		s.peek()
		s.pos++ // ':'
		members = append(members, appendCanonical(member, s))
		if s.peek() == ',' {
			s.pos++
		}
	}
	s.pos++
	slices.SortFunc(members, bytes.Compare)
	dst = append(dst, '{')
	for _, member := range members {
		dst = append(append(dst, member...), ',')
	}
	return append(dst, '}')
}
