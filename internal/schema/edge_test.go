package schema

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// even marshals itself as text and takes even numbers of letters only.
type even string

func (e even) MarshalText() ([]byte, error) { return []byte(e), nil }

func (e *even) UnmarshalText(text []byte) error {
	if len(text)%2 != 0 {
		return fmt.Errorf("%q is odd", text)
	}
	*e = even(text)
	return nil
}

// either has a schema with alternatives, and no JSON of its own making.
type either struct {
	A int    `json:"a,omitempty"`
	B string `json:"b,omitempty"`
}

func (*either) JSONSchema() json.RawMessage {
	return json.RawMessage(`{"type":"object","anyOf":[{"required":["a"]},{"required":["b"]}],"properties":{"a":{"type":"integer"},"b":{"type":"string","pattern":"^\\S+$"}},"deprecated":true}`)
}

// picky has a schema that says less than its UnmarshalText.
type picky struct{ even }

func (picky) JSONSchema() json.RawMessage { return json.RawMessage(`{"type":"string"}`) }

// TestOwnRefusal: what a type refuses beyond its schema is reported with the type's own words, except for secrets.
func TestOwnRefusal(t *testing.T) {
	type doc struct {
		E even   `json:"e,omitzero"`
		S even   `json:"s,omitzero" writeOnly:"true"`
		P picky  `json:"p,omitzero"`
		X either `json:"x,omitzero"`
		Y either `json:"y,omitzero" writeOnly:"true"`
		Q picky  `json:"q,omitzero" writeOnly:"true"`
	}
	_, errs := decode[doc](t, `{"e":"abc","s":"abc","p":"abc","x":{},"y":{"a":"s3cret"},"q":"abc"}`)
	want := []FieldError{
		{"/e", `is not a valid even: "abc" is odd`, "even", `"abc"`},
		{"/s", "is not a valid even", "even", ""},
		{"/p", `is not a valid picky: "abc" is odd`, "picky", `"abc"`},
		{"/x", "does not satisfy its schema: 'anyOf' failed", "what the type's own schema says", ""},
		{"/y", "does not satisfy its schema", "", ""},
		{"/q", "is not a valid picky", "picky", ""},
	}
	if diff := cmp.Diff(want, errs); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	got, errs := decode[doc](t, `{"e":"ab","p":"\u0061b","x":{"a":1}}`)
	if errs != nil || got.E != "ab" || got.P.even != "ab" || got.X.A != 1 {
		t.Errorf("got %+v, %v", got, errs)
	}
	if got, want := property[struct {
		V *either `json:"v" doc:"D" deprecated:"true"`
	}](t), `{"description":"D","anyOf":[{"type":"object","anyOf":[{"required":["a"]},{"required":["b"]}],"properties":{"a":{"type":"integer"},`+
		`"b":{"type":"string","pattern":"^\\S+$"}},"deprecated":true},{"type":"null"}],"deprecated":true}`; got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
}

// TestEscapes: every escape sequence of JSON is read.
func TestEscapes(t *testing.T) {
	got, errs := decode[string](t, `"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000"`)
	if want := "\"\\/\b\f\n\r\té😀\x00"; errs != nil || got != want {
		t.Errorf("got %q, %v", got, errs)
	}
}

// TestManyProperties: structs and objects of any size work.
func TestManyProperties(t *testing.T) {
	var fields []reflect.StructField
	var doc strings.Builder
	for i := range 300 {
		fields = append(fields, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: reflect.TypeFor[int]()})
		fmt.Fprintf(&doc, `"F%d":%d,`, i, i)
	}
	typ := reflect.StructOf(fields)
	compiled := compile(t, typ, Options{})
	v := reflect.New(typ)
	full := "{" + strings.TrimSuffix(doc.String(), ",") + "}"
	if errs := compiled.Decode(t.Context(), []byte(full), v.Interface()); errs != nil || v.Elem().Field(299).Int() != 299 {
		t.Fatalf("got %v", errs)
	}
	if out, err := compiled.Append(nil, v.Interface()); err != nil || string(out) != full {
		t.Errorf("got %s, %v", out, err)
	}
	errs := compiled.Decode(t.Context(), []byte("{"+doc.String()+`"F299":1,"F1":1,"F300":1}`), v.Interface())
	if len(errs) != 3 || errs[0].Pointer != "/F299" || errs[1].Pointer != "/F1" || errs[2].Detail != `unknown property; did you mean "F30"?` {
		t.Errorf("got %+v", errs)
	}
	got := refusals[map[string]int](t, "{"+doc.String()+`"F150":1,"F300":1,"F0":1}`)
	if diff := cmp.Diff([]string{"/F150: property is given more than once", "/F0: property is given more than once"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestErrorChains: field errors are found wherever they are in a chain or tree of errors.
func TestErrorChains(t *testing.T) {
	one, two := invalid{{Pointer: "/a", Detail: "one"}}, invalid{{Pointer: "/b", Detail: "two"}}
	plain := errors.New("plain")
	for name, c := range map[string]struct {
		err  error
		want []FieldError
	}{
		"direct":           {one, one},
		"wrapped twice":    {fmt.Errorf("x: %w", fmt.Errorf("y: %w", one)), one},
		"joined":           {errors.Join(one, two), []FieldError{one[0], two[0]}},
		"wrapped join":     {fmt.Errorf("x: %w", errors.Join(one, plain)), []FieldError{one[0], {Detail: "plain"}}},
		"wrapped with two": {fmt.Errorf("%w and %w", one, two), []FieldError{one[0], two[0]}},
		"wrapped plain":    {fmt.Errorf("x: %w", plain), []FieldError{{Detail: "x: plain"}}},
	} {
		if diff := cmp.Diff(c.want, flatten(c.err)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// TestManyRefusalsByValidate: what Validate says counts towards the limit of reported errors.
func TestManyRefusalsByValidate(t *testing.T) {
	_, errs := decode[[]span](t, "["+strings.Repeat(`{"from":2,"to":1},`, 100)+`{"from":1,"to":1}]`)
	if len(errs) != maxErrors+1 || errs[63].Pointer != "/63/to" {
		t.Errorf("got %d errors", len(errs))
	}
}

// TestCollidingNames: types of one name get distinct component names, by their packages or else by number.
func TestCollidingNames(t *testing.T) {
	local := func() reflect.Type {
		type Stamp struct{ A int }
		return reflect.TypeFor[Stamp]()
	}
	another := func() reflect.Type {
		type Stamp struct{ B int }
		return reflect.TypeFor[Stamp]()
	}
	r := NewRegistry()
	seen := map[string]bool{}
	for _, typ := range []reflect.Type{reflect.TypeFor[Stamp](), local(), another()} {
		for _, open := range []bool{false, true} {
			compiled, err := r.Compile(typ, Options{AllowUnknown: open})
			if err != nil {
				t.Fatal(err)
			}
			if seen[string(compiled.Ref())] {
				t.Errorf("%s is taken twice", compiled.Ref())
			}
			seen[string(compiled.Ref())] = true
		}
	}
	if r.taken("ReasonOpen") {
		t.Error("an enum does not depend on unknown properties")
	}
}

// TestDecodePanics: a wrong target is a mistake of the program, not of the caller.
func TestDecodePanics(t *testing.T) {
	typ := compile(t, reflect.TypeFor[audit](), Options{})
	for _, into := range []any{nil, audit{}, (*audit)(nil), &span{}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T is accepted", into)
				}
			}()
			typ.Decode(context.Background(), []byte("{}"), into)
		}()
	}
}

// TestSuggestions: a suggestion is made for slips, not for other words.
func TestSuggestions(t *testing.T) {
	names := []string{"warehouse_id", "sku", "include_variants", "id"}
	for text, want := range map[string]string{
		"warehouseId": "warehouse_id", "SKU": "sku", "sk": "sku", "skus": "sku", "ksu": "sku", "includeVariants": "include_variants", "quantity": "", "x": "", "": "",
		strings.Repeat("sku", 100): "",
	} {
		if got := nearest(text, names); got != want {
			t.Errorf("%q: %q", text, got)
		}
	}
}
