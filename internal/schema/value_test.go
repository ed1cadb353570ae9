package schema

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestStandardTypes: the types of the standard library arrive whole and leave as they came.
func TestStandardTypes(t *testing.T) {
	const doc = `{"date_time":"2026-01-31T12:00:00Z","wait":"1m30s","addr":"::1","port":"1.2.3.4:80","prefix":"10.0.0.0/8","url":"https://u@example.com/a?b#c","link":"urn:x"}`
	got, errs := decode[formats](t, doc)
	if errs != nil {
		t.Fatal(errs)
	}
	link, err := url.Parse("https://u@example.com/a?b#c")
	if err != nil {
		t.Fatal(err)
	}
	if !got.DateTime.Equal(time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)) || got.Wait != 90*time.Second || got.Addr != netip.IPv6Loopback() ||
		got.Port != netip.MustParseAddrPort("1.2.3.4:80") || got.Prefix != netip.MustParsePrefix("10.0.0.0/8") || got.URL.String() != link.String() || got.Link.Opaque != "x" {
		t.Errorf("got %+v", got)
	}
	text, err := compile(t, reflect.TypeFor[formats](), Options{}).Append(nil, got)
	if err != nil || string(text) != doc {
		t.Errorf("got %s, %v", text, err)
	}
}

// TestDefaults: absent properties get their defaults, and no two values share what a handler could write to.
func TestDefaults(t *testing.T) {
	type paging struct {
		Limit  int      `json:"limit" default:"20"`
		Sort   []string `json:"sort" default:"[\"name\"]"`
		Detail struct {
			Depth int `json:"depth" default:"2"`
		} `json:"detail,omitzero"`
	}
	type query struct {
		Paging    paging            `json:"paging,omitzero"`
		Name      *string           `json:"name" default:"null"`
		Reason    *reason           `json:"reason" default:"sale"`
		Color     color             `json:"color" default:"green"`
		When      time.Time         `json:"when" default:"2026-01-31T12:00:00Z"`
		Labels    map[string]string `json:"labels" default:"{\"a\":\"b\"}"`
		Any       any               `json:"any" default:"[1]"`
		Text      string            `json:"text" default:"\"quoted\""`
		Pay       payment           `json:"pay" default:"{\"type\":\"later\"}"`
		Untouched paging            `json:"untouched"`
	}
	typ := compile(t, reflect.TypeFor[query](), Options{})
	var first, second query
	for _, v := range []*query{&first, &second} {
		v.Text = "left over" // Decode starts from the zero value
		if errs := typ.Decode(t.Context(), []byte(`{"untouched":{"limit":5}}`), v); errs != nil {
			t.Fatal(errs)
		}
	}
	full := paging{Limit: 20, Sort: []string{"name"}}
	full.Detail.Depth = 2
	five := full
	five.Limit = 5
	want := query{
		Paging: full, Reason: new(sale), Color: color{'g'}, When: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC),
		Labels: map[string]string{"a": "b"}, Any: []any{json.Number("1")}, Text: "quoted", Pay: payment{Later: &struct{}{}}, Untouched: five,
	}
	if diff := cmp.Diff(want, first, cmp.AllowUnexported(color{})); diff != "" {
		t.Fatalf("(-want +got)\n%s", diff)
	}
	first.Paging.Sort[0], first.Labels["a"], *first.Reason = "x", "x", "x"
	if second.Paging.Sort[0] != "name" || second.Labels["a"] != "b" || *second.Reason != sale {
		t.Error("two values share a default")
	}
}

// TestEmbedded: embedded structs' properties are the outer struct's own, and the shallower of two hides the deeper.
func TestEmbedded(t *testing.T) {
	type shadow struct {
		audit
		By int `json:"by"`
	}
	if got, errs := decode[shadow](t, `{"by":3}`); errs != nil || got.By != 3 || got.audit.By != "" {
		t.Errorf("got %+v, %v", got, errs)
	}
	got, errs := decode[embedding](t, `{"version":7,"deep":true,"own":"x"}`)
	if errs != nil || got.Stamp == nil || got.Version != 7 || !got.Inner.Deep || got.By != "nobody" {
		t.Errorf("got %+v, %v", got, errs)
	}
	text, err := compile(t, reflect.TypeFor[embedding](), Options{}).Append(nil, embedding{Own: "x"})
	if want := `{"by":"","deep":false,"own":"x"}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v", text, err)
	}
}

// TestPointers: null, absent and present are told apart, and items that are pointers to structs are never null.
func TestPointers(t *testing.T) {
	type doc struct {
		P    *int     `json:"p"`
		PP   **int    `json:"pp"`
		Nums []*int   `json:"nums,omitempty"`
		Kids []*audit `json:"kids,omitempty"`
	}
	got, errs := decode[doc](t, `{"p":null,"pp":3,"nums":[1,null]}`)
	if errs != nil || got.P != nil || **got.PP != 3 || *got.Nums[0] != 1 || got.Nums[1] != nil {
		t.Errorf("got %+v, %v", got, errs)
	}
	checkOne[doc](t, `{"kids":[null]}`, "must be an object, but is null")
}

// TestUnion: the tag chooses the variant, wherever it stands; what is wrong with it lists the choices.
func TestUnion(t *testing.T) {
	got, errs := decode[payment](t, `{"cvc":null,"number":"1234","t\u0079pe":"card"}`)
	if errs != nil || got.Card == nil || got.Card.Number != "1234" || got.Transfer != nil {
		t.Errorf("got %+v, %v", got, errs)
	}
	const choices = "one of card, bank_transfer, later"
	for doc, want := range map[string][]FieldError{
		`{}`:                             {{"/type", "property is required", choices, ""}},
		`{"number":"1234"}`:              {{"/type", "property is required", choices, ""}},
		`{"type":"cash","number":1}`:     {{"/type", "must be " + choices, choices, `"cash"`}},
		`{"type":3}`:                     {{"/type", "must be a string, " + choices, choices, "3"}},
		`{"type":"later","number":1}`:    {{"/number", "unknown property; leave it out", "no properties", ""}},
		`{"type":"later","type":"card"}`: {{"/type", "property is given more than once", "each property once", ""}},
		`{"type":"card","cvc":1000}`:     {{"/cvc", "must be at most 999", "at most 999", "1000"}, {"/number", "property is required", "string", ""}},
		`null`:                           {{"", "must be an object, but is null", "object", "null"}},
		`{"type":"bank_transfer","iban":"xx","split":[{"type":"later"},{"type":"latter"}]}`: {{"/split/1/type", "must be " + choices, choices, `"latter"`}},
		`{"number":"1234",}`: {{"", "invalid JSON at byte 17: expected a property name in double quotes", "valid JSON", ""}},
	} {
		if _, errs := decode[payment](t, doc); !cmp.Equal(errs, want) {
			t.Errorf("%s: %s", doc, cmp.Diff(want, errs))
		}
	}
}

// TestUnionLookAhead: unions within unions whose tags come last cost no more than a bounded multiple of their length.
func TestUnionLookAhead(t *testing.T) {
	doc := `{"type":"later"}`
	for range 300 {
		doc = `{"iban":"xx","split":[` + doc + `,{"type":"later"}],"type":"bank_transfer"}`
	}
	doc = `{"iban":"` + strings.Repeat("x", 1000) + strings.TrimPrefix(doc, `{"iban":"xx`)
	if _, errs := decode[payment](t, doc); errs != nil {
		t.Errorf("a reasonable document is refused: %.300v", errs)
	}
	inner := `{"iban":"` + strings.Repeat("x", 1_000_000) + `","type":"bank_transfer"}`
	for range 300 {
		inner = `{"iban":"xx","split":[` + inner + `],"type":"bank_transfer"}`
	}
	_, errs := decode[payment](t, inner)
	if len(errs) != 1 || !strings.Contains(errs[0].Detail, "nested too deeply") {
		t.Errorf("got %.300v", errs)
	}
}

// TestForeign: a type with a schema of its own is judged by that schema, with pointers into the document.
func TestForeign(t *testing.T) {
	type doc struct {
		P []point `json:"p"`
	}
	got, errs := decode[doc](t, `{"p":[[1,2.0]]}`)
	if errs != nil || got.P[0] != (point{1, 2}) {
		t.Errorf("got %+v, %v", got, errs)
	}
	_, errs = decode[doc](t, `{"p":[[1,1001],[1],"x",[1e999999999,0]]}`)
	var pointers []string
	for _, e := range errs {
		pointers = append(pointers, e.Pointer)
	}
	if diff := cmp.Diff([]string{"/p/0/1", "/p/1", "/p/2", "/p/3/0"}, pointers); diff != "" {
		t.Errorf("%v (-want +got)\n%s", errs, diff)
	}
	text, err := compile(t, reflect.TypeFor[doc](), Options{}).Append(nil, doc{P: []point{{3, 4}}})
	if err != nil || string(text) != `{"p":[[3,4]]}` {
		t.Errorf("got %s, %v", text, err)
	}
}

// cross has checks across its fields, on the pointer, and says what it likes.
type cross struct {
	A    int     `json:"a"`
	Span span    `json:"span,omitzero"`
	List []span  `json:"list,omitempty"`
	Ptr  *span   `json:"ptr,omitempty"`
	Map  spanMap `json:"map,omitzero"`
	Kind string  `json:"kind,omitzero"`
}

type spanMap map[string]span

func (c *cross) Validate(ctx context.Context) error {
	if ctx == nil {
		panic("no context")
	}
	switch c.Kind {
	case "plain":
		return errors.New("the whole is wrong")
	case "nowhere":
		return invalid{}
	case "joined":
		return errors.Join(invalid{{Pointer: "/a", Detail: "one"}}, fmt.Errorf("wrapped: %w", invalid{{Pointer: "/span/to", Detail: "two"}}), errors.New("three"))
	}
	return nil
}

// TestValidate: Validate methods run on sound values, inner ones first, and their errors look like every other.
func TestValidate(t *testing.T) {
	for doc, want := range map[string][]string{
		`{"a":1}`:                          nil,
		`{"a":1,"span":{"from":2,"to":1}}`: {"/span/to: must not be before from"},
		`{"a":1,"list":[{"from":1,"to":2},{"from":2,"to":1}]}`: {"/list/1/to: must not be before from"},
		`{"a":1,"ptr":{"from":2,"to":1}}`:                      {"/ptr/to: must not be before from"},
		`{"a":1,"map":{"x/y":{"from":2,"to":1}}}`:              {"/map/x~1y/to: must not be before from"},
		`{"a":1,"kind":"plain"}`:                               {": the whole is wrong"},
		`{"a":1,"kind":"nowhere"}`:                             {": " + invalid{}.Error()},
		`{"a":1,"kind":"joined"}`:                              {"/a: one", "/span/to: two", ": three"},
		`{"a":"x","kind":"plain"}`:                             {"/a: must be an integer, but is a string"},
		`{"a":1,"kind":"plain"} x`:                             {": invalid JSON at byte 23: unexpected text after the JSON value"},
		`{"span":{"from":2,"to":1},"kind":"plain","a":"x"}`:    {"/span/to: must not be before from", "/a: must be an integer, but is a string"},
	} {
		if diff := cmp.Diff(want, refusals[cross](t, doc)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", doc, diff)
		}
	}
}

type checked struct {
	N int `json:"n"`
}

func (c checked) Validate(context.Context) error {
	if c.N == 0 {
		return errors.New("n is zero")
	}
	return nil
}

type outerOwn struct {
	checked
	M int `json:"m"`
}

func (o outerOwn) Validate(context.Context) error {
	if o.M == 0 {
		return errors.New("m is zero")
	}
	return nil
}

// TestValidateEmbedded: an embedded struct's Validate is promoted and hidden as Go says, and where that would lose it, Compile
// refuses the type.
func TestValidateEmbedded(t *testing.T) {
	type promoted struct {
		checked
		M int `json:"m"`
	}
	checkOne[promoted](t, `{"n":0,"m":0}`, "n is zero")
	checkOne[outerOwn](t, `{"n":0,"m":0}`, "m is zero")
	checkOne[outerOwn](t, `{"n":0,"m":1}`, "")
	type ambiguous struct {
		checked
		span
	}
	if _, err := NewRegistry().Compile(reflect.TypeFor[ambiguous](), Options{}); err == nil || !strings.Contains(err.Error(), "so that none is") {
		t.Errorf("got %v", err)
	}
	if _, err := NewRegistry().Compile(reflect.TypeFor[struct {
		*Base
	}](), Options{}); err == nil || !strings.Contains(err.Error(), "from a pointer that may be nil") {
		t.Errorf("got %v", err)
	}
}

// Base is embedded by pointer.
type Base struct{ checked }

// TestDeclares: a method that comes from an embedded field is told from one that the type has itself.
func TestDeclares(t *testing.T) {
	type viaPointer struct{ *Base }
	for _, c := range []struct {
		typ    reflect.Type
		method string
		want   bool
	}{
		{reflect.TypeFor[reason](), "Enum", true},
		{reflect.TypeFor[color](), "Enum", true},
		{reflect.TypeFor[cross](), "Validate", true},
		{reflect.TypeFor[outerOwn](), "Validate", true},
		{reflect.TypeFor[viaPointer](), "Validate", false},
		{reflect.TypeFor[struct{ checked }](), "Validate", false},
		{reflect.TypeFor[Stamp](), "Validate", false},
		{reflect.TypeFor[generic[int]](), "Enum", true},
		{reflect.TypeFor[generic[Stamp]](), "Discriminator", true},
		{reflect.TypeFor[struct{ generic[int] }](), "Enum", false},
	} {
		if got := declares(c.typ, c.method); got != c.want {
			t.Errorf("%s.%s: %v", c.typ, c.method, got)
		}
	}
}

// generic has methods, for which the compiler generates wrappers per type argument.
type generic[T any] struct{ V T }

func (generic[T]) Enum() []T              { return nil }
func (*generic[T]) Discriminator() string { return "" }
