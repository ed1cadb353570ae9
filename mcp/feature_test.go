package mcp

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tandem-go/tandem"
)

type productIn struct {
	SKU string `json:"sku" minLength:"1" doc:"Which product"`
}

type productOut struct {
	SKU string `json:"sku"`
	Qty int    `json:"qty"`
}

type planIn struct {
	Color string `json:"color" enum:"red,green,grey" doc:"Which color"`
	Days  int    `json:"days,omitzero" minimum:"1" doc:"How many days"`
}

// featureService has resources, prompts and content of every kind, in toolsets and
// behind scopes.
func featureService(t testing.TB) *tandem.Service {
	t.Helper()
	svc := tandem.New("features", "1")
	svc.Logger = slog.New(slog.DiscardHandler)
	svc.Tag("stock", "What there is")
	tandem.Register(svc, tandem.Operation{Name: "product", Summary: "Find a product", Method: "GET", Path: "/products/{sku}", Tags: []string{"stock"}, Resource: "stock://products/{sku}"},
		func(_ context.Context, in productIn) (productOut, error) {
			if in.SKU == "none" {
				return productOut{}, tandem.Errorf(tandem.NotFound, "no product %q", in.SKU)
			}
			return productOut{SKU: in.SKU, Qty: 3}, nil
		})
	tandem.Register(svc, tandem.Operation{Name: "show", Summary: "Show everything", Tags: []string{"media"}}, func(context.Context, struct{}) (tandem.Blocks, error) {
		return tandem.Blocks{
			tandem.Text{Text: "text"},
			tandem.Image{Data: []byte("i"), MIMEType: "image/png"},
			tandem.Audio{Data: []byte("a"), MIMEType: "audio/wav"},
			tandem.Link{URI: "stock://all", Name: "all", Description: "All of it"},
			tandem.Embedded{URI: "stock://all", MIMEType: "text/plain", Text: "embedded"},
		}, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "nothing", Summary: "Show nothing", Tags: []string{"media"}}, func(context.Context, struct{}) (tandem.Blocks, error) { return nil, nil })
	tandem.Register(svc, tandem.Operation{Name: "wipe", Summary: "Wipe", Scopes: []string{"admin"}, Tags: []string{"admin"}}, func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	tandem.Resource(svc, tandem.ResourceInfo{URI: "stock://all", Name: "all", Description: "All of it", MIMEType: "text/plain", Tags: []string{"stock"}}, func(context.Context) (tandem.Text, error) {
		return tandem.Text{Text: "everything"}, nil
	})
	tandem.Resource(svc, tandem.ResourceInfo{URI: "stock://logo", Name: "logo", MIMEType: "image/png"}, func(context.Context) (tandem.Image, error) {
		return tandem.Image{Data: []byte{1, 2}}, nil
	})
	tandem.Resource(svc, tandem.ResourceInfo{URI: "stock://broken", Name: "broken"}, func(context.Context) (tandem.Text, error) {
		return tandem.Text{}, fmt.Errorf("postgres://")
	})
	tandem.Resource(svc, tandem.ResourceInfo{URI: "stock://keys", Name: "keys", Scopes: []string{"admin"}}, func(context.Context) (tandem.Text, error) {
		return tandem.Text{Text: "key"}, nil
	})
	tandem.Prompt(svc, tandem.PromptInfo{Name: "plan", Description: "Plan the day", Tags: []string{"stock"}}, func(_ context.Context, in planIn) ([]tandem.Message, error) {
		return []tandem.Message{
			tandem.User.Says("Plan %d days of %s.", in.Days, in.Color),
			{Role: tandem.Assistant, Content: tandem.Link{URI: "stock://all", Name: "all"}},
		}, nil
	})
	tandem.Prompt(svc, tandem.PromptInfo{Name: "audit", Scopes: []string{"admin"}}, func(context.Context, struct{}) ([]tandem.Message, error) {
		return []tandem.Message{tandem.User.Says("audit")}, nil
	})
	return svc
}

func newFeatureServer(t testing.TB, cfg Config) (*httptest.Server, *Door) {
	t.Helper()
	d, err := New(featureService(t), cfg)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/mcp", d)
	mux.Handle("/mcp/sse", d.SSE())
	mux.Handle("/mcp/messages", d.Messages())
	srv := httptest.NewServer(authenticate(mux))
	t.Cleanup(srv.Close)
	t.Cleanup(func() {
		srv.CloseClientConnections()
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return srv, d
}

// way is one way to ask a door, in one revision.
type way struct {
	name, revision string
	ask            func(t testing.TB, method, params string) string // returns the response
}

// ways returns every transport in every revision that it has. query is what the
// URLs end in; stdio, which has no URL, is left out if there is one.
func ways(t testing.TB, srv *httptest.Server, d *Door, query string, headers ...string) []way {
	t.Helper()
	all := []way{{"sse", rev20241105, askSSE(t, srv.URL, query, headers)}}
	for _, revision := range legacyRevisions {
		session := initialize(t, srv.URL+"/mcp"+query, revision, headers...)
		all = append(all, way{"streamable", revision, func(t testing.TB, method, params string) string {
			return post(t, srv.URL+"/mcp"+query, requestBody(method, params, ""), session...).message(t)
		}})
	}
	all = append(all, way{"http", rev20260728, func(t testing.TB, method, params string) string {
		name := ""
		if method == methodRead {
			name = between(params, `"uri":"`, `"`)
		} else if method == methodGetPrompt || method == methodToolsCall {
			name = between(params, `"name":"`, `"`)
		}
		return post(t, srv.URL+"/mcp"+query, requestBody(method, params, modernMeta), append(modernHeaders(method, name), headers...)...).message(t)
	}})
	if query+strings.Join(headers, "") != "" {
		return all
	}
	for _, revision := range allRevisions {
		all = append(all, way{"stdio", revision, askStdio(t, d, revision)})
	}
	return all
}

var requestIDs atomic.Int64

func requestBody(method, params, meta string) string {
	if params != "" && meta != "" {
		params += ","
	}
	id := strconv.FormatInt(requestIDs.Add(1), 10) // of a session each request needs its own
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"` + method + `","params":{` + params + meta + `}}`
}

// between returns what stands in s between two texts.
func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}

// message returns the JSON-RPC message of an answer, which may be a stream.
func (a answerOf) message(t testing.TB) string {
	t.Helper()
	if !strings.HasPrefix(a.header.Get("Content-Type"), "text/event-stream") {
		return a.body
	}
	for e := newEvents(strings.NewReader(a.body)); ; {
		if data := e.next(t).data; data != "" {
			return data
		}
	}
}

func askSSE(t testing.TB, base, query string, headers []string) func(testing.TB, string, string) string {
	r := newRequest(t, http.MethodGet, base+"/mcp/sse"+query, "", append([]string{"Accept: text/event-stream"}, headers...)...)
	ctx, cancel := context.WithCancel(context.Background())
	resp, err := http.DefaultClient.Do(r.WithContext(ctx))
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); resp.Body.Close() })
	c := &sseClient{base: base, headers: headers, events: newEvents(resp.Body)}
	c.post = base + c.events.next(t).data
	c.call(t, initializeSSE)
	return func(t testing.TB, method, params string) string { return c.call(t, requestBody(method, params, "")) }
}

func askStdio(t testing.TB, d *Door, revision string) func(testing.TB, string, string) string {
	c := startStdio(t, t.Context(), d)
	meta := modernMeta
	if !isModern(revision) {
		meta = ""
		c.send(t, strings.Replace(initializeSSE, rev20241105, revision, 1))
		c.next(t)
	}
	return func(t testing.TB, method, params string) string {
		c.send(t, requestBody(method, params, meta))
		return c.next(t)
	}
}

// withoutID returns what a response says but its id.
func withoutID(response string) string {
	_, rest, _ := strings.Cut(response, `,"result":`)
	if rest == "" {
		_, rest, _ = strings.Cut(response, `,"error":`)
		return "error " + strings.TrimSuffix(rest, "}")
	}
	return strings.TrimSuffix(rest, "}")
}

// featureRequests are asked in every way.
var featureRequests = [][2]string{
	{"tools/list", ""},
	{"resources/list", ""},
	{"resources/templates/list", ""},
	{"resources/read", `"uri":"stock://all"`},
	{"resources/read", `"uri":"stock://logo"`},
	{"resources/read", `"uri":"stock://products/SKU-1"`},
	{"resources/read", `"uri":"stock://products/none"`},
	{"resources/read", `"uri":"stock://nowhere"`},
	{"resources/read", `"uri":"stock://keys"`},
	{"resources/read", `"uri":1`},
	{"prompts/list", ""},
	{"prompts/get", `"name":"plan","arguments":{"color":"red","days":"2"}`},
	{"prompts/get", `"name":"plan","arguments":{"color":"blue"}`},
	{"prompts/get", `"name":"plan","arguments":{"color":1}`},
	{"prompts/get", `"name":"nope"`},
	{"completion/complete", `"ref":{"type":"ref/prompt","name":"plan"},"argument":{"name":"color","value":"gr"}`},
	{"completion/complete", `"ref":{"type":"ref/prompt","name":"plan"},"argument":{"name":"days","value":""}`},
	{"completion/complete", `"ref":{"type":"ref/resource","uri":"stock://products/{sku}"},"argument":{"name":"sku","value":"S"}`},
	{"completion/complete", `"ref":{"type":"ref/prompt","name":"nope"},"argument":{"name":"x","value":""}`},
	{"completion/complete", `"ref":{"type":"ref/other"},"argument":{"name":"x","value":""}`},
	{"tools/call", `"name":"show","arguments":{}`},
	{"tools/call", `"name":"nothing"`},
}

// What the door says of resources, prompts, completions and content in each
// revision, byte for byte; over each transport of a revision it is the same.
func TestFeatureTranscript(t *testing.T) {
	srv, d := newFeatureServer(t, Config{})
	said := map[string]string{}
	for _, w := range ways(t, srv, d, "") {
		var out strings.Builder
		for _, r := range featureRequests {
			fmt.Fprintf(&out, "%s %s\n  %s\n", r[0], r[1], withoutID(w.ask(t, r[0], r[1])))
		}
		before, ok := said[w.revision]
		switch {
		case !ok:
			said[w.revision] = out.String()
			golden(t, "features-"+w.revision+".golden", out.String())
		case before != out.String():
			t.Errorf("%s %s says otherwise:\n%s\nthan\n%s", w.name, w.revision, out.String(), before)
		}
	}
}

// A cause never leaves; the error has the problem document.
func TestFeatureFaults(t *testing.T) {
	srv, d := newFeatureServer(t, Config{})
	for _, w := range ways(t, srv, d, "") {
		got := w.ask(t, methodRead, `"uri":"stock://broken"`)
		if !strings.Contains(got, `"code":-32603`) || !strings.Contains(got, `"code":"internal"`) || !strings.Contains(got, "correlation_id") || strings.Contains(got, "postgres") {
			t.Errorf("%s %s: %s", w.name, w.revision, got)
		}
	}
	for uri, status := range map[string]int{"stock://all": 200, "stock://nowhere": 400, "stock://broken": 500, "stock://keys": 401} {
		a := post(t, srv.URL+"/mcp", requestBody(methodRead, `"uri":"`+uri+`"`, modernMeta), modernHeaders(methodRead, uri)...)
		if a.status != status {
			t.Errorf("%s: status %d, want %d", uri, a.status, status)
		}
	}
}

// What a service has nothing of is not advertised and not served.
func TestCapabilitiesAreTrue(t *testing.T) {
	empty := tandem.New("x", "1")
	prompting := tandem.New("x", "1")
	tandem.Prompt(prompting, tandem.PromptInfo{Name: "p"}, func(context.Context, struct{}) ([]tandem.Message, error) { return nil, nil })
	for _, c := range []struct {
		svc  *tandem.Service
		want []string
	}{
		{empty, []string{"tools"}},
		{prompting, []string{"tools", "prompts"}},
		{featureService(t), []string{"tools", "prompts", "resources", "completions"}},
	} {
		d, err := New(c.svc, Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for _, revision := range []string{rev20251125, rev20260728} {
			ask := askStdio(t, d, revision)
			said := ""
			if isModern(revision) {
				said = ask(t, methodDiscover, "")
			} else {
				said = ask(t, methodInitialize, `"protocolVersion":"`+revision+`","capabilities":{}`)
			}
			for capability, method := range map[string]string{"tools": methodToolsList, "prompts": "prompts/list", "resources": "resources/list", "completions": methodComplete} {
				has := slices.Contains(c.want, capability)
				if strings.Contains(said, `"`+capability+`":{`) != has {
					t.Errorf("%s: %s is wrong in %s", revision, capability, said)
				}
				if got := ask(t, method, ""); strings.Contains(got, `"code":-32601`) == has {
					t.Errorf("%s: %s: %s", revision, method, got)
				}
			}
		}
	}
}

// Where both have something, the service's own comes first and the SDK server's
// after it.
func TestMergedWithSDKServer(t *testing.T) {
	srv, d := newFeatureServer(t, Config{PageSize: 1})
	add := func(name string) {
		d.Server().AddPrompt(&sdk.Prompt{Name: name}, func(context.Context, *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
			return &sdk.GetPromptResult{Description: "of the SDK's server"}, nil
		})
	}
	add("extra")
	add("plan") // hidden by the service's own
	d.Server().AddResource(&sdk.Resource{URI: "sdk://x", Name: "x"}, func(context.Context, *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
		return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: "sdk://x", Text: "of the SDK's server"}}}, nil
	})
	for _, w := range ways(t, srv, d, "") {
		for method, want := range map[string]string{"prompts/list": "plan audit extra", "resources/list": "all logo broken keys x", "resources/templates/list": "product"} {
			if got := strings.Join(listed(t, w, method), " "); got != want {
				t.Errorf("%s %s: %s is %s", w.name, w.revision, method, got)
			}
		}
		if got := w.ask(t, methodGetPrompt, `"name":"extra"`); !strings.Contains(got, "of the SDK's server") {
			t.Errorf("%s %s: %s", w.name, w.revision, got)
		}
		if got := w.ask(t, methodGetPrompt, `"name":"plan","arguments":{"color":"red"}`); strings.Contains(got, "of the SDK's server") {
			t.Errorf("%s %s: %s", w.name, w.revision, got)
		}
		if got := w.ask(t, methodRead, `"uri":"sdk://x"`); !strings.Contains(got, "of the SDK's server") {
			t.Errorf("%s %s: %s", w.name, w.revision, got)
		}
		code := "-32002"
		if isModern(w.revision) {
			code = "-32602"
		}
		if got := w.ask(t, methodRead, `"uri":"sdk://nowhere"`); !strings.Contains(got, `"code":`+code) {
			t.Errorf("%s %s: %s", w.name, w.revision, got)
		}
	}
}

// listed follows the cursors of a list, and returns the names.
func listed(t testing.TB, w way, method string) (names []string) {
	t.Helper()
	params := ""
	for range 20 {
		page := w.ask(t, method, params)
		if !strings.Contains(page, `"result":`) {
			t.Fatalf("%s %s: %s", w.name, w.revision, page)
		}
		var got struct{ Result map[string]jsontext.Value }
		if err := json.Unmarshal([]byte(page), &got, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatal(err)
		}
		for _, member := range members {
			var entries []struct{ Name string }
			if raw := got.Result[member]; raw != nil {
				if err := json.Unmarshal(raw, &entries, json.MatchCaseInsensitiveNames(true)); err != nil {
					t.Fatal(err)
				}
			}
			for _, e := range entries {
				names = append(names, e.Name)
			}
		}
		cursor := between(page, `"nextCursor":"`, `"`)
		if cursor == "" {
			return names
		}
		params = `"cursor":"` + cursor + `"`
	}
	t.Fatalf("%s has no end", method)
	return nil
}
