package schema

import (
	"encoding/base64"
	"reflect"
)

// strictBase64 is the alphabet of RFC 4648 section 4, with padding. Line breaks and stray bits are refused.
var strictBase64 = base64.StdEncoding.Strict()

// bytesCodec reads and writes []byte as base64. minLength, maxLength and pattern count the text, as JSON Schema says.
type bytesCodec struct{ rules *stringRules }

func newBytesCodec(tg *tags) (codec, error) {
	rules, err := newStringRules(tg)
	if err != nil {
		return nil, err
	}
	return &bytesCodec{rules: rules}, nil
}

func (b *bytesCodec) kind() (string, string) { return "string", b.rules.formatName() }

func (b *bytesCodec) describe(x *emitter, o *object, null bool) {
	o.typ("string", null)
	o.str("contentEncoding", "base64")
	b.rules.describe(x, o, null)
}

func (b *bytesCodec) decode(d *decoder, v reflect.Value) bool {
	d.peek()
	start := d.pos
	text, sound, ok := d.checkedText(b.rules, "string")
	if !sound {
		return ok
	}
	value, valid := decodeBase64(text)
	if !valid {
		return d.report(FieldError{
			Detail:   "must be base64 (RFC 4648, padded), such as aGVsbG8=",
			Expected: "base64",
			Received: excerpt(d.data[start:d.pos]),
		})
	}
	v.SetBytes(value)
	return true
}

func decodeBase64(text []byte) ([]byte, bool) {
	for _, c := range text {
		if c == '\n' || c == '\r' {
			return nil, false // which the decoder would skip
		}
	}
	value := make([]byte, strictBase64.DecodedLen(len(text)))
	n, err := strictBase64.Decode(value, text)
	return value[:n], err == nil
}

func (b *bytesCodec) append(_ *encoder, dst []byte, v reflect.Value) ([]byte, error) {
	dst = append(dst, '"')
	dst = base64.StdEncoding.AppendEncode(dst, v.Bytes())
	return append(dst, '"'), nil
}
