package schema

import (
	"reflect"
	"testing"
)

type line struct {
	SKU      string  `json:"sku" minLength:"1" maxLength:"32"`
	Quantity int     `json:"quantity" minimum:"1" maximum:"1000"`
	Price    float64 `json:"price" minimum:"0"`
	Gift     bool    `json:"gift,omitzero"`
}

type order struct {
	ID        string   `json:"id" format:"uuid"`
	Warehouse string   `json:"warehouse" default:"default"`
	Reason    reason   `json:"reason"`
	Priority  int64    `json:"priority,omitzero"`
	Lines     []line   `json:"lines" minItems:"1"`
	Tags      []string `json:"tags,omitempty" enum:"new,old,urgent"`
}

const (
	smallDoc = `{"sku":"SKU-1042","quantity":3,"price":12.5}`
	orderDoc = `{"id":"123e4567-e89b-12d3-a456-426614174000","reason":"sale","priority":7,"lines":[{"sku":"SKU-1042","quantity":3,"price":12.5},` +
		`{"sku":"SKU-1043","quantity":30,"price":1.25,"gift":true},{"sku":"SKU-1044","quantity":300,"price":0.1}],"tags":["new","urgent"]}`
)

func benchmarkDecode[T any](b *testing.B, doc string) {
	typ := compile(b, reflect.TypeFor[T](), Options{})
	var v T
	b.ReportAllocs()
	b.SetBytes(int64(len(doc)))
	for b.Loop() {
		if errs := typ.Decode(b.Context(), []byte(doc), &v); errs != nil {
			b.Fatal(errs)
		}
	}
}

func BenchmarkDecodeSmall(b *testing.B) { benchmarkDecode[line](b, smallDoc) }
func BenchmarkDecodeOrder(b *testing.B) { benchmarkDecode[order](b, orderDoc) }

func BenchmarkAppendOrder(b *testing.B) {
	typ := compile(b, reflect.TypeFor[order](), Options{})
	v, errs := decode[order](b, orderDoc)
	if errs != nil {
		b.Fatal(errs)
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if dst, err = typ.Append(dst[:0], &v); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAllocations: what a plan can hold is not allocated anew. The counts are of what the value itself needs.
func TestAllocations(t *testing.T) {
	typ := compile(t, reflect.TypeFor[line](), Options{})
	var v line
	doc := []byte(smallDoc)
	ctx := t.Context()
	if n := testing.AllocsPerRun(200, func() { typ.Decode(ctx, doc, &v) }); n > 2 { // the string, and a margin for the pool
		t.Errorf("Decode allocates %v times", n)
	}
	var dst []byte
	if n := testing.AllocsPerRun(200, func() { dst, _ = typ.Append(dst[:0], &v) }); n > 1 {
		t.Errorf("Append allocates %v times", n)
	}
}
