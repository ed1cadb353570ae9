package mcp

import "testing"

func TestSmoke(t *testing.T) {
	srv, _, _ := newServer(t, Config{})
	a := post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ann"},`+modernMeta+`}}`, modernHeaders("tools/call", "greet")...)
	t.Log(a)
	a = post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{`+modernMeta+`}}`, modernHeaders("server/discover", "")...)
	t.Log(a)
	a = post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{`+modernMeta+`}}`, modernHeaders("tools/list", "")...)
	t.Log(a)
	s := initialize(t, srv.URL+"/mcp", "2025-11-25")
	a = post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count","arguments":{"to":3},"_meta":{"progressToken":"x"}}}`, s...)
	t.Log(a)
	a = post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"list","arguments":{"to":3}}}`, s...)
	t.Log(a)
}
