package mcp

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// A message that is not JSON is -32700, one that is not JSON-RPC is -32600
// (JSON-RPC 2.0, section 5.1), and the id is echoed only where it is one.
func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		code int
		id   string
	}{
		"empty":                 {``, codeParse, ``},
		"white space":           {"  \n", codeParse, ``},
		"half":                  {`{"jsonrpc":"2.0","id":1,"method":"ping"`, codeParse, ``},
		"bad literal":           {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":tru}}`, codeParse, ``},
		"leading zero":          {`{"jsonrpc":"2.0","id":01,"method":"ping"}`, codeParse, ``},
		"bare minus":            {`{"jsonrpc":"2.0","id":-,"method":"ping"}`, codeParse, ``},
		"trailing bytes":        {`{"jsonrpc":"2.0","id":1,"method":"ping"} x`, codeParse, ``},
		"two documents":         {`{"jsonrpc":"2.0","id":1,"method":"ping"}{}`, codeParse, ``},
		"trailing comma":        {`{"jsonrpc":"2.0","id":1,"method":"ping",}`, codeParse, ``},
		"control in string":     {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"p\ning\"}", codeParse, ``},
		"bad escape":            {`{"jsonrpc":"2.0","id":1,"method":"\x"}`, codeParse, ``},
		"lone surrogate":        {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\ud800"}}`, codeParse, ``},
		"low surrogate":         {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\udc00"}}`, codeParse, ``},
		"half a pair":           {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\ud800x"}}`, codeParse, ``},
		"invalid UTF-8":         {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", codeParse, ``},
		"NUL":                   {"\x00", codeParse, ``},
		"deep arrays":           {`{"jsonrpc":"2.0","id":1,"method":"x","params":{"a":` + strings.Repeat("[", 100_000), codeParse, ``},
		"deep objects":          {strings.Repeat(`{"params":`, 100_000), codeParse, ``},
		"not an object":         {`"hello"`, codeInvalidRequest, ``},
		"no version":            {`{"id":1,"method":"ping"}`, codeInvalidRequest, `1`},
		"version 1":             {`{"jsonrpc":"1.0","id":1,"method":"ping"}`, codeInvalidRequest, `1`},
		"null id":               {`{"jsonrpc":"2.0","id":null,"method":"ping"}`, codeInvalidRequest, ``},
		"fraction id":           {`{"jsonrpc":"2.0","id":1.5,"method":"ping"}`, codeInvalidRequest, ``},
		"exponent id":           {`{"jsonrpc":"2.0","id":1e3,"method":"ping"}`, codeInvalidRequest, ``},
		"object id":             {`{"jsonrpc":"2.0","id":{},"method":"ping"}`, codeInvalidRequest, ``},
		"endless id":            {`{"jsonrpc":"2.0","id":"` + strings.Repeat("x", maxID) + `","method":"ping"}`, codeInvalidRequest, ``},
		"boolean id":            {`{"jsonrpc":"2.0","id":true,"method":"ping"}`, codeInvalidRequest, ``},
		"method not a string":   {`{"jsonrpc":"2.0","id":1,"method":1}`, codeInvalidRequest, `1`},
		"no method":             {`{"jsonrpc":"2.0","id":1}`, codeInvalidRequest, `1`},
		"params an array":       {`{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}`, codeInvalidRequest, `1`},
		"params a string":       {`{"jsonrpc":"2.0","id":1,"method":"ping","params":"x"}`, codeInvalidRequest, `1`},
		"two methods":           {`{"jsonrpc":"2.0","id":1,"method":"ping","method":"ping"}`, codeInvalidRequest, `1`},
		"two ids":               {`{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}`, codeInvalidRequest, `1`},
		"two params":            {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{},"params":{}}`, codeInvalidRequest, `1`},
		"two escaped names":     {`{"jsonrpc":"2.0","id":1,"method":"ping","\u006dethod":"pong"}`, codeInvalidRequest, `1`},
		"two tool names":        {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}}`, codeInvalidRequest, `1`},
		"two arguments":         {`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{},"arguments":{}}}`, codeInvalidRequest, `1`},
		"two metas":             {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{},"_meta":{}}}`, codeInvalidRequest, `1`},
		"two tokens":            {`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"progressToken":1,"progressToken":2}}}`, codeInvalidRequest, `1`},
		"method and result":     {`{"jsonrpc":"2.0","id":1,"method":"ping","result":{}}`, codeInvalidRequest, `1`},
		"result and error":      {`{"jsonrpc":"2.0","id":1,"result":{},"error":{}}`, codeInvalidRequest, `1`},
		"result without an id":  {`{"jsonrpc":"2.0","result":{}}`, codeInvalidRequest, ``},
		"a string id is echoed": {`{"jsonrpc":"2.0","id":"x\"y","method":1}`, codeInvalidRequest, `"x\"y"`},
	} {
		t.Run(name, func(t *testing.T) {
			var m message
			var e *rpcError
			if err := parse([]byte(c.data), &m); !errors.As(err, &e) || e.code != c.code {
				t.Fatalf("parse: %v, want code %d", err, c.code)
			}
			if string(m.id) != c.id {
				t.Errorf("id %q, want %q", m.id, c.id)
			}
		})
	}
}

// Arguments and _meta reach the operation as the bytes that came in.
func TestParseKeepsBytes(t *testing.T) {
	const arguments = `{ "n": 9007199254740993, "s":"\u00e9" , "a" : [1e400] }`
	const metaObject = `{"progressToken":  "t" , "other":{"a":1}}`
	var m message
	err := parse([]byte("\n {\"id\": 7 , \"params\":{\"arguments\":"+arguments+",\"name\":\"n\\u0061me\",\"_meta\":"+metaObject+"},\"method\":\"tools\\/call\",\"jsonrpc\":\"2.0\"}\r\n"), &m)
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []struct{ name, have, want string }{
		{"arguments", string(m.params.arguments), arguments},
		{"_meta", string(m.params.meta.raw), metaObject},
		{"progressToken", string(m.params.meta.progressToken), `"t"`},
		{"id", string(m.id), "7"},
		{"method", string(m.method), "tools/call"},
		{"name", string(unquote(m.params.name)), "name"},
	} {
		if got.have != got.want {
			t.Errorf("%s: %q, want %q", got.name, got.have, got.want)
		}
	}
}

// A call's key is the same for ids that are equal, and not for 1 and "1".
func TestCallKey(t *testing.T) {
	if a, b := callKey([]byte(`"a\u0062c"`)), callKey([]byte(`"abc"`)); a != b {
		t.Errorf("equal ids have keys %q and %q", a, b)
	}
	if a, b := callKey([]byte("1")), callKey([]byte(`"1"`)); a == b {
		t.Errorf("1 and %q share the key %q", "1", a)
	}
}

// The scanner agrees with an independent parser on what is JSON, never crashes,
// and what it reports of a message is part of it.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"b":[1,-2.5e-3,"\ud83d\ude00",null,true,{}]},"_meta":{"progressToken":1}}}`))
	f.Add([]byte(`[{"jsonrpc":"2.0","method":"x"},1]`))
	f.Add([]byte(`{"a":{"a":1,"a":2}}`))
	f.Add([]byte("{\"jsonrpc\":\"2.0\",\"id\":\"\xff\"}"))
	f.Add([]byte(`{"jsonrpc":"2.0","id":-0,"result":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Count(data, []byte("["))+bytes.Count(data, []byte("{")) > 5000 {
			return // the two parsers have different bounds of depth
		}
		var m message
		err := parse(data, &m)
		var e *rpcError
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("error %T", err)
		}
		valid := jsontext.Value(data).IsValid(jsontext.AllowDuplicateNames(true))
		if syntax := e == nil || e.code != codeParse; syntax != valid && !(e != nil && strings.Contains(e.message, errDuplicate.Error())) {
			t.Errorf("%q: parse says %v, valid JSON is %v", data, err, valid)
		}
		if err == nil && m.kind == request && !isString(m.id) && !isInteger(m.id) {
			t.Errorf("%q: a request with the id %q", data, m.id)
		}
		if escaped := appendString(nil, data); !jsontext.Value(escaped).IsValid() {
			t.Errorf("%q becomes the string %s", data, escaped)
		}
		if _, _, err := parseBatch(data); err == nil && !valid {
			t.Errorf("%q: a batch that is not JSON", data)
		}
	})
}
