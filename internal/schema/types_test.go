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
)

// The types of the tests. Together they exercise everything that a plan can hold.

// reason is an enum by a method.
type reason string

const (
	sale    reason = "sale"
	restock reason = "restock"
	damage  reason = "damage"
)

func (reason) Enum() []reason { return []reason{sale, restock, damage} }

// level is an enum of numbers.
type level int

func (level) Enum() []int { return []int{1, 5, 10} }

// color marshals itself as text, with an enum by a method on the pointer.
type color struct{ code byte }

func (c color) MarshalText() ([]byte, error) {
	switch c.code {
	case 'r':
		return []byte("red"), nil
	case 'g':
		return []byte("green"), nil
	}
	return nil, fmt.Errorf("no color %d", c.code)
}

func (c *color) UnmarshalText(text []byte) error {
	if s := string(text); s != "red" && s != "green" {
		return errors.New("neither red nor green")
	}
	c.code = text[0]
	return nil
}

func (*color) Enum() []color { return []color{{'r'}, {'g'}} }

// uuid is like the UUID types in use: 16 bytes that marshal themselves as text.
type uuid [16]byte

func (u uuid) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:]), nil
}

func (u *uuid) UnmarshalText(text []byte) error {
	hex := strings.ReplaceAll(string(text), "-", "")
	_, err := fmt.Sscanf(hex, "%x", (*hexBytes)(u))
	return err
}

type hexBytes [16]byte

func (h *hexBytes) Scan(state fmt.ScanState, _ rune) error {
	token, err := state.Token(true, nil)
	if err != nil {
		return err
	}
	var slice []byte
	if _, err := fmt.Sscanf(string(token), "%x", &slice); err != nil || len(slice) != 16 {
		return errors.New("no uuid")
	}
	copy(h[:], slice)
	return nil
}

// point has a schema of its own and its own JSON: [x, y].
type point struct{ X, Y int }

func (point) JSONSchema() json.RawMessage {
	return json.RawMessage(`{"type":"array","prefixItems":[{"type":"integer","minimum":-1000,"maximum":1000},
		{"type":"integer","minimum":-1000,"maximum":1000}],"items":false,"minItems":2,"description":"x and y"}`)
}

func (p point) MarshalJSON() ([]byte, error) { return json.Marshal([]int{p.X, p.Y}) }

func (p *point) UnmarshalJSON(text []byte) error {
	var xy []json.Number
	if err := json.Unmarshal(text, &xy); err != nil {
		return err
	}
	x, _ := parseDecimal(nil, []byte(xy[0])).int64()
	y, _ := parseDecimal(nil, []byte(xy[1])).int64()
	p.X, p.Y = int(x), int(y)
	return nil
}

// payment is a tagged union.
type payment struct {
	Card     *cardPayment `json:"card" doc:"By card"`
	Transfer *transfer    `json:"bank_transfer"`
	Later    *struct{}    `json:"later"`
}

func (payment) Discriminator() string { return "type" }

type cardPayment struct {
	Number string `json:"number" pattern:"^[0-9]{4,19}$"`
	CVC    *int   `json:"cvc" minimum:"0" maximum:"999"`
}

type transfer struct {
	IBAN  string    `json:"iban" minLength:"2"`
	Split []payment `json:"split,omitempty" maxItems:"3"`
}

// tree contains itself through a slice, a pointer and a map.
type tree struct {
	Name string           `json:"name"`
	Kids []*tree          `json:"kids,omitempty"`
	Left *tree            `json:"left,omitempty"`
	ByID map[string]*tree `json:"by_id,omitzero"`
}

// nest contains itself with no struct between; forest does so by a map.
type (
	nest   []nest
	forest map[string]forest
)

// page is generic.
type page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty"`
}

type audit struct {
	By string    `json:"by" default:"nobody"`
	At time.Time `json:"at,omitzero"`
}

type Stamp struct {
	Version uint32 `json:"version"`
}

// embedding has properties from embedded structs, by value and by pointer.
type embedding struct {
	audit
	*Stamp
	Inner struct {
		Deep bool `json:"deep"`
	} `json:",inline"`
	Own string `json:"own"`
}

type text string

type strs struct {
	Plain    string   `json:"plain"`
	Short    string   `json:"short" minLength:"2" maxLength:"4"`
	Pattern  string   `json:"pattern" pattern:"^[a-c]+$"`
	Loose    text     `json:"loose" pattern:"b"`
	Enum     string   `json:"enum" enum:"red, green,blue"`
	Optional *string  `json:"optional,omitempty" maxLength:"3"`
	Null     *string  `json:"null" enum:"x,y"`
	NoNull   *string  `json:"no_null" nullable:"false" required:"true"`
	Def      string   `json:"def" default:"dee"`
	Reason   reason   `json:"reason"`
	Some     reason   `json:"some,omitzero" enum:"sale,damage"`
	Maybe    *reason  `json:"maybe"`
	Color    color    `json:"color"`
	UUID     uuid     `json:"uuid"`
	Raw      []byte   `json:"raw" maxLength:"12"`
	Tags     []string `json:"tags" enum:"a,b,c" minItems:"1" maxItems:"3" uniqueItems:"true"`
	Emoji    string   `json:"é" maxLength:"2"`
}

type nums struct {
	I      int         `json:"i"`
	I8     int8        `json:"i8"`
	I16    int16       `json:"i16" exclusiveMinimum:"-3" exclusiveMaximum:"9"`
	I32    int32       `json:"i32" multipleOf:"3"`
	I64    int64       `json:"i64"`
	U      uint        `json:"u"`
	U8     uint8       `json:"u8" minimum:"2" maximum:"250.5"`
	U64    uint64      `json:"u64"`
	F      float64     `json:"f" minimum:"0.1" maximum:"1e3"`
	F32    float32     `json:"f32"`
	Cents  float64     `json:"cents" multipleOf:"0.01"`
	Choice int         `json:"choice" enum:"1,2,30"`
	Ratio  float64     `json:"ratio" enum:"0.5,1,1e2"`
	Level  level       `json:"level"`
	Any    json.Number `json:"any" minimum:"-5" required:"false"`
	Null   *int        `json:"null" minimum:"1"`
	Half   *float64    `json:"half,omitzero" multipleOf:"2.5"`
}

type formats struct {
	DateTime time.Time      `json:"date_time,omitzero"`
	At       string         `json:"at,omitzero" format:"date-time"`
	Date     string         `json:"date,omitzero" format:"date"`
	Time     string         `json:"time,omitzero" format:"time"`
	Duration string         `json:"duration,omitzero" format:"duration"`
	Email    string         `json:"email,omitzero" format:"email"`
	Host     string         `json:"host,omitzero" format:"hostname"`
	V4       string         `json:"v4,omitzero" format:"ipv4"`
	V6       string         `json:"v6,omitzero" format:"ipv6"`
	URI      string         `json:"uri,omitzero" format:"uri"`
	Ref      string         `json:"ref,omitzero" format:"uri-reference"`
	UUID     string         `json:"uuid,omitzero" format:"uuid"`
	Password string         `json:"password,omitzero" format:"password" writeOnly:"true"`
	Wait     time.Duration  `json:"wait,omitzero"`
	Addr     netip.Addr     `json:"addr,omitzero"`
	Port     netip.AddrPort `json:"port,omitzero"`
	Prefix   netip.Prefix   `json:"prefix,omitzero"`
	URL      url.URL        `json:"url,omitzero"`
	Link     *url.URL       `json:"link,omitzero"`
	Dates    []string       `json:"dates,omitzero" format:"date"`
}

type containers struct {
	Strings  map[string]int          `json:"strings" minProperties:"1" maxProperties:"3"`
	Ints     map[int8]string         `json:"ints,omitzero"`
	Longs    map[int64]bool          `json:"longs,omitzero"`
	Uints    map[uint16]bool         `json:"uints,omitzero"`
	Reasons  map[reason]int          `json:"reasons,omitzero"`
	UUIDs    map[uuid]bool           `json:"uuids,omitzero"`
	Pair     [2]int                  `json:"pair"`
	Matrix   [][]float64             `json:"matrix,omitzero" maxItems:"3" minimum:"0"`
	Unique   []any                   `json:"unique,omitzero" uniqueItems:"true"`
	Numbers  []int64                 `json:"numbers,omitzero" uniqueItems:"true"`
	Pointers []*int                  `json:"pointers,omitzero"`
	Structs  []*audit                `json:"structs,omitzero"`
	Deep     map[string][]*payment   `json:"deep,omitzero"`
	Any      any                     `json:"any"`
	Raw      json.RawMessage         `json:"raw,omitzero"`
	Points   []point                 `json:"points,omitzero"`
	Point    *point                  `json:"point"`
	Anon     struct{ A, B int }      `json:"anon,omitzero"`
	NullMap  map[string]*string      `json:"null_map" nullable:"true" required:"false"`
	Page     *page[page[reason]]     `json:"page,omitempty"`
	Embedded embedding               `json:"embedded,omitzero"`
	Payment  *payment                `json:"payment"`
	Nest     nest                    `json:"nest,omitzero"`
	Forest   forest                  `json:"forest,omitzero"`
	Sets     map[string]struct{}     `json:"sets,omitzero"`
	PtrPtr   **int                   `json:"ptr_ptr"`
	Maps     map[string]map[int]bool `json:"maps,omitzero"`
}

type access struct {
	ID     string `json:"id" readOnly:"true"`
	Secret string `json:"secret" writeOnly:"true" minLength:"8"`
	Old    string `json:"old,omitzero" deprecated:"true"`
	Note   string `json:"note" title:"Note" doc:"A note"`
}

// span checks its fields against each other.
type span struct {
	From int `json:"from"`
	To   int `json:"to"`
}

func (s span) Validate(context.Context) error {
	if s.From > s.To {
		return invalid{{Pointer: "/to", Detail: "must not be before from"}}
	}
	return nil
}

// invalid is an error that locates fields.
type invalid []FieldError

func (e invalid) Error() string             { return "invalid" }
func (e invalid) FieldErrors() []FieldError { return e }

// corpus lists the types over which the verdict is compared and the round trip is made.
func corpus() []reflect.Type {
	return []reflect.Type{
		reflect.TypeFor[strs](),
		reflect.TypeFor[nums](),
		reflect.TypeFor[formats](),
		reflect.TypeFor[containers](),
		reflect.TypeFor[tree](),
		reflect.TypeFor[payment](),
		reflect.TypeFor[embedding](),
		reflect.TypeFor[access](),
		reflect.TypeFor[page[audit]](),
		reflect.TypeFor[map[string]nums](),
		reflect.TypeFor[nest](),
		reflect.TypeFor[forest](),
		reflect.TypeFor[*audit](),
	}
}

func compile(t testing.TB, typ reflect.Type, o Options) *Type {
	t.Helper()
	compiled, err := NewRegistry().Compile(typ, o)
	if err != nil {
		t.Fatalf("Compile(%s): %v", typ, err)
	}
	return compiled
}

// decode compiles T and decodes doc by it.
func decode[T any](t testing.TB, doc string) (T, []FieldError) {
	t.Helper()
	var v T
	errs := compile(t, reflect.TypeFor[T](), Options{}).Decode(context.Background(), []byte(doc), &v)
	return v, errs
}
