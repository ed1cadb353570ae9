package openapi_test

import (
	"context"
	"slices"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/openapi"
)

// The document says which operations take a key, whether they need one, and what a
// key can be refused with.
func TestIdempotencyKeys(t *testing.T) {
	svc := tandem.New("keys", "1")
	nothing := func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil }
	for name, mode := range map[string]tandem.Idempotency{"optional": tandem.Optional, "required": tandem.Required, "none": 0} {
		tandem.Register(svc, tandem.Operation{Name: name, Idempotency: mode}, nothing)
	}
	doc := decode(t, build(t, svc, openapi.Config{}).JSON())
	for name, takes := range map[string]bool{"optional": true, "required": true, "none": false} {
		op := at(doc, "/paths/~1"+name+"/post")
		statuses := names(at(op, "/responses"))
		if slices.Contains(statuses, "422") != takes || slices.Contains(statuses, "409") != takes {
			t.Errorf("%s can answer %v", name, statuses)
		}
		header := map[string]any{}
		if list, _ := at(op, "/parameters").([]any); len(list) > 0 {
			header = list[0].(map[string]any)
		}
		if (header["name"] == "Idempotency-Key") != takes || (header["required"] == true) != (name == "required") {
			t.Errorf("%s has the parameter %v", name, header)
		}
	}
}
