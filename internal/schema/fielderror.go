package schema

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// FieldError locates one thing that is wrong in an arguments object.
type FieldError struct {
	// Pointer is an RFC 6901 JSON Pointer into the arguments object; "" means the whole of it.
	Pointer string `json:"pointer" doc:"A JSON Pointer (RFC 6901) into the arguments object; empty for the whole of it" example:"/limit"`
	// Detail says in one sentence what is wrong and what to do.
	Detail string `json:"detail" doc:"What is wrong and what to do" example:"must be at most 100"`
	// Expected is a short statement of what is accepted, such as "integer" or "at most 10 characters".
	Expected string `json:"expected,omitempty" doc:"What is accepted" example:"at most 100"`
	// Received is the JSON text that came, cut to 64 characters; always empty for writeOnly fields.
	Received string `json:"received,omitempty" doc:"The JSON that came, cut to 64 characters" example:"1000"`
}

// maxReceived is the length, in characters, to which FieldError.Received is cut.
const maxReceived = 64

// excerpt returns raw as valid UTF-8 of at most maxReceived characters.
func excerpt(raw []byte) string {
	if len(raw) > 4*maxReceived+4 {
		raw = raw[:4*maxReceived+4]
	}
	text := strings.ToValidUTF8(string(raw), "\uFFFD")
	if utf8.RuneCountInString(text) <= maxReceived {
		return text
	}
	return string([]rune(text)[:maxReceived-1]) + "…"
}

// step is one token of the path from the root of a document to the value at hand.
type step struct {
	name  string // of a member; "" together with raw == nil means that index counts
	raw   []byte // the member's name as it stands in the document, where no string exists yet
	index int    // of an array's item; -1 for a member
}

// Pointers are cut where a document's own long names would make an answer many times as long as the document.
const (
	maxToken   = 256  // bytes of one token
	maxPointer = 4096 // bytes, about
)

// pointer renders path as a JSON Pointer. What is cut ends in "…".
func pointer(path []step) string {
	var dst []byte
	for i := range path {
		dst = append(dst, '/')
		if len(dst) > maxPointer {
			return string(append(dst, "…"...))
		}
		switch p := &path[i]; {
		case p.index >= 0:
			dst = strconv.AppendInt(dst, int64(p.index), 10)
		case p.raw != nil:
			dst = appendToken(dst, p.text())
		default:
			dst = appendToken(dst, p.name)
		}
	}
	return string(dst)
}

// text returns a member's name, cut if it is long.
func (s *step) text() string {
	raw := s.raw
	if len(raw) > 6*maxToken { // an escape sequence takes up to 6 bytes for a byte, 12 for a character
		raw = raw[:6*maxToken]
	}
	text, _ := unescape(nil, raw)
	return cutToken(string(text))
}

// cutToken cuts text that would be out of proportion in an answer.
func cutToken(text string) string {
	if len(text) <= maxToken {
		return text
	}
	return strings.ToValidUTF8(text[:maxToken], "") + "…"
}

// appendToken appends one reference token, escaped as RFC 6901 section 3 says.
func appendToken(dst []byte, token string) []byte {
	for i := range len(token) {
		switch c := token[i]; c {
		case '~':
			dst = append(dst, "~0"...)
		case '/':
			dst = append(dst, "~1"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
