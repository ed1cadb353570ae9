package mcp

import (
	"fmt"
	"strings"
	"testing"
)

// Arguments that came as strings are taken in every way, unless the door is told
// not to; what a string may be stays a string.
func TestRepairedArguments(t *testing.T) {
	for _, off := range []bool{false, true} {
		srv, d, _ := newServer(t, Config{NoRepair: off})
		for _, w := range ways(t, srv, d, "") {
			for _, c := range []struct{ name, arguments, want string }{
				{"list", `{"to":"2"}`, `[0,1]`},
				{"list", `"{\"to\":2}"`, `[0,1]`},
				{"list", `"{\"to\":\"2\"}"`, `[0,1]`},
			} {
				got := w.ask(t, methodToolsCall, fmt.Sprintf(`"name":"%s","arguments":%s`, c.name, c.arguments))
				if strings.Contains(got, `"text":"`+c.want+`"`) == off || strings.Contains(got, `"isError":true`) != off {
					t.Errorf("off %v, %s %s: %s became %s", off, w.name, w.revision, c.arguments, got)
				}
			}
			if got := w.ask(t, methodToolsCall, `"name":"greet","arguments":{"name":"5"}`); !strings.Contains(got, "Hello, 5!") {
				t.Errorf("off %v, %s %s: %s", off, w.name, w.revision, got)
			}
			if got := w.ask(t, methodToolsCall, `"name":"list","arguments":{"to":"two"}`); !strings.Contains(got, "must be an integer, but is a string") {
				t.Errorf("off %v, %s %s: %s", off, w.name, w.revision, got)
			}
		}
	}
}
