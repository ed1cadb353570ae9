package schema

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestAppend has the rules of writing.
func TestAppend(t *testing.T) {
	type inner struct {
		A int `json:"a"`
	}
	type omits struct {
		Zero      int            `json:"zero,omitzero"`
		Empty     string         `json:"empty,omitempty"`
		EmptyList []int          `json:"empty_list,omitempty"`
		EmptyMap  map[string]int `json:"empty_map,omitempty"`
		EmptyPtr  *string        `json:"empty_ptr,omitempty"`
		EmptyAny  any            `json:"empty_any,omitempty"`
		When      time.Time      `json:"when,omitzero"`
		WhenPtr   *time.Time     `json:"when_ptr,omitzero"`
		EmptyIn   struct {
			B int `json:"b,omitzero"`
		} `json:"empty_in,omitempty"`
		Number int `json:"number,omitempty"` // 0 is not empty
	}
	for _, c := range []struct {
		name  string
		value any
		want  string
	}{
		{"nil slice and map", struct {
			S []int          `json:"s"`
			M map[string]int `json:"m"`
			B []byte         `json:"b"`
		}{}, `{"s":[],"m":{},"b":""}`},
		{"nil pointer", struct {
			P *int `json:"p"`
			Q *int `json:"q" nullable:"false"`
		}{}, `{"p":null}`},
		{"omitted", omits{EmptyPtr: new(""), WhenPtr: new(time.Time)}, `{"number":0}`},
		{"not omitted", omits{Zero: 1, Empty: "x", EmptyList: []int{0}, EmptyPtr: new("y"), Number: 1},
			`{"zero":1,"empty":"x","empty_list":[0],"empty_ptr":"y","number":1}`},
		{"strings", "<a>&\"\\\b\f\n\r\t\x00\x1f\u2028é😀", `"<a>&\"\\\b\f\n\r\t\u0000\u001f` + "\u2028é😀\""},
		{"invalid UTF-8", "a\xffb\xe2\x82", "\"a\uFFFDb\uFFFD\uFFFD\""},
		{"floats", []float64{0, 1, -0.1, 1e20, 1e21, 1e-6, 1e-7, math.MaxFloat64, math.SmallestNonzeroFloat64},
			"[0,1,-0.1,100000000000000000000,1e+21,0.000001,1e-07,1.7976931348623157e+308,5e-324]"},
		{"float32", []float32{0.1, 3.4e38}, "[0.1,3.4e+38]"},
		{"integers", []any{int64(math.MinInt64), uint64(math.MaxUint64), int8(-1)}, "[-9223372036854775808,18446744073709551615,-1]"},
		{"sorted maps", map[string]int{"b": 1, "a": 2, "é": 3, "": 4}, `{"":4,"a":2,"b":1,"é":3}`},
		{"integer keys", map[int8]bool{-1: true, 10: false, 9: true}, `{"-1":true,"10":false,"9":true}`},
		{"text keys", map[uuid]int{{1}: 1}, `{"01000000-0000-0000-0000-000000000000":1}`},
		{"any", map[string]any{"n": nil, "s": "x", "i": inner{1}, "p": &inner{2}, "l": []any{true, json.Number("1.50")}, "nil": (*inner)(nil), "t": time.Second},
			`{"i":{"a":1},"l":[true,1.50],"n":null,"nil":null,"p":{"a":2},"s":"x","t":"1s"}`},
		{"raw", []json.RawMessage{nil, json.RawMessage(` { "a" : [ 1 , 2 ] } `)}, `[null,{"a":[1,2]}]`},
		{"array", [2]bool{true}, "[true,false]"},
		{"bytes", []byte("hello"), `"aGVsbG8="`},
		{"duration", 90 * time.Second, `"1m30s"`},
		{"number", json.Number(""), "0"},
		{"union", payment{Later: &struct{}{}}, `{"type":"later"}`},
		{"union with members", payment{Card: &cardPayment{Number: "1"}}, `{"type":"card","number":"1","cvc":null}`},
		{"text by a pointer's method", struct{ C color }{color{'r'}}, `{"C":"red"}`},
		{"enum", []reason{sale, "unlisted"}, `["sale","unlisted"]`},
		{"write-only", access{ID: "x", Secret: "s"}, `{"id":"x","note":""}`},
	} {
		typ := compile(t, reflect.TypeOf(c.value), Options{})
		got, err := typ.Append([]byte("> "), c.value)
		if err != nil || string(got) != "> "+c.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", c.name, got, err, c.want)
		}
	}
}

// TestAppendPointer: a value and a pointer to it are written alike, and what is neither is refused.
func TestAppendPointer(t *testing.T) {
	typ := compile(t, reflect.TypeFor[audit](), Options{})
	a, err := typ.Append(nil, audit{By: "x"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := typ.Append(nil, &audit{By: "x"})
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("got %s and %s, %v", a, b, err)
	}
	for _, v := range []any{nil, (*audit)(nil), span{}, 1} {
		if got, err := typ.Append(nil, v); err == nil {
			t.Errorf("%T is written as %s", v, got)
		}
	}
	if got, err := compile(t, reflect.TypeFor[*audit](), Options{}).Append(nil, (*audit)(nil)); err == nil {
		t.Errorf("a nil result is written as %s", got)
	}
}

// TestAppendErrors: what has no JSON is an error that says where.
func TestAppendErrors(t *testing.T) {
	deep := &tree{}
	for range maxDepth + 1 {
		deep = &tree{Left: deep}
	}
	loop := &tree{}
	loop.Left = loop
	var itself any
	itself = &itself
	type pointer *pointer
	var circle pointer
	circle = &circle
	for _, c := range []struct {
		value any
		want  string
	}{
		{struct {
			L []map[string]float64 `json:"l"`
		}{[]map[string]float64{{}, {"x/y": math.NaN()}}}, "/l/1/x~1y: NaN is not a JSON number"},
		{math.Inf(-1), "-Inf is not a JSON number"},
		{payment{}, "union has none of its variants set (one of card, bank_transfer, later)"},
		{payment{Card: &cardPayment{}, Later: &struct{}{}}, `union has both "card" and "later" set`},
		{[]*audit{{}, nil}, "/1: is a nil pointer"},
		{json.Number("1x"), `json.Number "1x" is not a JSON number`},
		{json.RawMessage("{"), "not valid JSON"},
		{json.RawMessage(`{"a":1,"a":2}`), "not valid JSON"},
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "year"},
		{color{'x'}, "no color 120"},
		{map[string]int{"a\xff": 1, "a\xfe": 2}, "two keys are both written as"},
		{map[string]any{"x": make(chan int)}, "/x: schema of chan int: type chan int has no JSON Schema"},
		{*deep, "nested deeper than 1000 levels"},
		{*loop, "nested deeper than 1000 levels"},
		{[]any{itself}, "/0: is a pointer that leads to nothing but itself"},
		{[]any{circle}, "/0: is a pointer that leads to nothing but itself"},
	} {
		_, err := compile(t, reflect.TypeOf(c.value), Options{}).Append(nil, c.value)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%T: %.300v, want %q", c.value, err, c.want)
		}
	}
}

// TestDynamicTypes: types that turn up behind interfaces do not become components.
func TestDynamicTypes(t *testing.T) {
	r := NewRegistry()
	typ, err := r.Compile(reflect.TypeFor[map[string]any](), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := typ.Append(nil, map[string]any{"a": audit{}}); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Component("Audit"); ok {
		t.Error("a component that no document refers to")
	}
}

// checkRoundTrip fails unless what a valid document is read as is written so that the output schema accepts it and that reading
// it again gives the same.
func checkRoundTrip(t *testing.T, typ *Type, judge *jsonschema.Schema, doc []byte) {
	t.Helper()
	first, second := reflect.New(typ.root.typ), reflect.New(typ.root.typ)
	if errs := typ.Decode(t.Context(), doc, first.Interface()); errs != nil {
		return
	}
	out, err := typ.Append(nil, first.Interface())
	if err != nil {
		t.Fatalf("%s: %v\ndocument: %s", typ.root.typ, err, doc)
	}
	checkOutput(t, typ, judge, out)
	if typ.root.typ == reflect.TypeFor[access]() {
		return // what it writes is not what it reads
	}
	if errs := typ.Decode(t.Context(), out, second.Interface()); errs != nil {
		t.Fatalf("%s: what was written is not read: %v\ndocument: %s\n written: %s", typ.root.typ, errs, doc, out)
	}
	again, err := typ.Append(nil, second.Interface())
	if err != nil || !bytes.Equal(out, again) {
		t.Fatalf("%s: %v\ndocument: %s\n written: %s\n   again: %s", typ.root.typ, err, doc, out, again)
	}
}

func checkOutput(t *testing.T, typ *Type, judge *jsonschema.Schema, out []byte) {
	t.Helper()
	if !comparable(out) {
		if !bytes.Contains(out, []byte("e-")) && !bytes.Contains(out, []byte("e+")) { // numbers beyond what the oracle can hold
			t.Fatalf("%s: written is %s", typ.root.typ, out)
		}
		return
	}
	instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if err := judge.Validate(instance); err != nil {
		t.Fatalf("%s: the output schema refuses what was written: %v\nwritten: %s\nschema: %s", typ.root.typ, err, out, typ.Output())
	}
}

// TestRoundTrip makes the round trip with generated documents.
func TestRoundTrip(t *testing.T) {
	for _, typ := range corpus() {
		compiled := compile(t, typ, Options{})
		judge := oracle(t, compiled.Output())
		for seed := range uint64(200) {
			checkRoundTrip(t, compiled, judge, document(compiled, seed))
		}
	}
}

// TestAnyOutput writes random Go values, however senseless: their JSON satisfies the output schema, but for enums and formats, which
// are not enforced.
func TestAnyOutput(t *testing.T) {
	for _, typ := range corpus() {
		compiled := compile(t, typ, Options{})
		judge := oracle(t, without(t, compiled.Output(), "enum", "format"))
		written := 0
		for seed := range uint64(300) {
			v := reflect.New(typ).Elem()
			fill(rand.New(rand.NewPCG(seed, 7)), v, 0)
			out, err := compiled.Append(nil, v.Addr().Interface())
			if err != nil {
				continue // a value without JSON, such as NaN or an empty union
			}
			written++
			checkOutput(t, compiled, judge, out)
		}
		if written < 10 {
			t.Errorf("%s: only %d values were written", typ, written)
		}
	}
}

// without removes keywords from a schema.
func without(t *testing.T, schema []byte, keywords ...string) []byte {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(schema))
	dec.UseNumber()
	var doc any
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	var strip func(v any)
	strip = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range keywords {
				if _, schema := v[k].(map[string]any); !schema { // else it is a property of that name
					delete(v, k)
				}
			}
			for _, child := range v {
				strip(child)
			}
		case []any:
			for _, child := range v {
				strip(child)
			}
		}
	}
	strip(doc)
	out, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fill sets v to a random value.
func fill(rnd *rand.Rand, v reflect.Value, depth int) {
	if fillStandard(rnd, v) {
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		fillStruct(rnd, v, depth)
	case reflect.Pointer:
		if rnd.IntN(3) > 0 && depth < 5 {
			v.Set(reflect.New(v.Type().Elem()))
			fill(rnd, v.Elem(), depth+1)
		}
	case reflect.Slice:
		if n := rnd.IntN(4); n > 0 && depth < 5 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			fillItems(rnd, v, depth)
		}
	case reflect.Array:
		fillItems(rnd, v, depth)
	case reflect.Map:
		fillMap(rnd, v, depth)
	case reflect.String:
		v.SetString([]string{"", "a", "sale", "\xff", "é", "x\x00"}[rnd.IntN(6)])
	case reflect.Bool:
		v.SetBool(rnd.IntN(2) == 0)
	case reflect.Float32, reflect.Float64:
		v.SetFloat([]float64{0, 1.5, -1e30, rnd.NormFloat64()}[rnd.IntN(4)])
	default:
		fillInteger(rnd, v)
	}
}

func fillInteger(rnd *rand.Rand, v reflect.Value) {
	switch {
	case v.CanInt():
		v.SetInt([]int64{0, -1, math.MaxInt64, math.MinInt64}[rnd.IntN(4)] >> (64 - v.Type().Bits()))
	case v.CanUint():
		v.SetUint([]uint64{0, math.MaxUint64, 5}[rnd.IntN(3)] >> (64 - v.Type().Bits()))
	}
}

// fillStruct sets the exported fields; of a union, mostly one.
func fillStruct(rnd *rand.Rand, v reflect.Value, depth int) {
	if _, union := v.Interface().(discriminating); union && rnd.IntN(20) > 0 {
		f := v.Field(rnd.IntN(v.NumField()))
		f.Set(reflect.New(f.Type().Elem()))
		fill(rnd, f.Elem(), depth+1)
		return
	}
	for i := range v.NumField() {
		if v.Field(i).CanSet() {
			fill(rnd, v.Field(i), depth+1)
		}
	}
}

func fillItems(rnd *rand.Rand, v reflect.Value, depth int) {
	for i := range v.Len() {
		fill(rnd, v.Index(i), depth+1)
	}
}

func fillMap(rnd *rand.Rand, v reflect.Value, depth int) {
	if depth > 4 || rnd.IntN(4) == 0 {
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for range rnd.IntN(3) {
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(rnd, key, depth+1)
		fill(rnd, value, depth+1)
		v.SetMapIndex(key, value)
	}
}

// fillStandard sets types that are more than their fields.
func fillStandard(rnd *rand.Rand, v reflect.Value) bool {
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		*p = time.Unix(rnd.Int64N(1e11), rnd.Int64N(1e9)).In(time.FixedZone("", rnd.IntN(1440)*60-720*60))
	case *url.URL:
		*p = url.URL{Scheme: "https", Host: "example.com", Path: "/é"}
	case *netip.Addr:
		*p = netip.IPv6Loopback()
	case *netip.AddrPort:
		*p = netip.MustParseAddrPort("[::1]:1")
	case *netip.Prefix:
		*p = netip.MustParsePrefix("::/7")
	case *json.RawMessage:
		*p = []json.RawMessage{nil, json.RawMessage(`{"a":[1, 2]}`)}[rnd.IntN(2)]
	case *json.Number:
		*p = "12.50"
	case *color:
		p.code = 'r'
	case *point:
		p.X = rnd.IntN(1000) // a schema by a method is its type's own affair
	case *any:
		*p = []any{nil, 1, "x", 1.5, []any{true}, map[string]any{"a": audit{}}, json.Number("1")}[rnd.IntN(7)]
	default:
		return false
	}
	return true
}

// FuzzDecode feeds anything to Decode. It must not crash, must locate what it reports within the document, and must never take what
// is no JSON.
func FuzzDecode(f *testing.F) {
	var all []*Type
	for _, typ := range corpus() {
		all = append(all, compile(f, typ, Options{}), compile(f, typ, Options{AllowUnknown: true}))
	}
	for i, typ := range all {
		for seed := range uint64(5) {
			doc := document(typ, seed)
			f.Add(uint8(i), doc)
			f.Add(uint8(i), doc[:len(doc)/2])
			f.Add(uint8(i), bytes.ReplaceAll(doc, []byte("a"), []byte(`\ud800`)))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, doc []byte) {
		typ := all[int(which)%len(all)]
		kept := bytes.Clone(doc)
		errs := typ.Decode(context.Background(), doc, reflect.New(typ.root.typ).Interface())
		if !bytes.Equal(kept, doc) {
			t.Fatal("Decode has written to its input")
		}
		if len(errs) == 0 && !json.Valid(doc) {
			t.Fatalf("%s: accepted what is no JSON: %q", typ.root.typ, doc)
		}
		if len(errs) > maxErrors+1 {
			t.Fatalf("%d errors", len(errs))
		}
		for _, e := range errs {
			if _, err := json.Marshal(e); err != nil || e.Detail == "" || len([]rune(e.Received)) > maxReceived || !utf8.ValidString(e.Pointer+e.Received) {
				t.Fatalf("an ill-formed error: %+v", e)
			}
		}
	})
}

// FuzzRoundTrip makes the round trip with generated documents.
func FuzzRoundTrip(f *testing.F) {
	var all []judged
	for i, typ := range corpus() {
		compiled := compile(f, typ, Options{})
		all = append(all, judged{compiled, oracle(f, compiled.Output())})
		f.Add(uint8(i), uint64(i))
	}
	f.Fuzz(func(t *testing.T, which uint8, seed uint64) {
		j := all[int(which)%len(all)]
		checkRoundTrip(t, j.typ, j.judge, document(j.typ, seed))
	})
}
