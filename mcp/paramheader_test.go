package mcp

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

type mirroredIn struct {
	Region string `json:"region,omitzero" mcpHeader:"Region"`
	Count  int    `json:"count,omitzero" minimum:"0" maximum:"100" mcpHeader:"count"`
	Deep   struct {
		On bool `json:"on,omitzero" mcpHeader:"On"`
	} `json:"deep,omitzero"`
}

func mirrorDoor(t testing.TB, cfg Config) *Door {
	t.Helper()
	svc := tandem.New("x", "1")
	tandem.Register(svc, tandem.Operation{Name: "mirrored"}, func(context.Context, mirroredIn) (struct{}, error) { return struct{}{}, nil })
	tandem.Register(svc, tandem.Operation{Name: "plain"}, func(context.Context, greetIn) (struct{}, error) { return struct{}{}, nil })
	d, err := New(svc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Headers that mirror parameters agree with the body in 2026-07-28, section "Server
// Behavior for Custom Headers".
func TestParamHeaders(t *testing.T) {
	d := mirrorDoor(t, Config{})
	for name, c := range map[string]struct {
		arguments string
		headers   []string
		ok        bool
	}{
		"none":                       {`{}`, nil, true},
		"no arguments":               {``, nil, true},
		"null":                       {`{"region":null}`, nil, true}, // refused as an argument, not as a header
		"text":                       {`{"region":"eu"}`, []string{"Mcp-Param-Region: eu"}, true},
		"any case of the name":       {`{"region":"eu"}`, []string{"mCP-pARAM-rEGION: eu"}, true},
		"base64":                     {`{"region":"Zürich"}`, []string{"Mcp-Param-Region: =?base64?WsO8cmljaA==?="}, true},
		"spaces":                     {`{"region":" eu "}`, []string{"Mcp-Param-Region: =?base64?IGV1IA==?="}, true},
		"looks like base64":          {`{"region":"=?base64?literal?="}`, []string{"Mcp-Param-Region: =?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="}, true},
		"number":                     {`{"count":42}`, []string{"Mcp-Param-Count: 42"}, true},
		"number by value":            {`{"count":42}`, []string{"Mcp-Param-Count: 42.0"}, true},
		"nested":                     {`{"deep":{"on":true}}`, []string{"Mcp-Param-On: true"}, true},
		"all":                        {`{"region":"a","count":1,"deep":{"on":false}}`, []string{"Mcp-Param-Region: a", "Mcp-Param-Count: 1", "Mcp-Param-On: false"}, true},
		"of another tool":            {`{}`, []string{"Mcp-Param-Other: x"}, true},
		"twice the same":             {`{"region":"eu"}`, []string{"Mcp-Param-Region: eu", "Mcp-Param-Region: eu"}, true},
		"empty":                      {`{"region":""}`, []string{"Mcp-Param-Region: "}, true},
		"a stringified number":       {`{"count":"42"}`, []string{"Mcp-Param-Count: 42"}, true},
		"missing":                    {`{"region":"eu"}`, nil, false},
		"missing nested":             {`{"deep":{"on":true}}`, nil, false},
		"another":                    {`{"region":"eu"}`, []string{"Mcp-Param-Region: us"}, false},
		"another case":               {`{"region":"eu"}`, []string{"Mcp-Param-Region: EU"}, false},
		"without a value":            {`{}`, []string{"Mcp-Param-Region: eu"}, false},
		"for null":                   {`{"region":null}`, []string{"Mcp-Param-Region: null"}, false},
		"twice":                      {`{"region":"eu"}`, []string{"Mcp-Param-Region: eu", "Mcp-Param-Region: us"}, false},
		"broken base64":              {`{"region":"eu"}`, []string{"Mcp-Param-Region: =?base64?ZXU?="}, false},
		"bytes":                      {`{"region":"ü"}`, []string{"Mcp-Param-Region: ü"}, false},
		"another number":             {`{"count":42}`, []string{"Mcp-Param-Count: 43"}, false},
		"hidden in a string":         {`"{\"region\":\"eu\"}"`, nil, false},
		"hidden in a nested string":  {`{"deep":"{\"on\":true}"}`, nil, false},
		"told of one hidden so":      {`"{\"region\":\"eu\"}"`, []string{"Mcp-Param-Region: eu"}, true},
		"an escaped member's name":   {`{"\u0072egion":"eu"}`, nil, false},
		"an escaped name and header": {`{"\u0072egion":"eu"}`, []string{"Mcp-Param-Region: eu"}, true},
	} {
		params := `"name":"mirrored"`
		if c.arguments != "" {
			params += `,"arguments":` + c.arguments
		}
		s := newServed(t, requestBody(methodToolsCall, params, modernMeta), append(modernHeaders(methodToolsCall, "mirrored"), c.headers...)...)
		w := recorded(d, s)
		if refused := w.status == http.StatusBadRequest && strings.Contains(w.body, `"code":-32020`); refused == c.ok || !refused && w.status != http.StatusOK {
			t.Errorf("%s: status %d %s", name, w.status, w.body)
		}
	}
}

// Only 2026-07-28 over HTTP has these headers, and only the tool that says so.
func TestParamHeadersElsewhere(t *testing.T) {
	d := mirrorDoor(t, Config{})
	for _, revision := range allRevisions {
		got := askStdio(t, d, revision)(t, methodToolsCall, `"name":"mirrored","arguments":{"region":"eu"}`)
		if strings.Contains(got, "error") {
			t.Errorf("stdio %s: %s", revision, got)
		}
	}
	s := newServed(t, requestBody(methodToolsCall, `"name":"plain","arguments":{"name":"x"}`, modernMeta), append(modernHeaders(methodToolsCall, "plain"), "Mcp-Param-Region: eu")...)
	if w := recorded(d, s); w.status != http.StatusOK {
		t.Errorf("a header that this tool does not know: %d %s", w.status, w.body)
	}
	page, err := pageText(t.Context(), d, true, nil)
	if err != nil || !strings.Contains(string(page), `"x-mcp-header":"Region"`) {
		t.Errorf("%s, %v", page, err)
	}
}

// recorded serves the request and returns the response.
func recorded(d *Door, s *served) answerOf {
	w := httptest.NewRecorder()
	s.body.Reset(s.data)
	s.r.Body = s.body
	d.ServeHTTP(w, s.r)
	return answerOf{status: w.Code, header: w.Header(), body: w.Body.String()}
}
