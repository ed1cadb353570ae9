package rest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/rest"
)

// TestRouting protects: paths match as a whole, trailing slashes are served, nothing is redirected, and escapes reach the
// argument decoded.
func TestRouting(t *testing.T) {
	c := serve(t, newHandler(t, newService(), rest.Config{}))
	for _, test := range []struct {
		target string
		status int
		want   string // of the body; of a problem, its detail
	}{
		{"/api/v1", 200, `"the root"`},
		{"/api/v1/", 200, `"the root"`},
		{"/api/v1/things/a", 200, `"id":"a"`},
		{"/api/v1/things/a/", 200, `"id":"a"`},
		{"/api/v1/things/a/?limit=3", 200, `"limit":3`},
		{"/api/v1/things/%2e%2e", 200, `"id":".."`},
		{"/api/v1/things/..%2f", 200, `"id":"../"`},
		{"/api/v1/things/..%2fsecret", 200, `"id":"../secret"`},
		{"/api/v1/things/%2F%2f/", 200, `"id":"//"`},
		{"/api/v1/things/%00", 200, `"id":"\u0000"`},
		{"/api/v1/things/a%20b+c", 200, `"id":"a b+c"`},
		{"/api/v1/things/%ff", 400, "1 argument is invalid"},
		{"/api/v1/files/a/b.txt", 200, `"path":"a/b.txt"`},
		{"/api/v1/files/a/", 200, `"path":"a/"`},
		{"/api/v1/files/", 200, `"path":""`},
		{"/api/v1/files", 200, `"path":""`},
		{"/api/v1/files/%2e%2e/x", 200, `"path":"../x"`},
		{"/api/v1/files/a%2F%2Fb", 200, `"path":"a//b"`},
		{"/api/v1/things", 404, "/api/v1/things"},
		{"/api/v1/things/", 404, "/api/v1/things/"},
		{"/api/v1/things//", 404, "/api/v1/things//"},
		{"/api/v1//things/a", 404, "no operation has the path"},
		{"//api/v1/things/a", 404, "no operation has the path"},
		{"/api/v1/./things/a", 404, "no operation has the path"},
		{"/api/v1/x/../things/a", 404, "no operation has the path"},
		{"/api/v1/things/..", 404, "no operation has the path"},
		{"/api/v1/files//a", 404, "no operation has the path"},
		{"/api/v1/files//", 404, "no operation has the path"},
		{"/api/v1/things/a//", 404, "no operation has the path"},
		{"/api/v1/things/%2F", 404, "no operation has the path"}, // net/http's: a slash alone is its mark of a path's end
		{"/api/v1/things/a/b", 404, "no operation has the path"},
		{"/api/v1/agents", 404, "no operation has the path"},
		{"/api/v2/things/a", 404, "no operation has the path"},
		{"/things/a", 404, "no operation has the path"},
		{"/", 404, "no operation has the path"},
		{"/api/v1/" + strings.Repeat("x", 3000), 404, "…"},
	} {
		t.Run(test.target[:min(40, len(test.target))], func(t *testing.T) {
			got := c.do("GET", test.target, "")
			if got.StatusCode != test.status || got.Header.Get("Location") != "" {
				t.Fatalf("status %d, Location %q, body %s", got.StatusCode, got.Header.Get("Location"), got.body)
			}
			text := got.body
			if test.status != 200 {
				text = got.problem(t).Detail
			}
			if !strings.Contains(text, test.want) || len(text) > 1000 {
				t.Errorf("got %s, want %s in it", text, test.want)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	c := serve(t, newHandler(t, newService(), rest.Config{}))
	const things = "DELETE, GET, HEAD, PUT, OPTIONS"
	for _, test := range []struct {
		method, target string
		status         int
		allow          string
	}{
		{"POST", "/api/v1/things/a", 405, things},
		{"PATCH", "/api/v1/things/a/", 405, things},
		{"TRACE", "/api/v1/things/a", 405, things},
		{"PROPFIND", "/api/v1/orders", 405, "POST, OPTIONS"},
		{"HEAD", "/api/v1/orders", 405, "POST, OPTIONS"},
		{"OPTIONS", "/api/v1/things/a", 204, things},
		{"OPTIONS", "/api/v1/things/a/", 204, things},
		{"OPTIONS", "/api/v1/orders", 204, "POST, OPTIONS"},
		{"OPTIONS", "/api/v1/nothing", 404, ""},
		{"POST", "/api/v1/nothing", 404, ""},
		{"POST", "/api/v1/agents", 404, ""},
	} {
		got := c.do(test.method, test.target, "")
		if got.StatusCode != test.status || got.Header.Get("Allow") != test.allow {
			t.Errorf("%s %s: status %d, Allow %q", test.method, test.target, got.StatusCode, got.Header.Get("Allow"))
		}
		if test.status != 204 && test.method != "HEAD" {
			got.problem(t)
		}
	}
}

// TestHead protects RFC 9110 section 9.3.2: as GET, without the body.
func TestHead(t *testing.T) {
	c := serve(t, newHandler(t, newService(), rest.Config{}))
	for _, target := range []string{"/api/v1/things/a", "/api/v1/things/a?limit=x", "/api/v1/nothing"} {
		get, head := c.do("GET", target, ""), c.do("HEAD", target, "", "Accept: application/json, text/event-stream;q=0.5")
		if head.body != "" || head.StatusCode != get.StatusCode || head.ContentLength != get.ContentLength || get.ContentLength <= 0 ||
			head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("%s: HEAD %d with length %d, GET %d with length %d", target, head.StatusCode, head.ContentLength, get.StatusCode, get.ContentLength)
		}
	}
	if head := c.do("HEAD", "/api/v1/things/a", "", "Accept: text/event-stream"); head.StatusCode != 200 || head.body != "" {
		t.Errorf("HEAD of an event stream: %d %q", head.StatusCode, head.body)
	}
}

// TestPrefix protects that a prefix, also none, is nothing but a prefix.
func TestPrefix(t *testing.T) {
	for prefix, base := range map[string]string{"/": "", "/v2": "/v2", "/a/b": "/a/b"} {
		c := serve(t, newHandler(t, newService(), rest.Config{Prefix: prefix}))
		for _, target := range []string{base + "/", base + "/things/a", base + "/orders/"} {
			method := "GET"
			if strings.HasSuffix(target, "orders/") {
				method = "OPTIONS"
			}
			if got := c.do(method, target, ""); got.StatusCode >= 300 {
				t.Errorf("prefix %s: %s gives %d", prefix, target, got.StatusCode)
			}
		}
	}
}

// TestMounted protects that the door works behind StripPrefix, as under a base path.
func TestMounted(t *testing.T) {
	c := serve(t, http.StripPrefix("/base", newHandler(t, newService(), rest.Config{})))
	for _, target := range []string{"/base/api/v1/things/a%2Fb", "/base/api/v1/things/a%2Fb/"} {
		if got := c.do("GET", target, ""); got.StatusCode != 200 || !strings.Contains(got.body, `"id":"a/b"`) {
			t.Errorf("%s: %d %s", target, got.StatusCode, got.body)
		}
	}
}

// TestLateRegistration protects that operations registered while serving are served, more precise routes too.
func TestLateRegistration(t *testing.T) {
	svc := newService()
	c := serve(t, newHandler(t, svc, rest.Config{}))
	if got := c.do("GET", "/api/v1/things/top", ""); !strings.Contains(got.body, `"id":"top"`) {
		t.Fatalf("before: %s", got.body)
	}
	tandem.Register(svc, tandem.Operation{Name: "top_thing", Method: "GET", Path: "/things/top"},
		func(context.Context, struct{}) (string, error) { return "the top", nil })
	if got := c.do("GET", "/api/v1/things/top", ""); got.body != `"the top"` {
		t.Errorf("after: %s", got.body)
	}
}

// TestSlashOfFolder protects that a trailing slash is like none, also where a longer route could take it.
func TestSlashOfFolder(t *testing.T) {
	svc := newService()
	tandem.Register(svc, tandem.Operation{Name: "list_files", Method: "GET", Path: "/files"},
		func(context.Context, struct{}) (string, error) { return "the list", nil })
	c := serve(t, newHandler(t, svc, rest.Config{}))
	for target, want := range map[string]string{"/files": `"the list"`, "/files/": `"the list"`, "/files/a/": `{"path":"a/"}`} {
		if got := c.do("GET", "/api/v1"+target, ""); got.body != want {
			t.Errorf("%s: %s, want %s", target, got.body, want)
		}
	}
	if got := c.do("DELETE", "/api/v1/files/", ""); got.StatusCode != 405 || got.Header.Get("Allow") != "GET, HEAD, PUT, OPTIONS" {
		t.Errorf("DELETE: %d, Allow %q", got.StatusCode, got.Header.Get("Allow"))
	}
}

// TestPattern protects that middleware learns the matched route.
func TestPattern(t *testing.T) {
	h := newHandler(t, newService(), rest.Config{})
	patterns := make(chan string, 1)
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		patterns <- r.Pattern
	}))
	for _, target := range []string{"/api/v1/things/a", "/api/v1/things/a/"} {
		c.do("GET", target, "")
		if got := <-patterns; got != "GET /api/v1/things/{id}" {
			t.Errorf("%s: pattern %q", target, got)
		}
	}
}

func TestConfig(t *testing.T) {
	for field, cfg := range map[string]rest.Config{
		"Prefix":       {Prefix: "api"},
		"Prefix ":      {Prefix: "/api/"},
		"Prefix  ":     {Prefix: "/{x}"},
		"Prefix   ":    {Prefix: "/a b"},
		"MaxBody":      {MaxBody: -1},
		"Heartbeat":    {Heartbeat: -1},
		"WriteTimeout": {WriteTimeout: -1},
	} {
		if _, err := rest.New(newService(), cfg); err == nil || !strings.Contains(err.Error(), strings.TrimSpace(field)) {
			t.Errorf("%+v: got error %v, want one about %s", cfg, err, field)
		}
	}
}
