package schema

import (
	"context"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

type repairLine struct {
	Qty  int     `json:"qty" minimum:"1"`
	Cost float64 `json:"cost,omitzero"`
}

type repairPay struct {
	Card *repairCard `json:"card"`
	Cash *repairCash `json:"cash"`
}

func (repairPay) Discriminator() string { return "kind" }

type repairCard struct {
	Last int `json:"last"`
}

type repairCash struct {
	Exact bool `json:"exact"`
}

type repairNode struct {
	N    int          `json:"n"`
	Kids []repairNode `json:"kids,omitzero"`
}

type repairAll struct {
	ID    int64            `json:"id"`
	Name  string           `json:"name,omitzero"`
	On    bool             `json:"on,omitzero"`
	Opt   *int             `json:"opt"`
	Lines []repairLine     `json:"lines,omitzero"`
	First repairLine       `json:"first,omitzero"`
	By    map[string]int   `json:"by,omitzero"`
	Any   any              `json:"any,omitzero"`
	When  time.Time        `json:"when,omitzero"`
	Took  time.Duration    `json:"took,omitzero"`
	Pay   *repairPay       `json:"pay,omitzero"`
	Tree  *repairNode      `json:"tree,omitzero"`
	Made  int              `json:"made,omitzero" readOnly:"true"`
	Enum  int              `json:"enum,omitzero" enum:"1,2,3"`
	Texts []string         `json:"texts,omitzero"`
	Maps  []map[string]any `json:"maps,omitzero"`
}

func repairType(t testing.TB) *Type {
	t.Helper()
	typ, err := NewRegistry().Compile(reflect.TypeFor[repairAll](), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

// A string is replaced by the JSON in it where the type wants that JSON and takes
// no string, at any depth, and nowhere else.
func TestRepair(t *testing.T) {
	typ := repairType(t)
	for in, want := range map[string]string{
		`{"id":"5"}`:                                        `{"id":5}`,
		`{"id":" -7 "}`:                                     `{"id":-7}`,
		`{"id":"9007199254740993"}`:                         `{"id":9007199254740993}`,
		`{"id":"5.0"}`:                                      `{"id":5.0}`,
		`{"id":"\u0035"}`:                                   `{"id":5}`,
		`{ "id" : "5" , "name" : "6" }`:                     `{ "id" : 5 , "name" : "6" }`,
		`{"on":"true","id":1}`:                              `{"on":true,"id":1}`,
		`{"opt":"null"}`:                                    `{"opt":null}`,
		`{"opt":"3"}`:                                       `{"opt":3}`,
		`{"lines":"[{\"qty\":\"2\"}]"}`:                     `{"lines":[{"qty":2}]}`,
		`{"lines":[{"qty":"2","cost":"1e3"}]}`:              `{"lines":[{"qty":2,"cost":1e3}]}`,
		`{"lines":["{\"qty\":2}"]}`:                         `{"lines":[{"qty":2}]}`,
		`{"first":"{\"qty\":1}"}`:                           `{"first":{"qty":1}}`,
		`{"by":{"a":"1","b":2}}`:                            `{"by":{"a":1,"b":2}}`,
		`{"pay":{"last":"12","kind":"card"}}`:               `{"pay":{"last":12,"kind":"card"}}`,
		`{"pay":"{\"kind\":\"cash\",\"exact\":\"false\"}"}`: `{"pay":{"kind":"cash","exact":false}}`,
		`{"tree":{"n":"1","kids":"[{\"n\":\"2\"}]"}}`:       `{"tree":{"n":1,"kids":[{"n":2}]}}`,
		`{"enum":"2"}`:                                      `{"enum":2}`,
		`"{\"id\":\"5\"}"`:                                  `{"id":5}`,
	} {
		got, n := typ.Repair([]byte(in))
		if string(got) != want || n == 0 {
			t.Errorf("%s\n got %s (%d)\nwant %s", in, got, n, want)
		}
	}
	for _, in := range []string{
		`{"name":"5"}`, `{"any":"5"}`, `{"any":{"id":"5"}}`, `{"when":"5"}`, `{"took":"5"}`, `{"id":"five"}`, `{"id":""}`, `{"id":"5.5"}`,
		`{"id":"05"}`, `{"id":"0x5"}`, `{"id":"5 6"}`, `{"id":"null"}`, `{"on":"yes"}`, `{"on":"1"}`, `{"made":"5"}`, `{"unknown":"5"}`,
		`{"lines":"[1"}`, `{"lines":"{}"}`, `{"first":"[]"}`, `{"id":"{}"}`, `{"texts":["5"]}`, `{"maps":[{"id":"5"}]}`,
		`{"pay":{"last":"12","kind":"cheque"}}`, `{"pay":{"last":"12"}}`, `{"id":`, `[`, ``, `"5"`, `{"id":"5"`,
	} {
		if got, n := typ.Repair([]byte(in)); n != 0 || string(got) != in {
			t.Errorf("%s became %s (%d)", in, got, n)
		}
	}
}

// Strings in strings do not nest without end.
func TestRepairDepth(t *testing.T) {
	typ := repairType(t)
	deep := `{"tree":` + strings.Repeat(`{"n":"1","kids":[`, 2*maxDepth) + strings.Repeat(`]}`, 2*maxDepth) + `}`
	if _, n := typ.Repair([]byte(deep)); n != 0 {
		t.Errorf("%d repairs below the limit", n)
	}
	text := `{"n":"1"}`
	for range 12 {
		text = `{"n":"1","kids":` + strconv.Quote("["+text+"]") + `}`
	}
	got, n := typ.Repair([]byte(`{"tree":` + text + `}`))
	if n != 25 || strings.Contains(string(got), `\`) {
		t.Errorf("%d repairs: %s", n, got)
	}
}

// What the type accepts is never changed; a repair is finished after one go; and
// numbers keep their digits.
func FuzzRepair(f *testing.F) {
	for _, seed := range []string{
		`{"id":"5"}`, `{"id":5,"name":"5","any":"[1]"}`, `"{\"id\":\"5\"}"`, `{"lines":"[{\"qty\":\"2\"}]"}`, `{"pay":{"kind":"card","last":"1"}}`,
		`{"opt":"null"}`, `{"by":{"a":"1"}}`, `{"tree":{"n":1,"kids":"[{\"n\":\"2\"}]"}}`, `{"id":"1e999999999"}`,
	} {
		f.Add([]byte(seed))
	}
	typ := repairType(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		before := string(data)
		repaired, n := typ.Repair(data)
		if string(data) != before {
			t.Fatal("the input was written to")
		}
		if n == 0 && string(repaired) != before {
			t.Fatalf("%q became %q without a repair", data, repaired)
		}
		var in repairAll
		if n > 0 && len(typ.Decode(context.Background(), data, &in)) == 0 {
			t.Fatalf("%q is valid and became %q", data, repaired)
		}
		if again, more := typ.Repair(repaired); more > 0 {
			t.Fatalf("%q became %q, then %q", data, repaired, again)
		}
	})
}
