package schema_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/tandem-go/tandem/internal/schema"
)

type productQuery struct {
	SKU             string    `json:"sku" doc:"Product stock-keeping unit identifier" minLength:"1" example:"SKU-1042"`
	WarehouseID     string    `json:"warehouse_id,omitzero" doc:"Warehouse to query" default:"default"`
	IncludeVariants bool      `json:"include_variants,omitzero" doc:"Include product variants"`
	Limit           int       `json:"limit" default:"20" minimum:"1" maximum:"100"`
	Tags            []string  `json:"tags" enum:"a,b" maxItems:"3"`
	Sub             *sub      `json:"sub"`
	At              time.Time `json:"at,omitzero"`
}
type sub struct {
	X    float64        `json:"x"`
	Kids []sub          `json:"kids,omitempty"`
	M    map[string]int `json:"m,omitempty"`
}

func TestSmoke(t *testing.T) {
	r := schema.NewRegistry()
	ty, err := r.Compile(reflect.TypeFor[productQuery](), schema.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s\n%s\n%s", ty.Input(), ty.Output(), ty.Ref())
	for _, n := range []string{"ProductQuery", "Sub"} {
		b, _ := r.Component(n)
		t.Logf("%s %s", n, b)
	}
	var q productQuery
	errs := ty.Decode(t.Context(), []byte(`{"sku":"x","tags":["a"],"sub":null}`), &q)
	t.Logf("%+v %+v", q, errs)
	b, err := ty.Append(nil, q)
	t.Logf("%s %v", b, err)
	errs = ty.Decode(t.Context(), []byte(`{"sku":"","sku":3,"tag":1,"limit":1e400,"tags":["a","bb",3],"sub":{"x":"1","kids":[{"x":1},{"m":{"a":1.5}}]},"at":"x"}`), &q)
	for _, e := range errs {
		b, _ := json.Marshal(e)
		t.Logf("%s", b)
	}
}
