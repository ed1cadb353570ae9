package binding

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// cutBody returns an object's text without its closing brace, and whether it has
// no members, and calls member with the name of each. It looks no deeper than at
// strings and brackets: ok is false only if body is no JSON object, and what it
// lets pass and is none is still none when more members follow.
func cutBody(body []byte, member func(name []byte)) (open []byte, empty, ok bool) {
	start := skipSpace(body, 0)
	if start == len(body) || body[start] != '{' {
		return nil, false, false
	}
	depth, named := 0, false // named: the next string at depth 1 is a name
	for i := start; i < len(body); i++ {
		switch body[i] {
		case '{', '[':
			depth++
			named = depth == 1
		case '}', ']':
			if depth--; depth == 0 {
				open := body[:i]
				return open, skipSpace(open, start+1) == i, body[i] == '}' && skipSpace(body, i+1) == len(body)
			}
		case ',':
			named = depth == 1
		case '"':
			end := endOfString(body, i)
			if end < 0 {
				return nil, false, false
			}
			if named {
				named = false
				member(nameIn(body[i:end]))
			}
			i = end - 1
		}
	}
	return nil, false, false
}

func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t') {
		i++
	}
	return i
}

// endOfString returns the index after the string literal that begins at i, or
// -1 if it does not end.
func endOfString(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// nameIn returns the text of a string literal. Of a broken one, which the
// decoder refuses anyway, it returns anything.
func nameIn(literal []byte) []byte {
	if bytes.IndexByte(literal, '\\') < 0 {
		return literal[1 : len(literal)-1]
	}
	name, _ := jsontext.AppendUnquote(nil, literal)
	return name
}
