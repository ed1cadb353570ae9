package schema

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// refusals decodes doc into T and lists what is wrong as "pointer: detail".
func refusals[T any](t *testing.T, doc string) []string {
	t.Helper()
	_, errs := decode[T](t, doc)
	var got []string
	for _, e := range errs {
		got = append(got, e.Pointer+": "+e.Detail)
	}
	return got
}

// TestStrict has the rules of strict reading, which no schema states.
func TestStrict(t *testing.T) {
	type doc struct {
		Name string         `json:"name,omitzero"`
		N    int            `json:"n,omitzero"`
		Any  any            `json:"any,omitzero"`
		M    map[string]int `json:"m,omitzero"`
		Flag bool           `json:"flag,omitzero"`
	}
	for _, c := range []struct {
		rule, doc string
		want      []string
	}{
		{"an empty object", `{}`, nil},
		{"white space around", " \t\r\n{ } \n", nil},
		{"duplicate property", `{"n":1,"n":2}`, []string{"/n: property is given more than once"}},
		{"duplicate property by an escape", `{"n":1,"\u006e":2}`, []string{"/n: property is given more than once"}},
		{"duplicate within any", `{"any":[{"a":1,"a":2}]}`, []string{"/any/0/a: property is given more than once"}},
		{"duplicate in a map", `{"m":{"a":1,"b":2,"a":3}}`, []string{"/m/a: property is given more than once"}},
		{"same name in different objects", `{"any":{"a":{"a":{"a":1}},"b":{"a":1}}}`, nil},
		{"invalid UTF-8", "{\"name\":\"a\xff\"}", []string{"/name: holds bytes that are not valid UTF-8"}},
		{"invalid UTF-8 in a name", "{\"m\":{\"a\xff\":1}}", []string{"/m/a\uFFFD: holds bytes that are not valid UTF-8"}},
		{"invalid UTF-8 within any", "{\"any\":[\"\xc3\x28\"]}", []string{"/any/0: holds bytes that are not valid UTF-8"}},
		{"overlong UTF-8", "{\"name\":\"\xc0\x80\"}", []string{"/name: holds bytes that are not valid UTF-8"}},
		{"lone high surrogate", `{"name":"\ud83d"}`, []string{"/name: holds half of a UTF-16 surrogate pair, which is no character"}},
		{"lone low surrogate", `{"name":"\ude00x"}`, []string{"/name: holds half of a UTF-16 surrogate pair, which is no character"}},
		{"surrogates the wrong way round", `{"name":"\ude00\ud83d"}`, []string{"/name: holds half of a UTF-16 surrogate pair, which is no character"}},
		{"a surrogate pair", `{"name":"\ud83d\ude00"}`, nil},
		{"trailing text", `{} x`, []string{": invalid JSON at byte 3: unexpected text after the JSON value"}},
		{"a second document", `{}{}`, []string{": invalid JSON at byte 2: unexpected text after the JSON value"}},
		{"a zero byte after the end", "{}\x00", []string{": invalid JSON at byte 2: unexpected text after the JSON value"}},
		{"nothing", ``, []string{": invalid JSON at byte 0: the text ends too early"}},
		{"white space alone", `  `, []string{": invalid JSON at byte 2: the text ends too early"}},
		{"a byte order mark", "\ufeff{}", []string{": invalid JSON at byte 0: expected a value"}},
		{"cut off", `{"name":"a`, []string{"/name: invalid JSON at byte 10: the text ends too early"}},
		{"cut off after a comma", `{"n":1,`, []string{": invalid JSON at byte 7: the text ends too early"}},
		{"trailing comma", `{"n":1,}`, []string{": invalid JSON at byte 7: expected a property name in double quotes"}},
		{"missing colon", `{"n" 1}`, []string{`: invalid JSON at byte 5: expected ":" after a property name`}},
		{"missing comma", `{"n":1 "m":{}}`, []string{`: invalid JSON at byte 7: expected "," or "}"`}},
		{"wrong bracket", `{"any":[1}}`, []string{`/any: invalid JSON at byte 9: expected "," or "]"`}},
		{"single quotes", `{'n':1}`, []string{": invalid JSON at byte 1: expected a property name in double quotes"}},
		{"control character", "{\"name\":\"a\nb\"}", []string{"/name: invalid JSON at byte 10: a control character in a string must be escaped"}},
		{"broken escape", `{"name":"\x"}`, []string{"/name: invalid JSON at byte 9: broken escape sequence in a string"}},
		{"broken unicode escape", `{"name":"\u12g4"}`, []string{"/name: invalid JSON at byte 9: broken escape sequence in a string"}},
		{"leading zero", `{"n":01}`, []string{"/n: invalid JSON at byte 6: unexpected character after a number"}},
		{"plus sign", `{"n":+1}`, []string{"/n: invalid JSON at byte 5: expected a value"}},
		{"no digit after the point", `{"n":1.}`, []string{"/n: invalid JSON at byte 7: a number needs a digit after its decimal point"}},
		{"no digit in the exponent", `{"n":1e}`, []string{"/n: invalid JSON at byte 7: a number needs a digit in its exponent"}},
		{"NaN", `{"any":NaN}`, []string{"/any: invalid JSON at byte 7: expected a value"}},
		{"a literal with more letters", `{"flag":trueish}`, []string{"/flag: invalid JSON at byte 8: expected a value"}},
		{"a literal in capitals", `{"flag":True}`, []string{"/flag: invalid JSON at byte 8: expected a value"}},
		{"unknown property", `{"color":1}`, []string{": unknown property"}},
		{"unknown property, near a known one", `{"nmae":"x"}`, []string{`/nmae: unknown property; did you mean "name"?`}},
		{"names are case-sensitive", `{"Name":"x"}`, []string{`/Name: unknown property; did you mean "name"?`}},
		{"unknown properties are read as strictly", `{"x":{"a":1,"a":"\ud800"}}`, []string{
			"/x: unknown property; leave it out", "/x/a: property is given more than once", "/x/a: holds half of a UTF-16 surrogate pair, which is no character"}},
		{"no object", `[]`, []string{": must be an object, but is an array"}},
		{"null for an object", `null`, []string{": must be an object, but is null"}},
		{"null where it is not allowed", `{"n":null,"name":null,"flag":null,"m":null}`, []string{
			"/n: must be an integer, but is null", "/name: must be a string, but is null",
			"/flag: must be a boolean, but is null", "/m: must be an object, but is null"}},
		{"everything at once, in the order of the document", `{"m":{"a":"1"},"n":1.5,"x":0,"flag":"true","name":{"a":[1]}}`, []string{
			"/m/a: must be an integer, but is a string", "/n: must be an integer, but has a fraction", "/x: unknown property; leave it out",
			"/flag: must be a boolean, but is a string", "/name: must be a string, but is an object"}},
		{"pointers are escaped", `{"m":{"a/b~c":"x","":null}}`, []string{"/m/a~1b~0c: must be an integer, but is a string", "/m/: must be an integer, but is null"}},
	} {
		got := refusals[doc](t, c.doc)
		if c.rule == "unknown property" { // whether there is something near is another rule's
			got = []string{strings.TrimPrefix(strings.Split(got[0], ";")[0], "/color")}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s (-want +got)\n%s", c.rule, c.doc, diff)
		}
	}
}

// TestNesting: deep nesting is refused with an error, wherever it is, and never exhausts the stack.
func TestNesting(t *testing.T) {
	type doc struct {
		Any  any  `json:"any,omitzero"`
		Tree tree `json:"tree,omitzero"`
		N    int  `json:"n,omitzero"`
	}
	nested := func(open, inner, closing string, depth int) string {
		return strings.Repeat(open, depth) + inner + strings.Repeat(closing, depth)
	}
	for name, body := range map[string]string{
		"any":     `{"any":` + nested("[", "", "]", 100_000) + `}`,
		"objects": `{"any":` + nested(`{"a":`, "1", "}", 100_000) + `}`,
		"unknown": `{"what":` + nested("[", "", "]", 100_000) + `}`,
		"wrong":   `{"n":` + nested("[", "", "]", 100_000) + `}`,
		"typed":   `{"tree":` + nested(`{"name":"","left":`, "null", "}", 100_000) + `}`,
		"open":    `{"any":` + strings.Repeat("[", 100_000),
	} {
		_, errs := decode[doc](t, body)
		if len(errs) == 0 || errs[len(errs)-1].Detail != "is nested deeper than 1000 levels" {
			t.Errorf("%s: got %.200v", name, errs)
		}
	}
	if _, errs := decode[doc](t, `{"any":`+nested("[", "", "]", maxDepth-1)+`}`); errs != nil {
		t.Errorf("nesting up to the limit: %.200v", errs)
	}
}

// TestErrorCap: a document with countless mistakes gets a bounded answer that says that there is more.
func TestErrorCap(t *testing.T) {
	type doc struct {
		N []int `json:"n"`
	}
	_, errs := decode[doc](t, `{"n":[`+strings.Repeat(`"x",`, 10_000)+`"x"]}`)
	if len(errs) != maxErrors+1 {
		t.Fatalf("got %d errors", len(errs))
	}
	if last := errs[maxErrors]; last.Pointer != "" || !strings.Contains(last.Detail, "only the first 64") {
		t.Errorf("the last error is %+v", last)
	}
}

// TestNumbers has each numeric rule at its limit, on digits that no float64 can hold.
func TestNumbers(t *testing.T) {
	type ints struct {
		I8  int8   `json:"i8,omitzero"`
		I64 int64  `json:"i64,omitzero"`
		U8  uint8  `json:"u8,omitzero"`
		U64 uint64 `json:"u64,omitzero"`
		Pos int    `json:"pos,omitzero" exclusiveMinimum:"0" multipleOf:"5"`
		Big int64  `json:"big,omitzero" minimum:"9007199254740993"`
	}
	type floats struct {
		F    float64     `json:"f,omitzero"`
		F32  float32     `json:"f32,omitzero"`
		Min  float64     `json:"min,omitzero" minimum:"0.1"`
		Cent float64     `json:"cent,omitzero" multipleOf:"0.01"`
		Any  json.Number `json:"any,omitzero" maximum:"1e300"`
	}
	for doc, want := range map[string]string{
		`{"i8":127}`: "", `{"i8":128}`: "must be at most 127", `{"i8":-128}`: "", `{"i8":-129}`: "must be at least -128",
		`{"i64":9223372036854775807}`: "", `{"i64":9223372036854775808}`: "must be at most 9223372036854775807",
		`{"i64":-9223372036854775808}`: "", `{"i64":-9223372036854775809}`: "must be at least -9223372036854775808",
		`{"u64":18446744073709551615}`: "", `{"u64":18446744073709551616}`: "must be at most 18446744073709551615",
		`{"u64":-1}`: "must be at least 0", `{"u64":-0}`: "", `{"u8":256}`: "must be at most 255",
		`{"i64":9007199254740993}`: "", `{"i64":1.0}`: "", `{"i64":1e2}`: "", `{"i64":0.5e1}`: "", `{"i64":0.5}`: "must be an integer, but has a fraction",
		`{"i64":9.223372036854775807e18}`: "", `{"i64":9.2233720368547758071e18}`: "must be an integer, but has a fraction",
		`{"i64":1e999999999999}`: "must be at most 9223372036854775807", `{"i64":1e-999999999999}`: "must be an integer, but has a fraction",
		`{"i64":0e999999999999}`: "", `{"i64":100000000000000000000e-19}`: "",
		`{"i64":"1"}`: "must be an integer, but is a string", `{"i64":true}`: "must be an integer, but is a boolean",
		`{"pos":5}`: "", `{"pos":0}`: "must be greater than 0", `{"pos":7}`: "must be a multiple of 5", `{"pos":1e18}`: "",
		`{"big":9007199254740992}`: "must be at least 9007199254740993", `{"big":9007199254740993}`: "",
	} {
		checkOne[ints](t, doc, want)
	}
	for doc, want := range map[string]string{
		`{"f":1e308}`: "", `{"f":1e400}`: "is out of the range of a 64-bit floating-point number", `{"f":-1e400}`: "is out of the range of a 64-bit floating-point number",
		`{"f":1e-400}`: "", `{"f32":3.4e38}`: "", `{"f32":3.5e38}`: "is out of the range of a 32-bit floating-point number",
		`{"min":0.1}`: "", `{"min":0.09999999999999999999999}`: "must be at least 0.1", `{"min":1e-1}`: "",
		`{"cent":0.29}`: "", `{"cent":0.295}`: "must be a multiple of 0.01", `{"cent":1e200}`: "", `{"cent":0}`: "", `{"cent":-12.30}`: "",
		`{"any":1e300}`: "", `{"any":1.00000000000000000001e300}`: "must be at most 1e300", `{"any":-1e99999999}`: "",
	} {
		checkOne[floats](t, doc, want)
	}
}

// checkOne fails unless decoding doc into T gives exactly the one detail want, or none if that is empty.
func checkOne[T any](t *testing.T, doc, want string) {
	t.Helper()
	_, errs := decode[T](t, doc)
	switch {
	case want == "" && errs != nil:
		t.Errorf("%s: %v, want it accepted", doc, errs)
	case want != "" && (len(errs) != 1 || errs[0].Detail != want):
		t.Errorf("%s: %v, want %q", doc, errs, want)
	}
}

// TestExactValues: what is accepted arrives to the last digit.
func TestExactValues(t *testing.T) {
	type doc struct {
		I   int64       `json:"i"`
		U   uint64      `json:"u"`
		N   json.Number `json:"n"`
		Any any         `json:"any"`
		F   float64     `json:"f"`
	}
	got, errs := decode[doc](t, `{"i":-9223372036854775808,"u":1844674407370955161.5e1,"n":0.10000000000000000000000001,"any":[9007199254740993,null,"x"],"f":-0.1}`)
	if errs != nil {
		t.Fatal(errs)
	}
	want := doc{math.MinInt64, math.MaxUint64, "0.10000000000000000000000001", []any{json.Number("9007199254740993"), nil, "x"}, -0.1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestConstraints has the wording of each constraint on strings, arrays and maps.
func TestConstraints(t *testing.T) {
	for doc, want := range map[string]FieldError{
		`{"short":"é"}`:      {Detail: "must be at least 2 characters long, but has 1", Expected: "at least 2 characters", Received: `"é"`},
		`{"short":"日本語日本"}`:  {Detail: "must be at most 4 characters long, but has 5", Expected: "at most 4 characters", Received: `"日本語日本"`},
		`{"pattern":"abd"}`:  {Detail: "must match the regular expression ^[a-c]+$", Expected: "text that matches ^[a-c]+$", Received: `"abd"`},
		`{"enum":"gren"}`:    {Detail: `must be one of red, green, blue; did you mean "green"?`, Expected: "one of red, green, blue", Received: `"gren"`},
		`{"reason":"theft"}`: {Detail: "must be one of sale, restock, damage", Expected: "one of sale, restock, damage", Received: `"theft"`},
		`{"some":"restock"}`: {Detail: "must be one of sale, damage", Expected: "one of sale, damage", Received: `"restock"`},
		`{"color":"blue"}`:   {Detail: "must be one of red, green", Expected: "one of red, green", Received: `"blue"`},
		`{"uuid":"x"}`:       {Detail: "must be a UUID, such as 123e4567-e89b-12d3-a456-426614174000", Expected: "uuid", Received: `"x"`},
		`{"raw":"a"}`:        {Detail: "must be base64 (RFC 4648, padded), such as aGVsbG8=", Expected: "base64", Received: `"a"`},
		`{"tags":[]}`:        {Detail: "must have at least 1 item, but has 0", Expected: "at least 1 item", Received: `[]`},
		`{"tags":["a", "a"]}`: {Detail: "items must be unique, but item 1 equals item 0", Expected: "unique items",
			Received: `["a", "a"]`},
		`{"null":"z"}`: {Detail: "must be one of x, y", Expected: "one of x, y", Received: `"z"`},
	} {
		_, errs := decode[strs](t, doc)
		want.Pointer = "/" + strings.Split(doc, `"`)[1]
		if len(errs) == 0 || errs[0] != want {
			t.Errorf("%s:\n got %+v\nwant %+v", doc, errs, want)
		}
	}
	for doc, want := range map[string]FieldError{
		`{"strings":{}}`:          {Pointer: "/strings", Detail: "must have at least 1 property, but has 0", Expected: "at least 1 property", Received: "{}"},
		`{"pair":[1]}`:            {Pointer: "/pair", Detail: "must have exactly 2 items, but has 1", Expected: "exactly 2 items", Received: "[1]"},
		`{"pair":[1,2,3]}`:        {Pointer: "/pair", Detail: "must have exactly 2 items, but has 3", Expected: "exactly 2 items", Received: "[1,2,3]"},
		`{"ints":{"128":""}}`:     {Pointer: "/ints/128", Detail: "property name must be a decimal integer of 8 bits", Expected: "integer as a property name", Received: `"128"`},
		`{"reasons":{"theft":1}}`: {Pointer: "/reasons/theft", Detail: "must be one of sale, restock, damage", Expected: "one of sale, restock, damage", Received: `"theft"`},
		`{"unique":[{"a":1,"b":2},{"b":2.0,"a":1e0}]}`: {Pointer: "/unique", Detail: "items must be unique, but item 1 equals item 0", Expected: "unique items",
			Received: `[{"a":1,"b":2},{"b":2.0,"a":1e0}]`},
	} {
		_, errs := decode[containers](t, doc)
		if len(errs) == 0 || errs[0] != want {
			t.Errorf("%s:\n got %+v\nwant %+v", doc, errs, want)
		}
	}
}

// TestMissing: what is missing comes after what is wrong, at the place where it should be.
func TestMissing(t *testing.T) {
	type doc struct {
		A string `json:"a"`
		B struct {
			C int     `json:"c"`
			D *string `json:"d"`
		} `json:"b"`
		E []string `json:"e"`
	}
	_, errs := decode[doc](t, `{"b":{},"z":1}`)
	want := []FieldError{
		{Pointer: "/b/c", Detail: "property is required", Expected: "integer"},
		{Pointer: "/z", Detail: "unknown property; leave it out", Expected: "one of a, b, e"},
		{Pointer: "/a", Detail: "property is required", Expected: "string"},
		{Pointer: "/e", Detail: "property is required", Expected: "array"},
	}
	if diff := cmp.Diff(want, errs); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestReceived: what came is quoted, cut to 64 characters, and never for writeOnly fields.
func TestReceived(t *testing.T) {
	type inner struct {
		PIN string `json:"pin" pattern:"^[0-9]+$" enum:"1234"`
	}
	type doc struct {
		N      int    `json:"n,omitzero"`
		Secret string `json:"secret,omitzero" writeOnly:"true" minLength:"10" enum:"correct horse"`
		Keys   inner  `json:"keys,omitzero" writeOnly:"true"`
	}
	_, errs := decode[doc](t, `{"n":"`+strings.Repeat("é", 100)+`"}`)
	if got := []rune(errs[0].Received); len(got) != maxReceived || got[maxReceived-1] != '…' {
		t.Errorf("received %q", errs[0].Received)
	}
	_, errs = decode[doc](t, `{"secret":"hunter2","keys":{"pin":"99x","pln":"98y"}}`)
	if len(errs) != 5 {
		t.Fatalf("got %+v", errs)
	}
	for _, e := range errs {
		if text, _ := json.Marshal(e); e.Received != "" || strings.Contains(string(text), "hunter2") || strings.Contains(string(text), "99x") {
			t.Errorf("a secret is told: %s", text)
		}
	}
}

// TestReadOnly: readOnly properties are not for callers to send; with AllowUnknown they are dropped as unknown ones are.
func TestReadOnly(t *testing.T) {
	const doc = `{"id":"x","secret":"12345678","note":""}`
	var v access
	errs := compile(t, reflect.TypeFor[access](), Options{}).Decode(t.Context(), []byte(doc), &v)
	if len(errs) != 1 || errs[0].Pointer != "/id" || errs[0].Detail != "is read-only; leave it out" {
		t.Errorf("got %+v", errs)
	}
	v = access{}
	errs = compile(t, reflect.TypeFor[access](), Options{AllowUnknown: true}).Decode(t.Context(), []byte(doc), &v)
	if want := (access{Secret: "12345678"}); errs != nil || v != want {
		t.Errorf("got %+v, %+v", v, errs)
	}
}

// TestAllowUnknown: unknown properties are dropped at all levels, and duplicates among them are found all the same.
func TestAllowUnknown(t *testing.T) {
	typ := compile(t, reflect.TypeFor[page[span]](), Options{AllowUnknown: true})
	var v page[span]
	if errs := typ.Decode(t.Context(), []byte(`{"items":[{"from":1,"to":2,"x":{}}],"y":1}`), &v); errs != nil || len(v.Items) != 1 {
		t.Errorf("got %+v %+v", v, errs)
	}
	errs := typ.Decode(t.Context(), []byte(`{"items":[],"y":1,"z":2,"y":1}`), &v)
	if len(errs) != 1 || errs[0].Pointer != "/y" {
		t.Errorf("got %+v", errs)
	}
	if strings.Contains(string(typ.Input()), "additionalProperties") || string(typ.Ref()) != `{"$ref":"#/components/schemas/PageSpanOpen"}` {
		t.Errorf("got %s, %s", typ.Input(), typ.Ref())
	}
}

// TestPointerLength: names as long as the document do not make an answer many times as long.
func TestPointerLength(t *testing.T) {
	type doc struct {
		Any any `json:"any"`
	}
	long := strings.Repeat("é", 10_000)
	_, errs := decode[doc](t, `{"any":{"`+long+`":[`+strings.Repeat(`{"a":1,"a":2},`, 10)+`1]}}`)
	if want := "/any/" + long[:maxToken] + "…/0/a"; len(errs) != 10 || errs[0].Pointer != want {
		t.Errorf("got %.1000v", errs)
	}
	body := strings.Repeat(`{"`+strings.Repeat("x", 200)+`":`, 500) + `{"a":1,"a":2}` + strings.Repeat("}", 500)
	_, errs = decode[doc](t, `{"any":`+body+`}`)
	if len(errs) != 1 || len(errs[0].Pointer) > maxPointer+maxToken+8 || !strings.HasSuffix(errs[0].Pointer, "/…") {
		t.Errorf("got %.1000v", errs)
	}
}

// foreignCounts has a schema of its own making, whose validator reports names as long as they come.
type foreignCounts map[string]map[string]int

func (foreignCounts) JSONSchema() json.RawMessage {
	return json.RawMessage(`{"type":"object","additionalProperties":{"type":"object","additionalProperties":{"type":"integer","enum":[1]}}}`)
}

// TestForeignLength: what a type's own schema refuses is told as shortly as everything else.
func TestForeignLength(t *testing.T) {
	type doc struct {
		Counts foreignCounts `json:"counts"`
	}
	long := strings.Repeat("x", 10_000)
	_, errs := decode[doc](t, `{"counts":{"`+long+`":{"a":"`+long+`","b":"`+long+`"}}}`)
	if len(errs) == 0 {
		t.Fatal("nothing is refused")
	}
	for _, e := range errs {
		if len(e.Pointer) > 2*maxToken || len(e.Detail) > 2*maxToken {
			t.Errorf("pointer of %d bytes, detail of %d", len(e.Pointer), len(e.Detail))
		}
	}
}
