package schema

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// input returns the input schema of T.
func inputOf[T any](t *testing.T) string {
	t.Helper()
	return string(compile(t, reflect.TypeFor[T](), Options{}).Input())
}

// property returns the schema of the property "v" of T in the input dialect.
func property[T any](t *testing.T) string {
	t.Helper()
	var doc struct {
		Properties struct{ V json.RawMessage } `json:"properties"`
	}
	if err := json.Unmarshal([]byte(inputOf[T](t)), &doc); err != nil {
		t.Fatal(err)
	}
	return string(doc.Properties.V)
}

// TestPropertySchemas has the schema of each kind of type and tag.
func TestPropertySchemas(t *testing.T) {
	const int64s = `"format":"int64","minimum":-9223372036854775808,"maximum":9223372036854775807`
	for _, c := range []struct{ name, got, want string }{
		{"string", property[struct {
			V string `json:"v" title:"T" doc:"D" minLength:"1" maxLength:"9" pattern:"^a" format:"email" default:"a@b" example:"a@c" deprecated:"true"`
		}](t), `{"title":"T","description":"D","type":"string","format":"email","minLength":1,"maxLength":9,"pattern":"^a","default":"a@b","examples":["a@c"],"deprecated":true}`},
		{"bool", property[struct {
			V bool `json:"v" default:"true"`
		}](t), `{"type":"boolean","default":true}`},
		{"int", property[struct {
			V int `json:"v"`
		}](t), `{"type":"integer",` + int64s + `}`},
		{"int8", property[struct {
			V int8 `json:"v"`
		}](t), `{"type":"integer","minimum":-128,"maximum":127}`},
		{"int32", property[struct {
			V int32 `json:"v" minimum:"1"`
		}](t), `{"type":"integer","format":"int32","minimum":1,"maximum":2147483647}`},
		{"uint64", property[struct {
			V uint64 `json:"v" maximum:"1e3" multipleOf:"5"`
		}](t), `{"type":"integer","minimum":0,"maximum":1e3,"multipleOf":5}`},
		{"exclusive", property[struct {
			V int `json:"v" exclusiveMinimum:"0" exclusiveMaximum:"10"`
		}](t), `{"type":"integer","format":"int64","exclusiveMinimum":0,"exclusiveMaximum":10}`},
		{"float64", property[struct {
			V float64 `json:"v" minimum:"0.5" enum:"1,2.5"`
		}](t), `{"type":"number","format":"double","enum":[1,2.5],"minimum":0.5}`},
		{"float32", property[struct {
			V float32 `json:"v"`
		}](t), `{"type":"number","format":"float"}`},
		{"number", property[struct {
			V json.Number `json:"v"`
		}](t), `{"type":"number"}`},
		{"enum", property[struct {
			V string `json:"v" enum:"a, b ,\"c"`
		}](t), `{"type":"string","enum":["a","b","\"c"]}`},
		{"enum as an array", property[struct {
			V string `json:"v" enum:"[\"a,b\",\"c\"]"`
		}](t), `{"type":"string","enum":["a,b","c"]}`},
		{"nullable pointer", property[struct {
			V *string `json:"v" enum:"a,b"`
		}](t), `{"type":["string","null"],"enum":["a","b",null]}`},
		{"optional pointer", property[struct {
			V *string `json:"v,omitempty"`
		}](t), `{"type":"string"}`},
		{"optional pointer that may be null", property[struct {
			V *string `json:"v,omitempty" nullable:"true"`
		}](t), `{"type":["string","null"]}`},
		{"nullable struct", property[struct {
			V *left `json:"v"`
		}](t), `{"type":["object","null"],"properties":{"X":{"type":"integer",` + int64s + `}},"required":["X"],"additionalProperties":false}`},
		{"time", property[struct {
			V time.Time `json:"v"`
		}](t), `{"type":"string","format":"date-time"}`},
		{"bytes", property[struct {
			V []byte `json:"v"`
		}](t), `{"type":"string","contentEncoding":"base64"}`},
		{"slice with rules for its items", property[struct {
			V []string `json:"v" minItems:"1" uniqueItems:"true" minLength:"2" enum:"aa,bb" doc:"D" example:"[\"aa\"]"`
		}](t), `{"description":"D","type":"array","items":{"type":"string","enum":["aa","bb"],"minLength":2},"minItems":1,"uniqueItems":true,"examples":[["aa"]]}`},
		{"slice of slices", property[struct {
			V [][]uint8 `json:"v" maxItems:"2" maxLength:"8"`
		}](t), `{"type":"array","items":{"type":"string","contentEncoding":"base64","maxLength":8},"maxItems":2}`},
		{"array", property[struct {
			V [3]bool `json:"v"`
		}](t), `{"type":"array","items":{"type":"boolean"},"minItems":3,"maxItems":3}`},
		{"map", property[struct {
			V map[string]bool `json:"v" minProperties:"1" maxProperties:"2"`
		}](t), `{"type":"object","additionalProperties":{"type":"boolean"},"minProperties":1,"maxProperties":2}`},
		{"map by enum", property[struct {
			V map[reason]bool `json:"v"`
		}](t), `{"type":"object","propertyNames":{"type":"string","enum":["sale","restock","damage"]},"additionalProperties":{"type":"boolean"}}`},
		{"map by integer", property[struct {
			V map[uint8]bool `json:"v"`
		}](t), `{"type":"object","propertyNames":{"pattern":"^(0|[1-9][0-9]{0,1}|[1-1][0-9]{2}|2[0-4][0-9]{1}|25[0-4]|255)$"},"additionalProperties":{"type":"boolean"}}`},
		{"any", property[struct {
			V any `json:"v" doc:"D" example:"[1]"`
		}](t), `{"description":"D","examples":[[1]]}`},
		{"enum type", property[struct {
			V reason `json:"v" doc:"D" default:"sale"`
		}](t), `{"description":"D","type":"string","enum":["sale","restock","damage"],"default":"sale"}`},
		{"nullable enum type", property[struct {
			V *reason `json:"v"`
		}](t), `{"type":["string","null"],"enum":["sale","restock","damage",null]}`},
		{"narrowed enum type", property[struct {
			V reason `json:"v" enum:"sale"`
		}](t), `{"type":"string","enum":["sale"]}`},
		{"enum of numbers", property[struct {
			V level `json:"v"`
		}](t), `{"type":"integer","format":"int64","enum":[1,5,10],"minimum":-9223372036854775808,"maximum":9223372036854775807}`},
		{"schema by a method", property[struct {
			V point `json:"v" doc:"D" example:"[1,2]"`
		}](t), `{"description":"D","type":"array","prefixItems":[{"type":"integer","minimum":-1000,"maximum":1000},` +
			`{"type":"integer","minimum":-1000,"maximum":1000}],"items":false,"minItems":2,"examples":[[1,2]]}`},
		{"duration", property[struct {
			V time.Duration `json:"v" default:"1m30s"`
		}](t), `{"description":"Duration as a sequence of numbers with units (h, m, s, ms, us, ns), such as 1m30s","type":"string","format":"go-duration",` +
			`"pattern":"^[-+]?(0|(([0-9]+([.][0-9]*)?|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$","default":"1m30s"}`},
		{"uuid", property[struct {
			V uuid `json:"v"`
		}](t), `{"type":"string","format":"uuid"}`},
		{"union", property[struct {
			V *struct {
				U shapeUnion `json:"u"`
			} `json:"v,omitempty"`
		}](t), `{"type":"object","properties":{"u":{"type":"object","oneOf":[` +
			`{"description":"A circle","type":"object","properties":{"kind":{"type":"string","const":"circle"},"r":{"type":"number","format":"double"}},"required":["kind","r"],"additionalProperties":false},` +
			`{"type":"object","properties":{"kind":{"type":"string","const":"dot"}},"required":["kind"],"additionalProperties":false}]}},"required":["u"],"additionalProperties":false}`},
	} {
		if c.got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, c.got, c.want)
		}
	}
}

type circle struct {
	R float64 `json:"r"`
}

type shapeUnion struct {
	Circle *circle   `json:"circle" doc:"A circle"`
	Dot    *struct{} `json:"dot"`
}

func (shapeUnion) Discriminator() string { return "kind" }

// TestRequired: what decides whether a property must come, and whether it always goes out.
func TestRequired(t *testing.T) {
	type doc struct {
		Plain     int  `json:"plain"`
		OmitZero  int  `json:"omit_zero,omitzero"`
		OmitEmpty int  `json:"omit_empty,omitempty"`
		Pointer   *int `json:"pointer"`
		Default   int  `json:"default" default:"1"`
		Forced    *int `json:"forced" required:"true"`
		Optional  int  `json:"optional" required:"false"`
		NoNull    *int `json:"no_null" nullable:"false"`
		Untagged  int
	}
	typ := compile(t, reflect.TypeFor[doc](), Options{})
	for name, c := range map[string]struct {
		schema []byte
		want   []string
	}{
		"input":  {typ.Input(), []string{"plain", "forced", "Untagged"}},
		"output": {typ.Output(), []string{"plain", "pointer", "default", "forced", "Untagged"}},
	} {
		var got struct{ Required []string }
		if err := json.Unmarshal(c.schema, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got.Required); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// TestDirections: readOnly properties are not in the input, writeOnly ones not in the output, and both are in the component.
func TestDirections(t *testing.T) {
	r := NewRegistry()
	typ, err := r.Compile(reflect.TypeFor[access](), Options{})
	if err != nil {
		t.Fatal(err)
	}
	component, _ := r.Component("Access")
	for _, c := range []struct {
		name       string
		schema     []byte
		id, secret bool
	}{{"input", typ.Input(), false, true}, {"output", typ.Output(), true, false}, {"component", component, true, true}} {
		if got := strings.Contains(string(c.schema), `"id"`); got != c.id {
			t.Errorf("%s: has id is %v", c.name, got)
		}
		if got := strings.Contains(string(c.schema), `"secret"`); got != c.secret {
			t.Errorf("%s: has secret is %v", c.name, got)
		}
	}
	if !strings.Contains(string(component), `"readOnly":true`) || !strings.Contains(string(component), `"writeOnly":true`) {
		t.Errorf("the component does not say who may write: %s", component)
	}
}

// TestRecursive: $defs holds recursive types alone, and all else stands in place.
func TestRecursive(t *testing.T) {
	const node = `"properties":{"name":{"type":"string"},"kids":{"type":"array","items":{"$ref":"#/$defs/Tree"}},"left":{"$ref":"#/$defs/Tree"},` +
		`"by_id":{"type":"object","additionalProperties":{"$ref":"#/$defs/Tree"}}},"required":["name"],"additionalProperties":false`
	if got, want := inputOf[tree](t), `{"type":"object",`+node+`,"$defs":{"Tree":{"type":"object",`+node+`}}}`; got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
	if got, want := inputOf[nest](t), `{"type":"array","items":{"$ref":"#/$defs/Nest"},"$defs":{"Nest":{"type":"array","items":{"$ref":"#/$defs/Nest"}}}}`; got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
	if got := inputOf[containers](t); strings.Contains(got, `"Audit"`) || !strings.Contains(got, `"#/$defs/Payment"`) {
		t.Errorf("got %s", got)
	}
	if got := inputOf[*tree](t); !strings.HasPrefix(got, `{"type":"object"`) {
		t.Errorf("behind a pointer: %s", got)
	}
}

// TestComponents: the OpenAPI dialect refers to named types, whose schemas the registry has.
func TestComponents(t *testing.T) {
	type order struct {
		Pay    payment      `json:"pay" doc:"How"`
		Why    reason       `json:"why" default:"sale"`
		Maybe  *reason      `json:"maybe"`
		Some   reason       `json:"some" enum:"sale"`
		Page   page[*audit] `json:"page"`
		Inline struct {
			A bool `json:"a"`
		} `json:"inline"`
	}
	r := NewRegistry()
	typ, err := r.Compile(reflect.TypeFor[order](), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(typ.Ref()); got != `{"$ref":"#/components/schemas/Order"}` {
		t.Errorf("got %s", got)
	}
	for name, want := range map[string]string{
		"Order": `{"type":"object","properties":{"pay":{"description":"How","$ref":"#/components/schemas/Payment"},` +
			`"why":{"$ref":"#/components/schemas/Reason","default":"sale"},` +
			`"maybe":{"anyOf":[{"$ref":"#/components/schemas/Reason"},{"type":"null"}]},` +
			`"some":{"$ref":"#/components/schemas/Reason","enum":["sale"]},` +
			`"page":{"$ref":"#/components/schemas/PageAudit"},` +
			`"inline":{"type":"object","properties":{"a":{"type":"boolean"}},"required":["a"],"additionalProperties":false}},` +
			`"required":["pay","some","page","inline"],"additionalProperties":false}`,
		"Reason": `{"type":"string","enum":["sale","restock","damage"]}`,
		"PageAudit": `{"type":"object","properties":{"items":{"type":"array","items":{"$ref":"#/components/schemas/Audit"}},"next":{"type":"string"}},` +
			`"required":["items"],"additionalProperties":false}`,
		"Payment": `{"type":"object","oneOf":[{"description":"By card","$ref":"#/components/schemas/PaymentCard"},{"$ref":"#/components/schemas/PaymentBankTransfer"},` +
			`{"$ref":"#/components/schemas/PaymentLater"}],"discriminator":{"propertyName":"type","mapping":{"card":"#/components/schemas/PaymentCard",` +
			`"bank_transfer":"#/components/schemas/PaymentBankTransfer","later":"#/components/schemas/PaymentLater"}}}`,
		"PaymentLater": `{"type":"object","properties":{"type":{"type":"string","const":"later"}},"required":["type"],"additionalProperties":false}`,
	} {
		got, ok := r.Component(name)
		if !ok || string(got) != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
	if _, ok := r.Component("Nobody"); ok {
		t.Error("a component out of nowhere")
	}
	checkReferences(t, r)
}

// checkReferences fails if a component refers to one that does not exist.
func checkReferences(t *testing.T, r *Registry) {
	t.Helper()
	for name, n := range r.names {
		for _, part := range strings.Split(string(n.schema), `"#/components/schemas/`)[1:] {
			target, _, _ := strings.Cut(part, `"`)
			if _, ok := r.Component(target); !ok {
				t.Errorf("%s refers to %s, which is none", name, target)
			}
		}
	}
}

// TestCorpusComponents: every reference of the tests' types leads somewhere, and every component is JSON.
func TestCorpusComponents(t *testing.T) {
	r := NewRegistry()
	for _, typ := range corpus() {
		for _, open := range []bool{false, true} {
			if _, err := r.Compile(typ, Options{AllowUnknown: open}); err != nil {
				t.Fatal(err)
			}
		}
	}
	checkReferences(t, r)
	for name, n := range r.names {
		if !json.Valid(n.schema) {
			t.Errorf("%s: %s", name, n.schema)
		}
	}
}

// TestNames: component names are legal, distinct and the same in each run.
func TestNames(t *testing.T) {
	type pair[A, B any] struct {
		First  A `json:"first"`
		Second B `json:"second"`
	}
	type Stamp struct{ Other bool }
	type local struct{ X bool }
	for name, typ := range map[string]reflect.Type{
		"Audit":                 reflect.TypeFor[audit](),
		"PageAudit":             reflect.TypeFor[page[audit]](),
		"PagePageReason":        reflect.TypeFor[page[page[reason]]](),
		"PairStringPageTime":    reflect.TypeFor[pair[string, page[*time.Time]]](),
		"PairMapStringIntAudit": reflect.TypeFor[pair[map[string]int, []audit]](),
		"PageLocal":             reflect.TypeFor[page[local]](),
	} {
		got := string(compile(t, typ, Options{}).Ref())
		if want := `{"$ref":"#/components/schemas/` + name + `"}`; got != want {
			t.Errorf("%s: got %s", typ, got)
		}
	}
	r := NewRegistry()
	var refs []string
	for _, typ := range []reflect.Type{reflect.TypeFor[Stamp](), stampOfPackage(), reflect.TypeFor[Stamp]()} {
		c, err := r.Compile(typ, Options{})
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, strings.Trim(string(c.Ref()[len(`{"$ref":"#/components/schemas/`):]), `"}`))
	}
	if diff := cmp.Diff([]string{"Stamp", "SchemaStamp", "Stamp"}, refs); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func stampOfPackage() reflect.Type { return reflect.TypeFor[Stamp]() }

// TestObject: a part of a struct's properties, for a body whose other arguments travel elsewhere.
func TestObject(t *testing.T) {
	type query struct {
		SKU   string `json:"sku"`
		Why   reason `json:"why"`
		Limit int8   `json:"limit,omitzero"`
	}
	typ := compile(t, reflect.TypeFor[query](), Options{})
	want := `{"type":"object","properties":{"why":{"$ref":"#/components/schemas/Reason"},"limit":{"type":"integer","minimum":-128,"maximum":127}},"required":["why"],"additionalProperties":false}`
	if got := string(typ.Object([]string{"limit", "why", "nothing"})); got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
	if got := compile(t, reflect.TypeFor[[]int](), Options{}).Object(nil); got != nil {
		t.Errorf("a slice has properties: %s", got)
	}
}

// TestFields: a struct's properties as callers see them.
func TestFields(t *testing.T) {
	type good struct {
		audit
		SKU  string   `json:"sku" in:"query" doc:"The unit" example:"SKU-1" default:"x"`
		Tags []reason `json:"tags" deprecated:"true"`
		Any  any      `json:"any"`
		Pay  *payment `json:"pay" in:"header"`
		Old  *int32   `json:"old,omitzero" readOnly:"true"`
		New  bool     `json:"new" writeOnly:"true"`
		Wide int64    `json:"wide"`
		Far  uint     `json:"far" maximum:"9"`
	}
	want := []Field{
		{Name: "by", Kind: "string", Default: []byte(`"nobody"`), Schema: []byte(`{"type":"string","default":"nobody"}`)},
		{Name: "at", Kind: "string", Format: "date-time", Schema: []byte(`{"type":"string","format":"date-time"}`)},
		{Name: "sku", In: "query", Kind: "string", Doc: "The unit", Default: []byte(`"x"`), Example: []byte(`"SKU-1"`),
			Schema: []byte(`{"description":"The unit","type":"string","default":"x","examples":["SKU-1"]}`)},
		{Name: "tags", Kind: "array", ItemKind: "string", Required: true, Deprecated: true,
			Schema: []byte(`{"type":"array","items":{"$ref":"#/components/schemas/Reason"},"deprecated":true}`)},
		{Name: "any", Required: true, Schema: []byte(`{}`)},
		{Name: "pay", In: "header", Nullable: true, Schema: []byte(`{"anyOf":[{"$ref":"#/components/schemas/Payment"},{"type":"null"}]}`)},
		{Name: "old", Kind: "integer", Format: "int32", ReadOnly: true,
			Schema: []byte(`{"type":"integer","format":"int32","minimum":-2147483648,"maximum":2147483647,"readOnly":true}`)},
		{Name: "new", Kind: "boolean", Required: true, WriteOnly: true, Schema: []byte(`{"type":"boolean","writeOnly":true}`)},
		{Name: "wide", Kind: "integer", Format: "int64", Required: true, Schema: []byte(`{"type":"integer","format":"int64"}`)},
		{Name: "far", Kind: "integer", Required: true, Schema: []byte(`{"type":"integer","maximum":9,"minimum":0}`)},
	}
	if diff := cmp.Diff(want, compile(t, reflect.TypeFor[good](), Options{}).Fields()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := compile(t, reflect.TypeFor[payment](), Options{}).Fields(); got != nil {
		t.Errorf("a union has fields: %+v", got)
	}
}

// TestIsObject: unions and arrays are no objects of known shape.
func TestIsObject(t *testing.T) {
	for typ, want := range map[reflect.Type]bool{
		reflect.TypeFor[audit](): true, reflect.TypeFor[**audit](): true, reflect.TypeFor[map[string]int](): true, reflect.TypeFor[forest](): true,
		reflect.TypeFor[payment](): false, reflect.TypeFor[[]audit](): false, reflect.TypeFor[string](): false, reflect.TypeFor[time.Time](): false, reflect.TypeFor[point](): false,
	} {
		if got := compile(t, typ, Options{}).IsObject(); got != want {
			t.Errorf("%s: %v", typ, got)
		}
	}
}

// TestExample: an example stands where every required property has one, and the type's own schema accepts it.
func TestExample(t *testing.T) {
	type item struct {
		SKU string   `json:"sku" example:"SKU-1"`
		Why reason   `json:"why"`
		At  *payment `json:"at,omitempty"`
	}
	type order struct {
		ID    string         `json:"id" readOnly:"true"`
		Items []item         `json:"items" minItems:"1"`
		When  time.Time      `json:"when"`
		Extra map[string]int `json:"extra"`
		Note  string         `json:"note,omitzero" example:"hello"`
		Limit int            `json:"limit" default:"3"`
		Flag  *bool          `json:"flag"`
		Shape shapeless      `json:"shape"`
	}
	typ := compile(t, reflect.TypeFor[order](), Options{})
	want := `{"items":[{"sku":"SKU-1","why":"sale"}],"when":"2026-01-31T12:00:00Z","extra":{},"note":"hello","shape":{"kind":"dot"}}`
	if got := string(typ.Example()); got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
	var v order
	if errs := typ.Decode(t.Context(), typ.Example(), &v); errs != nil {
		t.Error(errs)
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[struct{ A int }](), reflect.TypeFor[tree](), reflect.TypeFor[struct{ A [2]string }](), reflect.TypeFor[forest](),
		reflect.TypeFor[struct {
			A map[string]int `minProperties:"1"`
		}](),
	} {
		if got := compile(t, typ, Options{}).Example(); got != nil && string(got) != "{}" {
			t.Errorf("%s: an example out of nowhere: %s", typ, got)
		}
	}
}

// shapeless is a union whose first variant needs nothing.
type shapeless struct {
	Dot *struct{} `json:"dot"`
}

func (shapeless) Discriminator() string { return "kind" }
