package schema

import (
	"context"
	"encoding/json"
	"io"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

type badEnum float64

func (badEnum) Enum() []any { return []any{true} }

type noEnum string

func (noEnum) Enum() []noEnum { return nil }

type enumOfStruct struct{ A int }

func (enumOfStruct) Enum() []enumOfStruct { return []enumOfStruct{{1}} }

type halfText string

func (halfText) MarshalText() ([]byte, error) { return nil, nil }

type badForeign int

func (badForeign) JSONSchema() json.RawMessage { return json.RawMessage(`{"type":"intger"}`) }

type refForeign int

func (refForeign) JSONSchema() json.RawMessage {
	return json.RawMessage(`{"properties":{"a":{"$ref":"#/$defs/x"}}}`)
}

type noForeign int

func (noForeign) JSONSchema() json.RawMessage { return nil }

type badUnion struct{ A *int }

func (badUnion) Discriminator() string { return "kind" }

type taggedUnion struct {
	A *struct {
		Kind string `json:"kind"`
	} `json:"a"`
}

func (taggedUnion) Discriminator() string { return "kind" }

type twinUnion struct {
	A *struct{} `json:"B"`
	B *struct{}
}

func (twinUnion) Discriminator() string { return "kind" }

type emptyUnion struct{}

func (emptyUnion) Discriminator() string { return "kind" }

type constrainedUnion struct {
	A *struct{} `json:"a" minProperties:"1"`
}

func (constrainedUnion) Discriminator() string { return "kind" }

type pointerLoop *pointerLoop

type Selfish struct {
	*Selfish
	A int
}

// tagged is a struct with a field A and a tag that linters would not let pass in a declaration.
func tagged(tag reflect.StructTag) any {
	return reflect.Zero(reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[string](), Tag: tag}})).Interface()
}

type left struct{ X int }
type right struct{ X int }

// TestCompileRefuses: each mistake in a type is found at Compile, and the error names the field and the cause.
func TestCompileRefuses(t *testing.T) {
	for _, c := range []struct {
		typ  any
		want string
	}{
		{struct{ C chan int }{}, "C: type chan int has no JSON Schema"},
		{struct{ F func() }{}, "F: type func() has no JSON Schema"},
		{struct{ C complex128 }{}, "C: type complex128 has no JSON Schema"},
		{struct{ R io.Reader }{}, "R: interface type io.Reader has no JSON Schema"},
		{struct{ M map[bool]int }{}, "M: the keys of a map must be strings, integers or text"},
		{struct{ M map[*string]int }{}, "M: the keys of a map must be"},
		{struct{ B big.Int }{}, "B: big.Int makes its own JSON, so it needs a method JSONSchema"},
		{struct{ H halfText }{}, "H: schema.halfText needs both MarshalText and UnmarshalText"},
		{struct{ P pointerLoop }{}, "P: a pointer type that leads to nothing but itself"},
		{struct {
			Deep []map[string]struct{ X chan int }
		}{}, "X: type chan int"},

		{struct {
			A int `json:"a,string"`
		}{}, `A: json option "string" is not supported`},
		{tagged(`json:"'a'"`), `A: JSON name "'a'" holds a quote`},
		{tagged(`json:"a,omitnil"`), `A: json option "omitnil" is not supported`},
		{struct {
			A int `json:"a,inline"`
		}{}, "A: an inline field has no JSON name"},
		{struct {
			A map[string]int `json:",inline"`
		}{}, "A: only a plain struct can be inlined"},
		{struct {
			time.Duration
		}{}, "Duration: only a plain struct can be inlined; give the field a JSON name"},
		{struct {
			left `doc:"x"`
		}{}, "left: tags have no effect on an inlined struct"},
		{struct{ *left }{}, "left: an embedded pointer to an unexported type cannot be set"},
		{Selfish{}, "Selfish: a struct cannot be inlined into itself"},
		{struct {
			A int `json:"B"`
			B int
		}{}, `B: JSON property "B" is declared twice, also by field A`},
		{struct {
			left
			right
		}{}, `JSON property "X" is declared twice`},

		{struct {
			A string `minlength:"1"`
		}{}, "A: unknown tag minlength; did you mean minLength?"},
		{tagged(`max_length:"1"`), "A: unknown tag max_length; did you mean maxLength?"},
		{tagged(`patern:"x"`), "A: unknown tag patern; did you mean pattern?"},
		{tagged(`doc:"a" doc:"b"`), "A: struct tag has doc twice"},
		{tagged(`doc:a`), "A: malformed struct tag: the value of doc is not quoted"},
		{struct {
			A int `minLength:"1"`
		}{}, "A: tag minLength does not apply to type int"},
		{struct {
			A string `minimum:"1"`
		}{}, "A: tag minimum does not apply to type string"},
		{struct {
			A string `minItems:"1"`
		}{}, "A: tag minItems does not apply"},
		{struct {
			A map[string]string `maxLength:"1"`
		}{}, "A: tag maxLength does not apply"},
		{struct {
			A bool `enum:"true"`
		}{}, "A: tag enum does not apply to type bool"},
		{struct {
			A any `pattern:"x"`
		}{}, "A: tag pattern does not apply"},
		{struct {
			A left `minProperties:"1"`
		}{}, "A: tag minProperties does not apply"},
		{struct {
			A [2]int `minItems:"1"`
		}{}, "A: tag minItems does not apply"},
		{struct {
			A string `minLength:"-1"`
		}{}, `A: tag minLength:"-1" is not a count`},
		{struct {
			A string `minLength:"3" maxLength:"2"`
		}{}, "A: maxLength 2 is less than minLength 3"},
		{struct {
			A []int `minItems:"3" maxItems:"2"`
		}{}, "A: maxItems 2 is less than minItems 3"},
		{struct {
			A map[string]int `minProperties:"3" maxProperties:"2"`
		}{}, "A: maxProperties 2 is less than minProperties 3"},
		{struct {
			A []int `uniqueItems:"yes"`
		}{}, `A: tag uniqueItems:"yes" must be "true" or "false"`},
		{struct {
			A int `minimum:"ten"`
		}{}, `A: tag minimum:"ten" is not a JSON number`},
		{struct {
			A int `minimum:"2" exclusiveMaximum:"2"`
		}{}, "A: no number can be both from 2 and up to 2"},
		{struct {
			A uint8 `minimum:"256"`
		}{}, "A: no number can be both from 256 and up to 255"},
		{struct {
			A int `multipleOf:"0"`
		}{}, "A: multipleOf 0 must be positive"},
		{struct {
			A string `format:"e-mail"`
		}{}, `A: unknown format "e-mail"; known for strings: date-time, date`},
		{struct {
			A int `format:"date"`
		}{}, `A: format "date" does not apply to this type; it can have [int32 int64]`},
		{struct {
			A uuid `format:"uri"`
		}{}, `A: format "uri" contradicts the type's own format "uuid"`},
		{struct {
			A string `pattern:"("`
		}{}, `A: pattern "(":`},
		{struct {
			A string `pattern:"a(?=b)"`
		}{}, `A: pattern "a(?=b)":`},
		{struct {
			A string `pattern:"(?i)a"`
		}{}, "ECMA-262 has no inline flags"},
		{struct {
			A string `pattern:"\\Aa\\z"`
		}{}, `\A has no such meaning in ECMA-262`},

		{struct {
			A string `enum:"a,b,a"`
		}{}, `A: enum has "a" twice`},
		{struct {
			A int `enum:"1,one"`
		}{}, `A: enum: "one" is not JSON`},
		{struct {
			A int `enum:"1,1.0"`
		}{}, `A: enum has 1.0 twice`},
		{struct {
			A int `enum:"1,1.5"`
		}{}, "its own schema refuses the enum value 1.5 of int: must be an integer"},
		{struct {
			A uint8 `enum:"1,256"`
		}{}, "its own schema refuses the enum value 256"},
		{struct {
			A string `enum:"a,abc" maxLength:"2"`
		}{}, `refuses the enum value "abc" of string: must be at most 2 characters`},
		{struct {
			A reason `enum:"sale,theft"`
		}{}, "A: enum has values that method Enum of schema.reason does not list"},
		{badEnum(0), "method Enum of schema.badEnum: enum value true is neither a string nor a number"},
		{noEnum(""), "method Enum of schema.noEnum: enum has no values"},

		{struct {
			A int `default:"ten"`
		}{}, `A: default: "ten" is not JSON`},
		{struct {
			A int `default:"10" maximum:"9"`
		}{}, `field A (property "A"): its own schema refuses the default 10: must be at most 9`},
		{struct {
			A string `example:"abc" maxLength:"2"`
		}{}, `field A (property "A"): its own schema refuses the example "abc": must be at most 2 characters`},
		{struct {
			A left `default:"{\"Y\":1}"`
		}{}, `refuses the default {"Y":1}: /Y unknown property`},
		{struct {
			A time.Time `default:"yesterday"`
		}{}, `refuses the default "yesterday"`},
		{struct {
			A int `default:"1" required:"true"`
		}{}, "A: a required property needs no default"},
		{struct {
			A int `required:"maybe"`
		}{}, `A: tag required:"maybe" must be`},
		{struct {
			A int `readOnly:"true" writeOnly:"true"`
		}{}, "A: a property cannot be both readOnly and writeOnly"},
		{struct {
			A int `in:"cookie"`
		}{}, `A: tag in:"cookie" must be "query" or "header"`},
		{struct {
			A any `nullable:"true"`
		}{}, "A: tag nullable does not apply"},

		{badForeign(0), "method JSONSchema of schema.badForeign"},
		{refForeign(0), "the schema uses $ref, but it is emitted in place"},
		{noForeign(0), "method JSONSchema of schema.noForeign: not valid JSON"},
		{badUnion{}, "schema.badUnion.A: a union's field must be a pointer to a struct"},
		{taggedUnion{}, `schema.taggedUnion.A: property "kind" of`},
		{twinUnion{}, `schema.twinUnion.B: another variant has the tag value "B" too`},
		{emptyUnion{}, "union schema.emptyUnion has no variants"},
		{constrainedUnion{}, "schema.constrainedUnion.A: a union's field takes the tags json, doc, title and deprecated only"},
	} {
		_, err := NewRegistry().Compile(reflect.TypeOf(c.typ), Options{})
		switch {
		case err == nil:
			t.Errorf("%T is accepted, want %q", c.typ, c.want)
		case !strings.Contains(err.Error(), c.want):
			t.Errorf("%T: %v, want %q", c.typ, err, c.want)
		}
	}
}

// TestEnumMethodOnStruct: a struct that is no text has no use for an Enum method.
func TestEnumMethodOnStruct(t *testing.T) {
	_, err := NewRegistry().Compile(reflect.TypeFor[enumOfStruct](), Options{})
	if err == nil {
		t.Error("accepted")
	}
}

// TestCompileFailureLeavesNothing: a type that failed once does not linger half-planned, and its names are free.
func TestCompileFailureLeavesNothing(t *testing.T) {
	type inner struct{ A int }
	type outer struct {
		In  inner
		Bad chan int
	}
	r := NewRegistry()
	for range 2 {
		if _, err := r.Compile(reflect.TypeFor[outer](), Options{}); err == nil {
			t.Fatal("accepted")
		}
	}
	if _, ok := r.Component("Inner"); ok {
		t.Error("a component of the failed run is left")
	}
	typ, err := r.Compile(reflect.TypeFor[inner](), Options{})
	if err != nil || string(typ.Ref()) != `{"$ref":"#/components/schemas/Inner"}` {
		t.Errorf("got %s, %v", typ.Ref(), err)
	}
}

// TestConcurrentUse: one registry and its types serve many goroutines (run with -race).
func TestConcurrentUse(t *testing.T) {
	r := NewRegistry()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			typ, err := r.Compile(reflect.TypeFor[tree](), Options{})
			if err != nil {
				t.Error(err)
				return
			}
			var v tree
			if errs := typ.Decode(context.Background(), []byte(`{"name":"a","kids":[{"name":"b"}]}`), &v); errs != nil {
				t.Error(errs)
			}
			if _, err := typ.Append(nil, v); err != nil {
				t.Error(err)
			}
			r.Component("Tree")
		})
	}
	wg.Wait()
}
