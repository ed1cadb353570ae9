package mcp

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
)

// Every hint is explicit, and says what the operation says.
func TestAnnotations(t *testing.T) {
	svc := tandem.New("x", "1")
	h := func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil }
	tandem.Register(svc, tandem.Operation{Name: "get", Method: "GET", Title: "Get it"}, h)
	tandem.Register(svc, tandem.Operation{Name: "delete", Method: "DELETE", Path: "/x"}, h)
	tandem.Register(svc, tandem.Operation{Name: "post", OpenWorld: true}, h)
	want := map[string]annotations{
		"get":    {Title: "Get it", ReadOnly: true, Idempotent: true},
		"delete": {Destructive: true, Idempotent: true},
		"post":   {OpenWorld: true},
	}
	for _, op := range svc.Operations() {
		encoded, _, err := encodeTool(op)
		if err != nil {
			t.Fatal(err)
		}
		var got definition
		if err := json.Unmarshal(encoded, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[op.Name], got.Annotations); diff != "" {
			t.Errorf("%s: %s", op.Name, diff)
		}
		for _, hint := range []string{"readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"} {
			if !strings.Contains(string(encoded), `"`+hint+`":`) {
				t.Errorf("%s is not there: %s", hint, encoded)
			}
		}
	}
}

// An output that is no object becomes one, with the definitions at the root.
func TestObjectSchema(t *testing.T) {
	for schema, want := range map[string]string{
		`{"type":"object","properties":{}}`: `{"type":"object","properties":{}}`,
		`{"type":"string"}`:                 `{"type":"object","properties":{"result":{"type":"string"}},"required":["result"],"additionalProperties":false}`,
		`{}`:                                `{"type":"object","properties":{"result":{}},"required":["result"],"additionalProperties":false}`,
		`{"type":["object","null"]}`:        `{"type":"object","properties":{"result":{"type":["object","null"]}},"required":["result"],"additionalProperties":false}`,
		`{"$defs":{"A":{}},"anyOf":[{"$ref":"#/$defs/A"}]}`: `{"type":"object","properties":{"result":{"anyOf":[{"$ref":"#/$defs/A"}]}},"required":["result"],"additionalProperties":false,"$defs":{"A":{}}}`,
		`{"type":"array","items":{"a":1},"$defs":{"A":{}}}`: `{"type":"object","properties":{"result":{"type":"array","items":{"a":1}}},"required":["result"],"additionalProperties":false,"$defs":{"A":{}}}`,
		`{"type":"object","$defs":{"A":{"type":"object"}}}`: `{"type":"object","$defs":{"A":{"type":"object"}}}`,
	} {
		got, wrapped, err := objectSchema([]byte(schema))
		if err != nil || string(got) != want || wrapped != (schema != want) {
			t.Errorf("%s: wrapped %v, %v\n got %s\nwant %s", schema, wrapped, err, got, want)
		}
	}
}

// The pages of a list are in the order of registration, whole and without
// repetition, the same on every request; cursors stay good when tools are added.
func TestPagination(t *testing.T) {
	svc := tandem.New("x", "1")
	add := func(n int) {
		tandem.Register(svc, tandem.Operation{Name: fmt.Sprintf("tool_%02d", n)}, func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	}
	d, err := New(svc, Config{PageSize: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if got := pageSizes(t, d, nil); fmt.Sprint(got) != "[0]" {
		t.Errorf("pages of an empty service: %v", got)
	}
	for n := range 8 {
		add(n)
	}
	if got := pageSizes(t, d, nil); fmt.Sprint(got) != "[4 4]" {
		t.Errorf("pages: %v", got)
	}
	first, err := pageText(t.Context(), d, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	cursor := nextCursor(t, first)
	add(8)
	if got := pageSizes(t, d, nil); fmt.Sprint(got) != "[4 4 1]" {
		t.Errorf("pages after one more: %v", got)
	}
	page, err := pageText(t.Context(), d, true, appendString(nil, []byte(cursor)))
	if err != nil || !strings.Contains(string(page), `"tool_04"`) || strings.Contains(string(page), `"tool_03"`) {
		t.Errorf("the old cursor gives %s, %v", page, err)
	}
	if _, err := d.catalog(); err != nil {
		t.Error(err)
	}
}

// pageText returns a page of tools as its caller gets it.
func pageText(ctx context.Context, d *Door, modern bool, cursor []byte) ([]byte, error) {
	p, err := d.toolsPage(ctx, modern, cursor)
	return slices.Concat(p.head, d.cursor(ctx, tools, p.next), p.tail), err
}

// pageSizes follows the cursors of a list and returns the sizes of its pages.
func pageSizes(t *testing.T, d *Door, cursor []byte) (sizes []int) {
	t.Helper()
	for seen := 0; ; {
		page, err := pageText(t.Context(), d, false, cursor)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Tools []struct{ Name string }
		}
		if err := json.Unmarshal(page, &got, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatal(err)
		}
		for _, tool := range got.Tools {
			if want := fmt.Sprintf("tool_%02d", seen); tool.Name != want {
				t.Errorf("tool %s where %s belongs", tool.Name, want)
			}
			seen++
		}
		sizes = append(sizes, len(got.Tools))
		next := nextCursor(t, page)
		if next == "" {
			return sizes
		}
		cursor = appendString(nil, []byte(next))
	}
}

func nextCursor(t *testing.T, page []byte) string {
	t.Helper()
	var got struct {
		NextCursor string `json:"nextCursor"`
	}
	if err := json.Unmarshal(page, &got); err != nil {
		t.Fatal(err)
	}
	return got.NextCursor
}

// An operation that is registered while the door serves can be called at once.
func TestLateOperation(t *testing.T) {
	srv, d, _ := newServer(t, Config{})
	tandem.Register(d.svc, tandem.Operation{Name: "late"}, func(context.Context, struct{}) (greetOut, error) { return greetOut{Text: "here"}, nil })
	a := post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"late",`+modernMeta+`}}`, modernHeaders("tools/call", "late")...)
	if a.status != http.StatusOK || !strings.Contains(a.body, "here") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A wrong configuration is named.
func TestConfigRefused(t *testing.T) {
	svc := tandem.New("x", "1")
	for name, cfg := range map[string]Config{
		"Config.MaxBody":    {MaxBody: -1},
		"Config.PageSize":   {PageSize: -1},
		"Config.Heartbeat":  {Heartbeat: -1},
		"Config.MaxStreams": {MaxStreams: -1},
		"Limits.Sessions":   {Limits: sessionLimits(-1)},
	} {
		if _, err := New(svc, cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
