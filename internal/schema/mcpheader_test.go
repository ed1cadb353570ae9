package schema

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

type mirrorLevel int

func (mirrorLevel) Enum() []mirrorLevel { return []mirrorLevel{1, 2} }

type mirrorInner struct {
	Zone string `json:"zone,omitzero" mcpHeader:"Zone"`
}

type mirrorForeign struct{}

func (mirrorForeign) JSONSchema() json.RawMessage {
	return json.RawMessage(`{"type": "object", "properties": {"a": {"type": "string", "x-mcp-header": "A"}}}`)
}

type mirrorAll struct {
	Region string      `json:"region" mcpHeader:"Region"`
	Count  int         `json:"count,omitzero" minimum:"0" maximum:"100" mcpHeader:"Count"`
	Small  int32       `json:"small,omitzero" mcpHeader:"X.small~1"`
	On     bool        `json:"on,omitzero" mcpHeader:"On"`
	Level  mirrorLevel `json:"level,omitzero" mcpHeader:"Level"`
	Inner  mirrorInner `json:"inner,omitzero"`
	Plain  string      `json:"plain,omitzero"`
}

// The annotation is in the schema for MCP alone, of what is decoded.
func TestMCPHeaderSchema(t *testing.T) {
	typ, err := NewRegistry().Compile(reflect.TypeFor[mirrorAll](), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := `"region":{"type":"string","x-mcp-header":"Region"}`; !strings.Contains(string(typ.Input()), want) {
		t.Errorf("%s is not in %s", want, typ.Input())
	}
	if n := strings.Count(string(typ.Input()), "x-mcp-header"); n != 6 {
		t.Errorf("%d annotations in %s", n, typ.Input())
	}
	for _, other := range []string{string(typ.Output()), string(typ.Ref()), string(typ.Object([]string{"region"}))} {
		if strings.Contains(other, "x-mcp-header") {
			t.Errorf("the annotation is for MCP's input alone: %s", other)
		}
	}
	headers, err := typ.MCPHeaders()
	if err != nil || len(headers) != 6 || headers[5].Name != "Zone" {
		t.Errorf("headers %v, %v", headers, err)
	}
}

// A header is named like one, once, for what a header can hold, where clients look.
func TestMCPHeaderRefused(t *testing.T) {
	type recursive struct {
		A    string     `json:"a" mcpHeader:"A"`
		Next *recursive `json:"next,omitzero"`
	}
	for name, c := range map[string]struct {
		typ  reflect.Type
		want string
	}{
		"empty": {reflect.TypeFor[struct {
			A string `json:"a" mcpHeader:""`
		}](), "not the name of an HTTP header"},
		"space": {reflect.TypeFor[struct {
			A string `json:"a" mcpHeader:"a b"`
		}](), "not the name of an HTTP header"},
		"line": {reflect.TypeFor[struct {
			A string `json:"a" mcpHeader:"a\r\nb"`
		}](), "not the name of an HTTP header"},
		"umlaut": {reflect.TypeFor[struct {
			A string `json:"a" mcpHeader:"Größe"`
		}](), "not the name of an HTTP header"},
		"number": {reflect.TypeFor[struct {
			A float64 `json:"a" mcpHeader:"A"`
		}](), "must be a string, an integer or a boolean"},
		"list": {reflect.TypeFor[struct {
			A []string `json:"a" mcpHeader:"A"`
		}](), "must be a string, an integer or a boolean"},
		"any": {reflect.TypeFor[struct {
			A any `json:"a" mcpHeader:"A"`
		}](), "must be a string, an integer or a boolean"},
		"null": {reflect.TypeFor[struct {
			A *string `json:"a" mcpHeader:"A"`
		}](), "must not be null"},
		"read-only": {reflect.TypeFor[struct {
			A string `json:"a,omitzero" readOnly:"true" mcpHeader:"A"`
		}](), "is read-only"},
		"unsafe": {reflect.TypeFor[struct {
			A int64 `json:"a" mcpHeader:"A"`
		}](), "within ±9007199254740991"},
		"half safe": {reflect.TypeFor[struct {
			A int64 `json:"a" minimum:"0" mcpHeader:"A"`
		}](), "within ±9007199254740991"},
		"twice": {reflect.TypeFor[struct {
			A string `json:"a" mcpHeader:"X"`
			B string `json:"b" mcpHeader:"x"`
		}](), "have one mcpHeader"},
		"in a list": {reflect.TypeFor[struct {
			A []mirrorInner `json:"a"`
		}](), "stands within"},
		"in a map": {reflect.TypeFor[struct {
			A map[string]mirrorInner `json:"a"`
		}](), "stands within"},
		"in null": {reflect.TypeFor[struct {
			A *mirrorInner `json:"a"`
		}](), "stands within"},
		"recursive": {reflect.TypeFor[recursive](), "stands within"},
		"foreign":   {reflect.TypeFor[mirrorForeign](), "only the tag mcpHeader"},
	} {
		typ, err := NewRegistry().Compile(c.typ, Options{})
		if err == nil {
			_, err = typ.MCPHeaders()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// A header matches the value that it mirrors: numbers as numbers, the rest to the
// letter. What is absent or null has no header.
func TestMCPHeaderValue(t *testing.T) {
	typ, err := NewRegistry().Compile(reflect.TypeFor[mirrorAll](), Options{})
	if err != nil {
		t.Fatal(err)
	}
	headers, err := typ.MCPHeaders()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		header    int
		arguments string
		text      string
		present   bool
		matches   bool
	}{
		{0, `{"region":"eu"}`, "eu", true, true},
		{0, `{"region":"\u0065u"}`, "eu", true, true},
		{0, `{"region":"eu"}`, "EU", true, false},
		{0, ` { "plain" : {"region":1} , "region" : "" } `, "", true, true},
		{0, `{"region":null}`, "", false, false},
		{0, `{"plain":"region"}`, "", false, false},
		{0, `[]`, "", false, false},
		{0, `{"region":{}}`, "x", true, true},
		{1, `{"count":42}`, "42.0", true, true},
		{1, `{"count":4.2e1}`, "42", true, true},
		{1, `{"count":42}`, "43", true, false},
		{1, `{"count":42}`, " 42", true, false},
		{1, `{"count":42}`, "0x2a", true, false},
		{1, `{"count":1e999999999}`, "1e999999998", true, false},
		{1, `{"count":"42"}`, "42", true, true},
		{3, `{"on":true}`, "true", true, true},
		{3, `{"on":true}`, "True", true, false},
		{5, `{"inner":{"zone":"a"}}`, "a", true, true},
		{5, `{"inner":"x"}`, "", false, false},
	} {
		value, present := headers[c.header].Value([]byte(c.arguments))
		if present != c.present || present && headers[c.header].Matches(value, c.text) != c.matches {
			t.Errorf("%s of %s: value %s, present %v; header %q", headers[c.header].Name, c.arguments, value, present, c.text)
		}
	}
}
