package mcp

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tandem-go/tandem"
)

const metadataURL = "https://api.example.com/.well-known/oauth-protected-resource/mcp"

// forbiddenService has of each kind a thing that needs two scopes. observed counts
// the calls that observers see, and ran those that are carried out.
func forbiddenService() (svc *tandem.Service, observed, ran func() string) {
	svc = tandem.New("forbidden", "1")
	var mu sync.Mutex
	var seen, done []string
	svc.Observe(func(next tandem.Invoker) tandem.Invoker {
		return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
			result, err := next(ctx, call)
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, fmt.Sprintf("%s %s %v", call.Operation.Kind(), call.Operation.Name, tandem.CodeOf(err)))
			return result, err
		}
	})
	did := func(what string) {
		mu.Lock()
		defer mu.Unlock()
		done = append(done, what)
	}
	take := func(from *[]string) func() string {
		return func() string {
			mu.Lock()
			defer mu.Unlock()
			all := strings.Join(*from, ", ")
			*from = nil
			return all
		}
	}
	scopes := []string{"keys:write", "keys:read"}
	tandem.Register(svc, tandem.Operation{Name: "rotate", Scopes: scopes}, func(context.Context, struct{}) (struct{}, error) {
		did("rotate")
		return struct{}{}, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "open"}, func(context.Context, struct{}) (struct{}, error) {
		did("open")
		return struct{}{}, nil
	})
	tandem.Resource(svc, tandem.ResourceInfo{URI: "test://keys", Name: "keys", Scopes: scopes}, func(context.Context) (tandem.Text, error) {
		did("keys")
		return tandem.Text{}, nil
	})
	tandem.ResourceTemplate(svc, tandem.ResourceInfo{URI: "test://keys/{id}", Name: "key", Scopes: scopes}, func(context.Context, struct {
		ID string `json:"id" enum:"a,b"`
	}) (tandem.Text, error) {
		did("key")
		return tandem.Text{}, nil
	})
	tandem.Prompt(svc, tandem.PromptInfo{Name: "audit", Scopes: scopes}, func(context.Context, struct {
		Year string `json:"year" enum:"2025,2026"`
	}) ([]tandem.Message, error) {
		did("audit")
		return nil, nil
	})
	return svc, take(&seen), take(&done)
}

// forbiddenRequests are requests about what needs scopes, with the kind and the
// name of the operation that they are about.
var forbiddenRequests = []struct {
	method, params, operation string
	only                      string // an era; empty for both
}{
	{methodToolsCall, `"name":"rotate"`, "operation rotate", ""},
	{methodToolsCall, `"name":"rot\u0061te"`, "operation rotate", ""},
	{methodToolsCall, `"name":"rotate","arguments":{"unknown":1}`, "operation rotate", ""},
	{methodRead, `"uri":"test://keys"`, "resource keys", ""},
	{methodRead, `"uri":"test://keys/a"`, "resource key", ""},
	{methodGetPrompt, `"name":"audit","arguments":{"year":"2026"}`, "prompt audit", ""},
	{methodComplete, `"ref":{"type":"ref/prompt","name":"audit"},"argument":{"name":"year","value":"2"}`, "prompt audit", ""},
	{methodComplete, `"ref":{"type":"ref/resource","uri":"test://keys/{id}"},"argument":{"name":"id","value":""}`, "resource key", ""},
	{methodSubscribe, `"uri":"test://keys"`, "resource keys", "legacy"},
	{methodListen, `"notifications":{"toolsListChanged":true,"resourceSubscriptions":["test://keys","test://keys"]}`, "resource keys", "modern"},
}

// eachForbidden asks for what is forbidden over every transport with HTTP, in every
// revision.
func eachForbidden(t *testing.T, srv *httptest.Server, check func(t *testing.T, a answerOf, id string, operation string), headers ...string) {
	for _, revision := range allRevisions {
		url, session := srv.URL+"/mcp", headers
		switch {
		case revision == rev20241105:
			sse := openSSE(t, srv.URL, headers...)
			sse.call(t, initializeSSE)
			url = sse.post
		case !isModern(revision):
			session = initialize(t, url, revision, headers...)
		}
		for _, r := range forbiddenRequests {
			meta, with := "", session
			if isModern(revision) {
				if meta = modernMeta; r.only == "legacy" {
					continue
				}
				name := strings.ReplaceAll(between(r.params, `"name":"`, `"`)+between(r.params, `"uri":"`, `"`), `\u0061`, "a")
				with = append(modernHeaders(r.method, name), headers...)
			} else if r.only == "modern" {
				continue
			}
			t.Run(revision+"/"+r.operation+" by "+strings.ReplaceAll(r.method, "/", " "), func(t *testing.T) {
				body := requestBody(r.method, r.params, meta)
				check(t, post(t, url, body, with...), between(body, `"id":`, ","), r.operation)
			})
		}
	}
}

// Security 30: whoever lacks a scope is told at once all those that the operation
// needs, by a 403 over every transport and in every revision, with the problem
// document; nothing runs, and observers see the refused call.
func TestMissingScopesAreChallenged(t *testing.T) {
	svc, observed, ran := forbiddenService()
	srv, _ := serveService(t, svc, Config{ResourceMetadata: metadataURL})
	const challenge = `Bearer error="insufficient_scope", scope="keys:write keys:read", resource_metadata="` + metadataURL + `"`
	eachForbidden(t, srv, func(t *testing.T, a answerOf, id, operation string) {
		if a.status != http.StatusForbidden || a.header.Get("WWW-Authenticate") != challenge {
			t.Errorf("status %d, challenge %s", a.status, a.header.Get("WWW-Authenticate"))
		}
		for _, want := range []string{`{"jsonrpc":"2.0","id":` + id + `,"error":{"code":-32600,`, `"data":{"type":"about:blank","title":"Permission denied","status":403,"code":"permission_denied"`} {
			if !strings.Contains(a.body, want) {
				t.Errorf("got %s, want %s", a.body, want)
			}
		}
		if got, want := observed(), operation+" permission_denied"; got != want {
			t.Errorf("observed %q, want %q", got, want)
		}
	}, "X-User: ann", "X-Scopes: keys:read")
	if got := ran(); got != "" {
		t.Errorf("ran: %s", got)
	}
}

// A caller that nobody established is asked for credentials: by a 401, which says
// that those it sent are bad if it sent any.
func TestNobodyIsAskedForCredentials(t *testing.T) {
	svc, observed, _ := forbiddenService()
	srv, _ := serveService(t, svc, Config{ResourceMetadata: metadataURL})
	const rest = `scope="keys:write keys:read", resource_metadata="` + metadataURL + `"`
	for header, challenge := range map[string]string{"X: y": "Bearer " + rest, "Authorization: Bearer x": `Bearer error="invalid_token", ` + rest} {
		eachForbidden(t, srv, func(t *testing.T, a answerOf, _, operation string) {
			if a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") != challenge || !strings.Contains(a.body, `"code":"unauthenticated"`) {
				t.Errorf("status %d, challenge %s: %s", a.status, a.header.Get("WWW-Authenticate"), a.body)
			}
			if got, want := observed(), operation+" unauthenticated"; got != want {
				t.Errorf("observed %q, want %q", got, want)
			}
		}, header)
	}
}

// Whoever holds the scopes, by one that implies them as well, is not challenged.
func TestImpliedScopesAreEnough(t *testing.T) {
	svc, _, ran := forbiddenService()
	svc.ImplyScopes("keys", "keys:read", "keys:write")
	srv, d := serveService(t, svc, Config{})
	for _, scopes := range []string{"keys", "keys:write keys:read", "*"} {
		for _, w := range ways(t, srv, d, "", "X-User: ann", "X-Scopes: "+scopes) {
			got := w.ask(t, methodToolsCall, `"name":"rotate"`)
			if strings.Contains(got, "error") || ran() != "rotate" {
				t.Errorf("%s, %s %s: %s", scopes, w.name, w.revision, got)
			}
		}
	}
}

// A batch with any message that is forbidden is refused whole, with the scopes of
// all its messages, and none of them runs.
func TestBatchIsRefusedWhole(t *testing.T) {
	svc, observed, ran := forbiddenService()
	tandem.Register(svc, tandem.Operation{Name: "purge", Scopes: []string{"purge"}}, func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	srv, _ := serveService(t, svc, Config{})
	session := initialize(t, srv.URL+"/mcp", rev20250326, "X-User: ann")
	batch := "[" + strings.Join([]string{callBody("1", "open", "{}"), callBody("2", "rotate", "{}"), callBody("3", "purge", "{}"), "{}"}, ",") + "]"
	a := post(t, srv.URL+"/mcp", batch, session...)
	if a.status != http.StatusForbidden || a.header.Get("WWW-Authenticate") != `Bearer error="insufficient_scope", scope="keys:write keys:read purge"` {
		t.Errorf("status %d, challenge %s", a.status, a.header.Get("WWW-Authenticate"))
	}
	if !strings.HasPrefix(a.body, `{"jsonrpc":"2.0","id":2,"error":`) {
		t.Error(a.body)
	}
	if seen, done := observed(), ran(); seen != "operation rotate permission_denied, operation purge permission_denied" || done != "" {
		t.Errorf("observed %q, ran %q", seen, done)
	}
}

// The refusal over HTTP+SSE is the response to the POST: the stream has nothing of
// it, and the session goes on.
func TestRefusalIsNotOnTheStream(t *testing.T) {
	svc, _, _ := forbiddenService()
	srv, _ := serveService(t, svc, Config{})
	sse := openSSE(t, srv.URL, "X-User: ann")
	sse.call(t, initializeSSE)
	if a := post(t, sse.post, callBody("1", "rotate", "{}"), "X-User: ann"); a.status != http.StatusForbidden {
		t.Errorf("status %d", a.status)
	}
	if got := sse.call(t, callBody("2", "open", "{}")); !strings.Contains(got, `"id":2`) {
		t.Errorf("the next event is %s", got)
	}
}

// A policy's refusal is no challenge, since no token would help: the model reads it.
func TestPolicyRefusalIsNoChallenge(t *testing.T) {
	svc := tandem.New("x", "1")
	tandem.Register(svc, tandem.Operation{Name: "closed", Policy: func(context.Context, tandem.Access) error {
		return tandem.Errorf(tandem.PermissionDenied, "closed at night")
	}}, func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	srv, d := serveService(t, svc, Config{})
	for _, w := range ways(t, srv, d, "", "X-User: ann") {
		if got := w.ask(t, methodToolsCall, `"name":"closed"`); !strings.Contains(got, `"isError":true`) || !strings.Contains(got, "closed at night") {
			t.Errorf("%s %s: %s", w.name, w.revision, got)
		}
	}
}

// An observer's own refusal of a call that lacks scopes is passed on, and no
// challenge, since no token would help.
func TestObserversRefusalIsNoChallenge(t *testing.T) {
	svc, _, _ := forbiddenService()
	svc.Observe(func(tandem.Invoker) tandem.Invoker {
		return func(context.Context, *tandem.Call) (tandem.Result, error) {
			return tandem.Result{}, tandem.Errorf(tandem.ResourceExhausted, "slow down")
		}
	})
	srv, _ := serveService(t, svc, Config{})
	a := post(t, srv.URL+"/mcp", requestBody(methodToolsCall, `"name":"rotate"`, modernMeta), append(modernHeaders(methodToolsCall, "rotate"), "X-User: ann")...)
	if a.status != http.StatusTooManyRequests || a.header.Get("WWW-Authenticate") != "" || !strings.Contains(a.body, "slow down") {
		t.Errorf("%d %v %s", a.status, a.header, a.body)
	}
}
