package mcp

import (
	"strconv"
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
	headers := sessionOf(t, d)
	session := newServed(t, "{}", headers...)
	n := 0
	call := func() {
		n++
		session.data = strconv.AppendInt(append(session.data[:0], `{"jsonrpc":"2.0","id":`...), int64(n), 10)
		session.data = append(session.data, `,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ann"}}}`...)
		session.r.ContentLength = int64(len(session.data))
		session.serve(d)
	}
	if got := testing.AllocsPerRun(200, call); got > 30 {
		t.Errorf("call of a session: %v allocations, at most 30", got)
	}
	for name, c := range map[string]struct {
		body    string
		headers []string
		most    float64
	}{
		"modern call": {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ann"},` + modernMeta + `}}`, modernHeaders("tools/call", "greet"), 16},
		"modern list": {`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + modernMeta + `}}`, modernHeaders("tools/list", ""), 12},
	} {
		s := newServed(t, c.body, c.headers...)
		if got := testing.AllocsPerRun(200, func() { s.serve(d) }); got > c.most {
			t.Errorf("%s: %v allocations, at most %v", name, got, c.most)
		}
	}
}
