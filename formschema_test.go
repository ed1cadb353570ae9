package tandem_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
)

// A form is asked with what MCP's forms know, in the order of its fields: clients
// refuse a form with a format or a list of types.
func TestFormSchema(t *testing.T) {
	var form struct {
		Zip   *string   `json:"zip" title:"Zip"`
		ID    string    `json:"id,omitzero" format:"uuid" pattern:"^x" minLength:"1"`
		Mail  string    `json:"mail" format:"email" doc:"Where to"`
		Count int       `json:"count" default:"3"`
		Some  uint8     `json:"some" example:"4"`
		Tags  []string  `json:"tags,omitzero" enum:"x,y"`
		At    time.Time `json:"at"`
		Rate  float64   `json:"rate" exclusiveMinimum:"0" maximum:"2"`
	}
	var params struct {
		Schema json.RawMessage `json:"requestedSchema"`
	}
	if err := json.Unmarshal(tandem.Form("?", &form).Params, &params); err != nil {
		t.Fatal(err)
	}
	const want = `{"type":"object","properties":{` +
		`"zip":{"title":"Zip","type":"string"},` +
		`"id":{"type":"string","minLength":1},` +
		`"mail":{"description":"Where to","type":"string","format":"email"},` +
		`"count":{"type":"integer","default":3},` +
		`"some":{"type":"integer","minimum":0,"maximum":255},` +
		`"tags":{"type":"array","items":{"type":"string","enum":["x","y"]}},` +
		`"at":{"type":"string","format":"date-time"},` +
		`"rate":{"type":"number","maximum":2}},` +
		`"required":["mail","some","at","rate"]}`
	if string(params.Schema) != want {
		t.Errorf("got  %s\nwant %s", params.Schema, want)
	}
}
