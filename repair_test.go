package tandem

import (
	"context"
	"testing"
)

// Arguments that came as strings are taken where the call asks for that, counted
// if that was all, and never changed in the call.
func TestRepairedCall(t *testing.T) {
	svc := New("x", "1")
	type in struct {
		N int    `json:"n" minimum:"1"`
		S string `json:"s,omitzero"`
	}
	op := Register(svc, Operation{Name: "double"}, func(_ context.Context, in in) (int, error) { return 2 * in.N, nil })
	for _, c := range []struct {
		arguments string
		repair    bool
		repaired  int
		result    string
		errors    int
	}{
		{`{"n":"4"}`, true, 1, "8", 0},
		{`"{\"n\":\"4\"}"`, true, 2, "8", 0},
		{`{"n":4,"s":"5"}`, true, 0, "8", 0},
		{`{"n":"4"}`, false, 0, "", 1},
		{`{"n":"0"}`, true, 0, "", 1},
		{`{"n":"four"}`, true, 0, "", 1},
	} {
		call := &Call{Operation: op, Door: MCP, Arguments: []byte(c.arguments), Repair: c.repair}
		result, err := op.Invoke(t.Context(), call)
		fields := 0
		if e, ok := err.(*Error); ok {
			fields = len(e.Fields)
		}
		if string(result.JSON) != c.result || fields != c.errors || call.Repaired != c.repaired || string(call.Arguments) != c.arguments {
			t.Errorf("%s: %s, %v, %d repaired, arguments %s", c.arguments, result.JSON, err, call.Repaired, call.Arguments)
		}
	}
}
