package schema

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"
)

type ownDocument struct {
	Name string `json:"name"`
	Home struct {
		Street string `json:"street"`
	} `json:"home"`
}

const ownSchema = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",` +
	`"$defs":{"address":{"$anchor":"address","type":"object","required":["street"]}},` +
	`"properties":{"name":{"type":"string"},"home":{"$ref":"#address"}},"additionalProperties":false}`

func (ownDocument) JSONSchema() json.RawMessage { return json.RawMessage(ownSchema) }

type noObject string

func (noObject) JSONSchema() json.RawMessage { return json.RawMessage(`{"type":"string"}`) }

// A schema that is a document of its own is emitted word for word and enforced,
// references included; in place of a property it would be refused.
func TestCompileDocument(t *testing.T) {
	r := NewRegistry()
	own, err := r.CompileDocument(reflect.TypeFor[ownDocument]())
	if err != nil {
		t.Fatal(err)
	}
	if string(own.Input()) != ownSchema {
		t.Errorf("emitted %s", own.Input())
	}
	var v ownDocument
	if errs := own.Decode(context.Background(), []byte(`{"name":"Ada","home":{"street":"Main"}}`), &v); len(errs) > 0 || v.Home.Street != "Main" {
		t.Errorf("got %+v, %v", v, errs)
	}
	if errs := own.Decode(context.Background(), []byte(`{"home":{}}`), &v); len(errs) != 1 || errs[0].Pointer != "/home" {
		t.Errorf("got %v", errs)
	}
	if _, err := r.Compile(reflect.TypeFor[struct{ In ownDocument }](), Options{}); err == nil {
		t.Error("it was compiled in place of a property")
	}
	if _, err := r.CompileDocument(reflect.TypeFor[noObject]()); err == nil {
		t.Error("a string is no arguments object")
	}
}
