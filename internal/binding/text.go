package binding

import (
	"github.com/go-json-experiment/json/jsontext"
)

// appendText appends the JSON of a text that stands for a value of this kind.
// Text that is no such value becomes a JSON string, so that the validator
// reports it as it reports a string that came as JSON.
func appendText(dst []byte, kind, text string) []byte {
	switch kind {
	case "integer", "number":
		if isNumber(text) {
			return append(dst, text...)
		}
	case "boolean":
		if text == "true" || text == "false" {
			return append(dst, text...)
		}
	}
	return appendString(dst, text)
}

// appendString appends text as a JSON string. Bytes that are not UTF-8 stay as
// they are, for the strict decoder to refuse.
func appendString(dst []byte, text string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[from:i]...)
		from = i + 1
		if c >= ' ' {
			dst = append(dst, '\\', c)
		} else {
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, text[from:]...)
	return append(dst, '"')
}

// isNumber reports whether text is a number by JSON's grammar (RFC 8259 section 6).
func isNumber(text string) bool {
	if text != "" && text[0] == '-' {
		text = text[1:]
	}
	whole := digits(text)
	if whole == 0 || whole > 1 && text[0] == '0' {
		return false
	}
	if text = text[whole:]; text != "" && text[0] == '.' {
		n := digits(text[1:])
		if n == 0 {
			return false
		}
		text = text[1+n:]
	}
	return text == "" || isExponent(text)
}

func isExponent(text string) bool {
	if text[0] != 'e' && text[0] != 'E' {
		return false
	}
	text = text[1:]
	if text != "" && (text[0] == '+' || text[0] == '-') {
		text = text[1:]
	}
	return text != "" && digits(text) == len(text)
}

// digits counts the decimal digits that text begins with.
func digits(text string) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}

// textOf is the reverse of appendText. The reason is empty if the text, read as
// this kind, is value again, or if both are wrong there: true where an integer is
// expected comes back as a string, which is no integer either.
func textOf(kind string, value jsontext.Value) (text, reason string) {
	switch value.Kind() {
	case 'n':
		return "", "null has no text"
	case '{', '[':
		return "", "an object or array is not one text"
	case '"':
		text, reason = unquote(value)
	default:
		text = string(value)
	}
	back := jsontext.Value(appendText(nil, kind, text)).Kind()
	if reason == "" && back != value.Kind() && (isOf(kind, back) || isOf(kind, value.Kind())) {
		reason = "text does not tell " + describe(value.Kind()) + " from " + kind
	}
	return text, reason
}

// isOf reports whether a JSON value of kind got can be what kind says.
func isOf(kind string, got jsontext.Kind) bool {
	switch got {
	case '"':
		return kind == "string"
	case '0':
		return kind == "integer" || kind == "number"
	}
	return kind == "boolean"
}

func unquote(value jsontext.Value) (text, reason string) {
	raw, err := jsontext.AppendUnquote(nil, value)
	if err != nil {
		return "", "it is not Unicode text"
	}
	return string(raw), ""
}

// describe names the kind of a JSON value in words.
func describe(kind jsontext.Kind) string {
	switch kind {
	case '"':
		return "a string"
	case '0':
		return "a number"
	}
	return "a boolean"
}
