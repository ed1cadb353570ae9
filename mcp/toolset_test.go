package mcp

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tandem-go/tandem"
)

// The URL chooses toolsets, in every revision over HTTP: what is in none of them is
// neither listed nor reached, by the same words as what does not exist.
func TestToolsets(t *testing.T) {
	srv, d := newFeatureServer(t, Config{})
	d.Server().AddPrompt(&sdk.Prompt{Name: "extra"}, func(context.Context, *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		return &sdk.GetPromptResult{}, nil
	})
	for query, want := range map[string]map[string]string{
		"?toolset=stock":                     {"tools/list": "product", "resources/list": "all", "resources/templates/list": "product", "prompts/list": "plan"},
		"?toolset=media,stock":               {"tools/list": "product show nothing", "resources/list": "all", "prompts/list": "plan"},
		"?toolset=stock&toolset=%20media%20": {"tools/list": "product show nothing"},
		"?toolset=":                          {"tools/list": "product show nothing wipe", "prompts/list": "plan audit extra"},
		"?other=1":                           {"tools/list": "product show nothing wipe"},
	} {
		for _, w := range ways(t, srv, d, query) {
			for method, names := range want {
				if got := strings.Join(listed(t, w, method), " "); got != names {
					t.Errorf("%s %s%s: %s is %q, want %q", w.name, w.revision, query, method, got, names)
				}
			}
		}
	}
	for _, w := range ways(t, srv, d, "?toolset=stock") {
		for _, r := range []struct{ method, outside, nowhere string }{
			{methodToolsCall, "wipe", "nope"},
			{methodGetPrompt, "audit", "nope!"},
			{methodGetPrompt, "extra", "nope!"},
			{methodRead, "stock://logo", "stock://none"},
		} {
			member := `"name":"`
			if r.method == methodRead {
				member = `"uri":"`
			}
			outside := withoutID(w.ask(t, r.method, member+r.outside+`"`))
			nowhere := withoutID(w.ask(t, r.method, member+r.nowhere+`"`))
			if !strings.HasPrefix(outside, "error") || strings.ReplaceAll(outside, r.outside, r.nowhere) != nowhere {
				t.Errorf("%s %s: %s answers\n%s, but\n%s", w.name, w.revision, r.outside, outside, nowhere)
			}
		}
	}
}

// A toolset that the service does not have is refused by name.
func TestUnknownToolset(t *testing.T) {
	for _, hide := range []bool{false, true} {
		srv, _ := newFeatureServer(t, Config{HideForbidden: hide})
		const query = "?toolset=stock,nope"
		for name, a := range map[string]answerOf{
			"modern":     post(t, srv.URL+"/mcp"+query, requestBody("tools/list", "", modernMeta), modernHeaders("tools/list", "")...),
			"initialize": post(t, srv.URL+"/mcp"+query, initializeSSE),
			"batch":      post(t, srv.URL+"/mcp"+query, "["+initializeSSE+"]"),
			"sse":        do(t, http.MethodGet, srv.URL+"/mcp/sse"+query, "", "Accept: text/event-stream"),
		} {
			if a.status != http.StatusBadRequest || !strings.Contains(a.body, `"code":-32602`) || !strings.Contains(a.body, "unknown toolset: nope") {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
			if strings.Contains(a.body, "media") == hide {
				t.Errorf("%s: hide %v: %s", name, hide, a.body)
			}
		}
	}
}

// A session of Streamable HTTP goes by the URL of each request.
func TestToolsetOfEachRequest(t *testing.T) {
	srv, _ := newFeatureServer(t, Config{})
	session := initialize(t, srv.URL+"/mcp?toolset=media", rev20251125)
	for i, c := range []struct{ query, has string }{{"?toolset=stock", "product"}, {"?toolset=media", "show"}, {"", "wipe"}} {
		a := post(t, srv.URL+"/mcp"+c.query, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/list"}`, i), session...)
		if !strings.Contains(a.body, `"name":"`+c.has+`"`) {
			t.Errorf("%s: %s", c.query, a.body)
		}
	}
}

// By default everything is listed for everybody, and a call is refused with what it
// lacks. With HideForbidden what the caller may not use is not there at all, and
// lists are private.
func TestHideForbidden(t *testing.T) {
	for _, hide := range []bool{false, true} {
		srv, d := newFeatureServer(t, Config{HideForbidden: hide})
		for scopes, admin := range map[string]bool{"": false, "other": false, "admin": true, "*": true} {
			headers := []string{"X-User: ann", "X-Scopes: " + scopes}
			for _, w := range ways(t, srv, d, "", headers...) {
				seen := !hide || admin
				for method, name := range map[string]string{"tools/list": "wipe", "prompts/list": "audit", "resources/list": "keys"} {
					page := w.ask(t, method, "")
					if strings.Contains(page, `"name":"`+name+`"`) != seen {
						t.Errorf("hide %v, scopes %q, %s %s: %s", hide, scopes, w.name, w.revision, page)
					}
					if isModern(w.revision) && strings.Contains(page, `"cacheScope":"private"`) != hide {
						t.Errorf("hide %v: %s", hide, page)
					}
				}
				checkHidden(t, w, hide, admin)
			}
		}
	}
}

// checkHidden compares what is forbidden with what does not exist.
func checkHidden(t *testing.T, w way, hide, admin bool) {
	t.Helper()
	for _, r := range []struct{ method, params, forbidden, nowhere string }{
		{methodToolsCall, `"name":"%s"`, "wipe", "nope"},
		{methodGetPrompt, `"name":"%s"`, "audit", "nope!"},
		{methodRead, `"uri":"%s"`, "stock://keys", "stock://none"},
		{methodComplete, `"ref":{"type":"ref/prompt","name":"%s"},"argument":{"name":"x","value":""}`, "audit", "nope!"},
	} {
		got := withoutID(w.ask(t, r.method, fmt.Sprintf(r.params, r.forbidden)))
		nowhere := withoutID(w.ask(t, r.method, fmt.Sprintf(r.params, r.nowhere)))
		same := strings.ReplaceAll(got, r.forbidden, r.nowhere) == nowhere
		refused := strings.Contains(got, "permission_denied")
		if admin && (same || refused) || !admin && (same != hide || refused == hide) {
			t.Errorf("hide %v, admin %v, %s %s: %s answers\n%s, and what does not exist\n%s", hide, admin, w.name, w.revision, r.method, got, nowhere)
		}
	}
}

// Views are kept for all who see the same, within a bound, and not beyond a change.
func TestViewsAreBounded(t *testing.T) {
	svc := tandem.New("x", "1")
	for i := range 2 * maxViews {
		name := fmt.Sprintf("t%d", i)
		tandem.Register(svc, tandem.Operation{Name: name, Scopes: []string{name}}, func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	}
	d, err := New(svc, Config{HideForbidden: true})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	view := func(scopes ...string) *view {
		ctx := tandem.WithPrincipal(t.Context(), &tandem.Principal{Subject: scopes[0], Scopes: scopes})
		s, err := d.sight(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return s.view(ctx)
	}
	if a := view("t1", "irrelevant"); a != view("t1", "other") || a == view("t2") || len(a.lists[tools].entries) != 1 {
		t.Error("callers who hold the same of what matters do not share a view, or others do")
	}
	for i := range 2 * maxViews {
		view(fmt.Sprintf("t%d", i))
	}
	if n := len(d.current.Load().views); n != maxViews {
		t.Errorf("%d views are kept", n)
	}
	svc.RemoveOperation("t1")
	if len(view("t1").lists[tools].entries) != 0 {
		t.Error("a removed operation is still there")
	}
}
