package schema

import (
	"bytes"
	"hash/maphash"
)

// nameSet finds duplicate member names in nested objects whose names are not known beforehand. The objects being read form
// a stack: open, add…, close.
type nameSet struct {
	seed    maphash.Seed
	entries []nameEntry
	text    []byte
	large   map[nameKey]int // index into entries, for objects with many members
	serial  int
}

type nameEntry struct {
	hash       uint64
	start, end int // in text
}

// nameKey tells the names of one open object from those of another.
type nameKey struct {
	object int
	hash   uint64
}

// nameMark identifies an open object.
type nameMark struct{ object, entries, text int }

// largeObject is the count of members from which on a hash table pays.
const largeObject = 24

func newNameSet() nameSet {
	return nameSet{seed: maphash.MakeSeed()}
}

func (s *nameSet) size() int { return cap(s.text) + 24*cap(s.entries) + 32*len(s.large) }

func (s *nameSet) reset() {
	s.entries, s.text = s.entries[:0], s.text[:0]
	clear(s.large)
}

func (s *nameSet) open() nameMark {
	s.serial++
	return nameMark{object: s.serial, entries: len(s.entries), text: len(s.text)}
}

func (s *nameSet) close(m nameMark) {
	if len(s.entries)-m.entries > largeObject {
		for _, e := range s.entries[m.entries:] {
			delete(s.large, nameKey{m.object, e.hash})
		}
	}
	s.entries, s.text = s.entries[:m.entries], s.text[:m.text]
}

// add remembers a name of the innermost open object m; false means that it has been there already.
func (s *nameSet) add(m nameMark, raw []byte, flaws textFlaws) bool {
	e := nameEntry{start: len(s.text)}
	if flaws == 0 {
		s.text = append(s.text, raw...)
	} else {
		s.text, _ = unescape(s.text, raw)
	}
	e.end = len(s.text)
	e.hash = maphash.Bytes(s.seed, s.text[e.start:])
	if s.has(m, e) {
		s.text = s.text[:e.start]
		return false
	}
	s.entries = append(s.entries, e)
	s.index(m)
	return true
}

func (s *nameSet) has(m nameMark, e nameEntry) bool {
	own := s.entries[m.entries:]
	if len(own) > largeObject {
		i, ok := s.large[nameKey{m.object, e.hash}]
		return ok && s.same(s.entries[i], e)
	}
	for _, o := range own {
		if o.hash == e.hash && s.same(o, e) {
			return true
		}
	}
	return false
}

func (s *nameSet) same(a, b nameEntry) bool {
	return bytes.Equal(s.text[a.start:a.end], s.text[b.start:b.end])
}

// index keeps the table of a large object up to date with its newest entry.
func (s *nameSet) index(m nameMark) {
	count := len(s.entries) - m.entries
	if count <= largeObject {
		return
	}
	if s.large == nil {
		s.large = map[nameKey]int{}
	}
	from := len(s.entries) - 1
	if count == largeObject+1 {
		from = m.entries
	}
	for i := from; i < len(s.entries); i++ {
		s.large[nameKey{m.object, s.entries[i].hash}] = i
	}
}
