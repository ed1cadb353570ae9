package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/server"
)

type nothing struct{}

func answer(context.Context, nothing) (nothing, error) { return nothing{}, nil }

// shop is a service whose operations need scopes of each sort.
func shop() *tandem.Service {
	svc := tandem.New("shop", "1.0.0")
	svc.ImplyScopes("stock", "stock:write")
	svc.ImplyScopes("stock:write", "stock:read")
	for name, scopes := range map[string][]string{
		"ping": nil, "read_stock": {"stock:read"}, "write_stock": {"stock:write"}, "move_stock": {"stock:write", "logistics"},
	} {
		tandem.Register(svc, tandem.Operation{Name: name, Scopes: scopes}, answer)
	}
	tandem.Register(svc, tandem.Operation{
		Name: "guarded", Scopes: []string{"stock:read"},
		Policy: func(context.Context, tandem.Access) error { return nil },
	}, answer)
	return svc
}

// serve serves the shop with the keys in a file.
func serve(t *testing.T, cfg server.Config) (url string) {
	t.Helper()
	svc := shop()
	cfg.Logger = slog.New(slog.DiscardHandler)
	s, err := server.New(svc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		front.Close()
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return front.URL
}

// makeKey makes a key in the file "keys" of the shell's folder.
func makeKey(t *testing.T, s shell, scopes string) string {
	t.Helper()
	return strings.TrimSpace(s.must(t, "keys", "create", "--file", "keys", "--scopes", scopes, "ci").stdout)
}

// status calls an operation of the service.
func status(t *testing.T, url, key string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Error(err)
	}
	return response.StatusCode
}

// explain runs tandem auth explain with the key and returns what it prints as JSON.
func explain(t *testing.T, s shell, key string, args ...string) (explanation, result) {
	t.Helper()
	args = append([]string{"auth", "explain", "-o", "json"}, args...)
	o := s.with("TANDEM_TOKEN="+key, "API_KEYS_FILE=keys").run(t, args...)
	var e explanation
	if err := json.Unmarshal([]byte(o.stdout), &e); err != nil {
		t.Fatalf("%v\n%s%s", err, o.stdout, o.stderr)
	}
	if strings.Contains(o.stdout+o.stderr, key) {
		t.Errorf("the token is shown:\n%s%s", o.stdout, o.stderr)
	}
	if (o.status == statusOK) != e.Pass || o.status > statusFailed {
		t.Errorf("status %d, pass %v", o.status, e.Pass)
	}
	return e, o
}

// What is explained is what happens: for each key and operation, the explanation
// says that a call passes exactly if it does, and names the scopes that are missing.
func TestExplainIsTrue(t *testing.T) {
	s := newShell(t)
	keys := map[string]string{}
	for _, scopes := range []string{"", "stock:read", "stock:write", "stock", "stock,logistics", "*", "other"} {
		keys[scopes] = makeKey(t, s, scopes)
	}
	url := serve(t, server.Config{APIKeysFile: filepath.Join(s.folder, "keys")})
	missing := map[string]string{ // by operation and scopes
		"read_stock, ": "stock:read", "read_stock, other": "stock:read",
		"guarded, ": "stock:read", "guarded, other": "stock:read",
		"write_stock, ": "stock:write", "write_stock, other": "stock:write", "write_stock, stock:read": "stock:write",
		"move_stock, ": "stock:write logistics", "move_stock, other": "stock:write logistics", "move_stock, stock:read": "stock:write logistics",
		"move_stock, stock:write": "logistics", "move_stock, stock": "logistics",
	}
	for scopes, key := range keys {
		for _, operation := range []string{"ping", "read_stock", "write_stock", "move_stock", "guarded"} {
			e, _ := explain(t, s, key, "--operation", operation, "--openapi", url+"/openapi.json")
			name := operation + ", " + scopes
			if e.Principal == nil || e.Principal.Name != "ci" || e.Operation == nil || e.Operation.Policy != (operation == "guarded") {
				t.Fatalf("%s: %+v", name, e)
			}
			if got := strings.Join(e.Operation.Missing, " "); got != missing[name] {
				t.Errorf("%s: missing %q, want %q", name, got, missing[name])
			}
			if got := status(t, url+"/api/v1/"+operation, key); (got == http.StatusNoContent) != e.Pass {
				t.Errorf("%s: the call ends with %d, but: %s", name, got, e.Conclusion)
			}
		}
	}
	e, _ := explain(t, s, keys["stock"], "--operation", "read_stock", "--openapi", url+"/openapi.json")
	if want := (scopeVerdict{"stock:read", true, "stock"}); len(e.Operation.Scopes) != 1 || e.Operation.Scopes[0] != want {
		t.Errorf("an implied scope: %+v", e.Operation.Scopes)
	}
	e, _ = explain(t, s, keys["*"], "--operation", "guarded", "--openapi", url+"/openapi.json")
	if !strings.Contains(e.Conclusion, "policy") {
		t.Errorf("nothing is said of the policy: %s", e.Conclusion)
	}
}

// Every verifier that was asked is named, with what it says and why.
func TestExplainVerdicts(t *testing.T) {
	s := newShell(t)
	good := makeKey(t, s, "a")
	gone := makeKey(t, s, "a")
	s.must(t, "keys", "revoke", "--file", "keys", gone)
	for name, c := range map[string]struct {
		token string
		env   []string
		want  []string // outcomes
		says  string
	}{
		"good":            {good, nil, []string{"accepted"}, "accepted"},
		"revoked":         {gone, nil, []string{"refused"}, "401"},
		"typo":            {good[:len(good)-1] + map[bool]string{true: "b", false: "a"}[strings.HasSuffix(good, "a")], nil, []string{"refused"}, "401"},
		"of no kind":      {"some-token", nil, []string{"other kind"}, "no kind"},
		"a plain key":     {"plain-key", []string{"API_KEYS=plain-key"}, []string{"other kind", "accepted"}, "accepted"},
		"not a plain key": {"other-key", []string{"API_KEYS=plain-key"}, []string{"other kind", "other kind"}, "no kind"},
	} {
		e, _ := explain(t, s.with(c.env...), c.token)
		var got []string
		for _, v := range e.Verdicts {
			got = append(got, v.Outcome)
			if (v.Reason == "") != (v.Outcome == accepted) {
				t.Errorf("%s: %+v", name, v)
			}
		}
		if !slices.Equal(got, c.want) || !strings.Contains(e.Conclusion, c.says) {
			t.Errorf("%s: %v: %s; want %v", name, got, e.Conclusion, c.want)
		}
	}
}

// An explanation is no use of the key, and leaves no file behind that the service
// could not write.
func TestExplainLeavesNoTrace(t *testing.T) {
	s := newShell(t)
	key := makeKey(t, s, "a")
	explain(t, s, key)
	if files, err := os.ReadDir(s.folder); err != nil || len(files) != 1 {
		t.Errorf("the folder has %v, %v", files, err)
	}
}

// For people the same is said in words; the token comes from a file or stdin, too.
func TestExplainText(t *testing.T) {
	s := newShell(t)
	key := makeKey(t, s, "stock")
	url := serve(t, server.Config{APIKeysFile: filepath.Join(s.folder, "keys")})
	s = s.with("API_KEYS_FILE=keys")
	s.stdin = key + "\n"
	if err := os.WriteFile(filepath.Join(s.folder, "token"), []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"token", "-"} {
		o := s.run(t, "auth", "explain", "--token-file", from, "--operation", "move_stock", "--openapi", url+"/openapi.json")
		for _, line := range []string{"api-key: accepted", "named ci", "expires    never", "stock:write: held by stock", "logistics: missing", "403 (insufficient_scope)"} {
			if !strings.Contains(o.stdout, line) {
				t.Errorf("no %q in\n%s%s", line, o.stdout, o.stderr)
			}
		}
		if o.status != statusFailed || strings.Contains(o.stdout+o.stderr, key) {
			t.Errorf("status %d\n%s%s", o.status, o.stdout, o.stderr)
		}
	}
}

// A service that hides operations shows them to whoever may use them; the document
// may also be a file.
func TestExplainHidden(t *testing.T) {
	s := newShell(t)
	key := makeKey(t, s, "stock:read")
	url := serve(t, server.Config{APIKeysFile: filepath.Join(s.folder, "keys"), HideForbidden: true})
	if e, _ := explain(t, s, key, "--operation", "read_stock", "--openapi", url+"/openapi.json"); !e.Pass {
		t.Errorf("a hidden operation: %s", e.Conclusion)
	}
	open := serve(t, server.Config{APIKeysFile: filepath.Join(s.folder, "keys")})
	response, err := http.Get(open + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	text, err := readAtMost(response.Body, maxDocument)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.folder, "openapi.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if e, _ := explain(t, s, key, "--operation", "write_stock", "--openapi", "openapi.json"); e.Pass || len(e.Operation.Missing) != 1 {
		t.Errorf("by a file: %s", e.Conclusion)
	}
}

// What cannot be found out is no answer: the reason says what is wrong.
func TestExplainFailures(t *testing.T) {
	s := newShell(t)
	key := makeKey(t, s, "a")
	url := serve(t, server.Config{APIKeysFile: filepath.Join(s.folder, "keys")})
	if err := os.WriteFile(filepath.Join(s.folder, "page.html"), []byte("<html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	var asked []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Header.Get("Authorization"))
	}))
	defer elsewhere.Close()
	away := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer away.Close()
	for name, c := range map[string]struct {
		env  string
		args []string
		says string
	}{
		"no such operation": {"", []string{"--operation", "fly", "--openapi", url + "/openapi.json"}, "read_stock"},
		"no document there": {"", []string{"--operation", "ping", "--openapi", url + "/nothing"}, "404"},
		"no document":       {"", []string{"--operation", "ping", "--openapi", "page.html"}, "not an OpenAPI document"},
		"no file":           {"", []string{"--operation", "ping", "--openapi", "none.json"}, "no such file"},
		"a redirect":        {"", []string{"--operation", "ping", "--openapi", away.URL}, "302"},
		"no service":        {"", []string{"--operation", "ping", "--openapi", "http://127.0.0.1:1/openapi.json"}, "refused"},
		"bad environment":   {"PORT=x", nil, "PORT"},
		"bad key file":      {"API_KEYS_FILE=page.html", nil, "line 1"},
	} {
		o := s.with("API_KEYS_FILE=keys", "TANDEM_TOKEN="+key, c.env).run(t, append([]string{"auth", "explain"}, c.args...)...)
		if o.status != statusFailed || o.stdout != "" || !strings.Contains(o.stderr, c.says) || strings.Contains(o.stderr, key) {
			t.Errorf("%s: status %d, want %q\n%s%s", name, o.status, c.says, o.stdout, o.stderr)
		}
	}
	if len(asked) > 0 {
		t.Errorf("a redirect was followed, with %q", asked)
	}
	o := s.with("TANDEM_TOKEN="+key).run(t, "auth", "explain")
	if o.status != statusFailed || !strings.Contains(o.stdout, "API_KEYS_FILE") {
		t.Errorf("no credentials at all: status %d\n%s%s", o.status, o.stdout, o.stderr)
	}
}

// A token goes over no network in clear text.
func TestMaySend(t *testing.T) {
	for where, want := range map[string]bool{
		"https://example.com/openapi.json": true, "http://127.0.0.1:8000/openapi.json": true, "http://[::1]/x": true, "http://localhost/x": true,
		"http://example.com/openapi.json": false, "http://10.0.0.1/x": false, "http://127.0.0.1.example.com/x": false, "openapi.json": false,
		"http://localhost.example.com": false, "ftp://localhost/x": false,
	} {
		if maySend(where) != want {
			t.Errorf("%s: %v", where, !want)
		}
	}
}

// A service sees what the command line does to its keys, without a restart.
func TestServiceFollows(t *testing.T) {
	s := newShell(t)
	first := makeKey(t, s, "stock:read")
	url := serve(t, server.Config{APIKeysFile: filepath.Join(s.folder, "keys")}) + "/api/v1/read_stock"
	await := func(key string, want int) {
		t.Helper()
		deadline := time.Now().Add(time.Minute)
		for got := status(t, url, key); got != want; got = status(t, url, key) {
			if time.Now().After(deadline) {
				t.Fatalf("the service answers %d, want %d", got, want)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	await(first, http.StatusNoContent)
	second := makeKey(t, s, "stock:read")
	await(second, http.StatusNoContent)
	s.must(t, "keys", "revoke", "--file", "keys", first)
	await(first, http.StatusUnauthorized)
	await(second, http.StatusNoContent)
	await(makeKey(t, s, "other"), http.StatusForbidden)
}
