package binding

import (
	"github.com/go-json-experiment/json/jsontext"
)

// AppendText appends the JSON of a text that stands for a value of this kind.
// Where no string is expected, a number or a boolean is what it reads as, and
// any other text becomes a JSON string: whatever is wrong, the validator reports
// it as it reports the same value that came as JSON.
func AppendText(dst []byte, kind, text string) []byte {
	switch kind {
	case "integer", "number", "boolean":
		if text == "true" || text == "false" || isNumber(text) {
			return append(dst, text...)
		}
	}
	return AppendString(dst, text)
}

// AppendString appends text as a JSON string. Bytes that are not UTF-8 stay as
// they are, for the strict decoder to refuse.
func AppendString(dst []byte, text string) []byte {
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

// textOf is the reverse of AppendText. The reason is empty if the text, read as
// this kind, is a value of the same JSON type again.
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
	if reason == "" && !sameType(jsontext.Value(AppendText(nil, kind, text)).Kind(), value.Kind()) {
		reason = "text does not tell " + describe(value.Kind()) + " from " + kind
	}
	return text, reason
}

// sameType reports whether two scalars are of one JSON type.
func sameType(a, b jsontext.Kind) bool { return describe(a) == describe(b) }

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
