package schema

import "fmt"

// leapBudget is how many times the length of a document (and leapFloor bytes more) looking ahead may pass over in all. Without a
// limit, unions nested in unions with their tags at the end would make it quadratic.
const (
	leapBudget = 16
	leapFloor  = 8 << 20
)

// mayLeap accounts for a look-ahead that has come from start to end. It reports an exhausted budget, which ends the reading.
func (d *decoder) mayLeap(start, end int, tag string) bool {
	d.leapt += end - start
	if d.leapt <= leapBudget*len(d.data)+leapFloor {
		return true
	}
	d.report(FieldError{Detail: fmt.Sprintf("unions are nested too deeply; put %q first in each object", tag)})
	d.stopped = true
	return false
}

// lookAhead returns the literal of the member called name of the object at pos, without consuming anything; nil if there is none
// before the object's end or the first broken syntax, which the reading proper will report. Objects, arrays and numbers come back
// by their beginning.
func (d *decoder) lookAhead(name string) (literal []byte, ok bool) {
	s := scanner{data: d.data, pos: d.pos + 1}
	literal = d.find(&s, name)
	return literal, d.mayLeap(d.pos, s.pos, name)
}

// find moves s over the members of an object up to the one called name.
func (d *decoder) find(s *scanner, name string) []byte {
	for s.peek() == '"' {
		raw, flaws, problem := s.str()
		if problem != "" || s.peek() != ':' {
			return nil
		}
		s.pos++
		s.peek()
		start := s.pos
		if !s.leap() {
			return nil
		}
		if string(d.plain(raw, flaws)) == name {
			return s.data[start:s.pos]
		}
		if s.peek() != ',' {
			return nil
		}
		s.pos++
	}
	return nil
}

// leap passes over one value, looking no closer than to strings and brackets.
func (s *scanner) leap() bool {
	depth := 0
	for {
		switch s.peek() {
		case 0:
			return false
		case '"':
			if _, _, problem := s.str(); problem != "" {
				return false
			}
		case '{', '[':
			s.pos++
			depth++
		case '}', ']':
			s.pos++
			depth--
		case ',', ':':
			s.pos++
			continue
		default:
			s.leapWord()
		}
		if depth <= 0 {
			return depth == 0
		}
	}
}

// leapWord passes over a number, a literal name, or garbage.
func (s *scanner) leapWord() {
	s.pos++
	for s.pos < len(s.data) && (isWord(s.data[s.pos]) || s.data[s.pos] == '.' || s.data[s.pos] == '+' || s.data[s.pos] == '-') {
		s.pos++
	}
}
