package mcp

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

// half registers a service's things: those that everybody may see and, unless it
// is to lack them, those that only an admin may, by scopes and by policies.
type half struct {
	svc    *tandem.Service
	secret bool // register the hidden things too
	asked  map[string]int
}

func (h *half) admins(_ context.Context, a tandem.Access) error {
	h.asked[a.Operation.Name]++
	if a.Principal.Has("admin") {
		return nil
	}
	return tandem.Errorf(tandem.PermissionDenied, "admins only")
}

type letter struct {
	Letter string `json:"letter" enum:"a,b"`
}

func newHalf(t testing.TB, secret bool) *half {
	h := &half{svc: tandem.New("half", "1"), secret: secret, asked: map[string]int{}}
	if err := h.svc.SetStateKeys([]byte("a secret of at least 32 bytes, as it must be")); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		h.add(fmt.Sprint("open", i), nil, nil)
		if secret {
			h.add(fmt.Sprint("scoped", i), []string{"admin"}, nil)
			h.add(fmt.Sprint("judged", i), nil, h.admins)
		}
	}
	if secret {
		h.svc.Tag("secrets", "What is hidden alone carries it")
	}
	return h
}

// add registers one thing of each kind.
func (h *half) add(name string, scopes []string, policy tandem.Policy) {
	tags := []string{"shared"}
	if scopes != nil || policy != nil {
		tags = append(tags, "secrets")
	}
	tandem.Register(h.svc, tandem.Operation{Name: name, Scopes: scopes, Policy: policy, Tags: tags}, func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	read := func(context.Context) (tandem.Text, error) { return tandem.Text{Text: name}, nil }
	tandem.Resource(h.svc, tandem.ResourceInfo{URI: "fixed://" + name, Name: name, Scopes: scopes, Policy: policy, Tags: tags}, read)
	tandem.ResourceTemplate(h.svc, tandem.ResourceInfo{URI: "template://" + name + "/{letter}", Name: name + "_letter", Scopes: scopes, Policy: policy, Tags: tags},
		func(_ context.Context, in letter) (tandem.Text, error) { return tandem.Text{Text: in.Letter}, nil })
	tandem.Prompt(h.svc, tandem.PromptInfo{Name: name, Scopes: scopes, Policy: policy, Tags: tags},
		func(context.Context, letter) ([]tandem.Message, error) { return nil, nil })
}

// hiddenRequests name things by %s, in every way that the protocol has.
var hiddenRequests = []struct{ method, params string }{
	{methodToolsCall, `"name":"%s"`},
	{methodToolsCall, `"name":"%s","arguments":{"unknown":1},"_meta":{"progressToken":1}`},
	{methodRead, `"uri":"fixed://%s"`},
	{methodRead, `"uri":"template://%s/a"`},
	{methodRead, `"uri":"template://%s/{letter}"`},
	{methodGetPrompt, `"name":"%s","arguments":{"letter":"a"}`},
	{methodComplete, `"ref":{"type":"ref/prompt","name":"%s"},"argument":{"name":"letter","value":""}`},
	{methodComplete, `"ref":{"type":"ref/resource","uri":"template://%s/{letter}"},"argument":{"name":"letter","value":""}`},
	{methodComplete, `"ref":{"type":"ref/resource","uri":"fixed://%s"},"argument":{"name":"letter","value":""}`},
	{methodSubscribe, `"uri":"fixed://%s"`},
	{methodSubscribe, `"uri":"template://%s/a"`},
}

// Security 29: with HideForbidden a door answers as that of a service in which what
// its caller may not use was never registered, byte for byte, over every transport
// and in every revision: lists and their pages, calls, resources, prompts,
// completions, subscriptions and capabilities.
func TestHiddenIsAsIfItWereNot(t *testing.T) {
	for _, who := range []string{"", "X-User: ann"} {
		var headers []string
		if who != "" {
			headers = []string{who}
		}
		hiding, d1 := serveService(t, newHalf(t, true).svc, Config{HideForbidden: true, PageSize: 2})
		lacking, d2 := serveService(t, newHalf(t, false).svc, Config{HideForbidden: true, PageSize: 2})
		got, want := ways(t, hiding, d1, "", headers...), ways(t, lacking, d2, "", headers...)
		for i := range got {
			t.Run(got[i].name+"/"+got[i].revision+"/"+who, func(t *testing.T) {
				compareWays(t, got[i], want[i])
			})
		}
	}
}

func compareWays(t *testing.T, got, want way) {
	t.Helper()
	same := func(method, params string) string {
		if isModern(got.revision) {
			params = strings.Replace(params, `,"_meta":{"progressToken":1}`, "", 1)
		}
		a, b := withoutID(got.ask(t, method, params)), withoutID(want.ask(t, method, params))
		if a != b {
			t.Errorf("%s %s answers\n%s\nand without what is hidden\n%s", method, params, a, b)
		}
		return b
	}
	for _, method := range []string{"tools/list", "resources/list", "resources/templates/list", "prompts/list"} {
		params := ""
		for {
			cursor := between(same(method, params), `"nextCursor":"`, `"`)
			if cursor == "" {
				break
			}
			params = `"cursor":"` + cursor + `"`
		}
	}
	for _, name := range []string{"open1", "scoped1", "judged1", "nowhere"} {
		for _, r := range hiddenRequests {
			same(r.method, fmt.Sprintf(r.params, name))
		}
	}
	if isModern(got.revision) {
		same(methodDiscover, "")
	}
}

// A caller who sees nothing of a kind finds the kind itself missing, as in a service
// that has none.
func TestHiddenCapabilities(t *testing.T) {
	secret := &half{svc: tandem.New("half", "1"), asked: map[string]int{}}
	secret.add("scoped", []string{"admin"}, nil)
	secret.add("judged", nil, secret.admins)
	hiding, d1 := serveService(t, secret.svc, Config{HideForbidden: true})
	lacking, d2 := serveService(t, tandem.New("half", "1"), Config{HideForbidden: true})
	got, want := ways(t, hiding, d1, "", "X-User: ann"), ways(t, lacking, d2, "", "X-User: ann")
	for i := range got {
		compareWays(t, got[i], want[i])
	}
	if a, b := post(t, hiding.URL+"/mcp", initializeSSE, "X-User: ann").body, post(t, lacking.URL+"/mcp", initializeSSE, "X-User: ann").body; a != b {
		t.Errorf("initialize answers\n%s\nand without what is hidden\n%s", a, b)
	}
}

// A toolset that only hidden things carry is unknown, as one that there is not.
func TestHiddenToolset(t *testing.T) {
	srv, _ := serveService(t, newHalf(t, true).svc, Config{HideForbidden: true})
	ask := func(toolset string, headers ...string) map[string]answerOf {
		query := "?toolset=" + toolset
		return map[string]answerOf{
			"modern":     post(t, srv.URL+"/mcp"+query, requestBody("tools/list", "", modernMeta), append(modernHeaders("tools/list", ""), headers...)...),
			"initialize": post(t, srv.URL+"/mcp"+query, initializeSSE, headers...),
			"batch":      post(t, srv.URL+"/mcp"+query, "["+initializeSSE+"]", headers...),
			"sse":        openThenClose(t, srv.URL+"/mcp/sse"+query, headers...),
		}
	}
	hidden, nowhere := ask("secrets", "X-User: ann"), ask("nowhere", "X-User: ann")
	for name, a := range hidden {
		b := nowhere[name]
		if a.status != http.StatusBadRequest || a.status != b.status || withoutID(a.body) != strings.ReplaceAll(withoutID(b.body), "nowhere", "secrets") {
			t.Errorf("%s: %d %s, and of one that there is not: %d %s", name, a.status, a.body, b.status, b.body)
		}
	}
	for name, a := range ask("secrets", "X-User: ann", "X-Scopes: admin") {
		if name != "batch" && a.status != http.StatusOK { // which has no session
			t.Errorf("%s of an admin: %d %s", name, a.status, a.body)
		}
	}
	for name, a := range ask("shared", "X-User: ann") {
		if name != "batch" && a.status != http.StatusOK {
			t.Errorf("%s of one that is seen: %d %s", name, a.status, a.body)
		}
	}
}

// openThenClose asks for a stream, and reads its body unless it is one.
func openThenClose(t *testing.T, url string, headers ...string) answerOf {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	resp, err := http.DefaultClient.Do(newRequest(t, http.MethodGet, url, "", append([]string{"Accept: text/event-stream"}, headers...)...).WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answerOf{status: resp.StatusCode, header: resp.Header}
	if a.status != http.StatusOK {
		w := httptest.NewRecorder()
		if _, err := w.Body.ReadFrom(resp.Body); err != nil {
			t.Fatal(err)
		}
		a.body = w.Body.String()
	}
	return a
}

// A subscription to what is hidden is acknowledged as one to what does not exist,
// without a word, and nothing is told of it.
func TestHiddenIsNotListenedTo(t *testing.T) {
	h := newHalf(t, true)
	srv, _ := serveService(t, h.svc, Config{HideForbidden: true})
	filter := `{"resourceSubscriptions":["fixed://scoped1","template://judged1/a","fixed://nowhere","fixed://open1"]}`
	resp, err := http.DefaultClient.Do(newRequest(t, http.MethodPost, srv.URL+"/mcp", listenRequest("1", filter), append(modernHeaders("subscriptions/listen", ""), "X-User: ann")...))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	stream := newEvents(resp.Body)
	if got := stream.next(t).data; !strings.HasSuffix(got, `"notifications":{"resourceSubscriptions":["fixed://open1"]}}}`) {
		t.Error(got)
	}
	h.svc.ResourceUpdated("fixed://scoped1")
	h.svc.ResourceUpdated("fixed://open1")
	if got := stream.next(t).data; !strings.Contains(got, "fixed://open1") {
		t.Error(got)
	}
}

// A request about one thing asks the policy of that thing once before the call, and
// no other; a list asks each once.
func TestPoliciesAreAskedSparingly(t *testing.T) {
	h := newHalf(t, true)
	srv, _ := serveService(t, h.svc, Config{HideForbidden: true})
	ask := func(method, params, name string) map[string]int {
		clear(h.asked)
		post(t, srv.URL+"/mcp", requestBody(method, params, modernMeta), append(modernHeaders(method, name), "X-User: ann", "X-Scopes: admin")...)
		return h.asked
	}
	// Once for the view, once for the authorization of the call, once with its arguments.
	if got := ask(methodToolsCall, `"name":"judged1"`, "judged1"); len(got) != 1 || got["judged1"] != 3 {
		t.Errorf("a call asks %v", got)
	}
	if got := ask(methodRead, `"uri":"template://judged2/a"`, "template://judged2/a"); len(got) != 1 || got["judged2_letter"] != 3 {
		t.Errorf("a resource asks %v", got)
	}
	for range 2 { // the second one finds the view
		for name, n := range ask("tools/list", "", "") {
			if want := map[bool]int{true: 1, false: 3}[strings.HasSuffix(name, "_letter")]; n != want { // a tool, a resource and a prompt
				t.Errorf("a list asks %s %d times", name, n)
			}
		}
	}
}

// Security 28: the cursor of another principal is unknown, as one that was made up,
// over every transport and in every revision; and so is one of another list. What
// goes on is the same principal's, with whichever token.
func TestForeignCursor(t *testing.T) {
	srv, d := serveService(t, newHalf(t, true).svc, Config{PageSize: 2})
	ann := ways(t, srv, d, "", "X-User: ann")
	narrow := ways(t, srv, d, "", "X-User: ann", "X-Scopes: other")
	bob := ways(t, srv, d, "", "X-User: bob")
	for i, w := range ann {
		for _, method := range []string{"tools/list", "resources/list", "resources/templates/list", "prompts/list"} {
			cursor := `"cursor":"` + between(w.ask(t, method, ""), `"nextCursor":"`, `"`) + `"`
			foreign, made := withoutID(bob[i].ask(t, method, cursor)), withoutID(bob[i].ask(t, method, `"cursor":"QUFBQUFBQUFBQUFBQUFBQWFmdGVyIG9wZW4x"`))
			if foreign != made || foreign != `error {"code":-32602,"message":"unknown cursor"}` {
				t.Errorf("%s %s: %s answers\n%s\nand to one that was made up\n%s", w.name, w.revision, method, foreign, made)
			}
			if got := narrow[i].ask(t, method, cursor); strings.Contains(got, "error") {
				t.Errorf("%s %s: the same principal's: %s", w.name, w.revision, got)
			}
			if method != "tools/list" {
				if got := w.ask(t, "tools/list", cursor); !strings.Contains(got, "unknown cursor") {
					t.Errorf("%s %s: of another list: %s", w.name, w.revision, got)
				}
			}
		}
	}
}

// A page with a cursor is for its caller alone, and may not be cached for others.
func TestPagesWithCursorsArePrivate(t *testing.T) {
	srv, _ := serveService(t, newHalf(t, false).svc, Config{PageSize: 2})
	first := post(t, srv.URL+"/mcp", requestBody("tools/list", "", modernMeta), modernHeaders("tools/list", "")...).body
	last := post(t, srv.URL+"/mcp", requestBody("tools/list", `"cursor":"`+between(first, `"nextCursor":"`, `"`)+`"`, modernMeta), modernHeaders("tools/list", "")...).body
	if !strings.Contains(first, `"cacheScope":"private"`) || !strings.Contains(last, `"cacheScope":"public"`) {
		t.Errorf("first %s\nlast %s", first, last)
	}
}
