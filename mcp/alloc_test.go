package mcp

import (
	"testing"
)

// What a call costs in allocations, the operation's own included: see
// BenchmarkInvoke. The numbers do not depend on the machine; raise one only with
// a reason.
func TestAllocations(t *testing.T) {
	if testing.CoverMode() != "" || raceEnabled {
		t.Skip("instrumented code allocates otherwise")
	}
	d, _ := newDoor(t, Config{})
	for name, c := range map[string]struct {
		body    string
		headers []string
		most    float64
	}{
		"modern call": {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ann"},` + modernMeta + `}}`, modernHeaders("tools/call", "greet"), 18},
		"modern list": {`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + modernMeta + `}}`, modernHeaders("tools/list", ""), 12},
	} {
		s := newServed(t, c.body, c.headers...)
		if got := testing.AllocsPerRun(200, func() { s.serve(d) }); got > c.most {
			t.Errorf("%s: %v allocations, at most %v", name, got, c.most)
		}
	}
}
