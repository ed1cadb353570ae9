package rest_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/rest"
)

func TestAccept(t *testing.T) {
	c := serve(t, newHandler(t, newService(), rest.Config{}))
	const (
		plain  = "application/json"
		stream = "text/event-stream"
	)
	for accept, want := range map[string]string{
		"":                               plain,
		"*/*":                            plain,
		"application/*":                  plain,
		"application/json":               plain,
		"Application/JSON":               plain,
		"application/json;charset=utf-8": plain,
		"text/html, */*;q=0.1":           plain,
		"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8": plain,
		"application/json, text/event-stream":                                        plain,
		"application/json;q=0.5, text/event-stream;q=0.4":                            plain,
		"text/event-stream;q=0, */*":                                                 plain,
		"application/problem+json":                                                   plain,
		", application/json,,":                                                       plain,
		`text/html;x="a,b;q=0", application/json`:                                    plain,
		"text/event-stream":                                                          stream,
		"TEXT/Event-Stream":                                                          stream,
		"text/event-stream, */*":                                                     stream,
		"text/*":                                                                     stream,
		"text/event-stream, application/json;q=0.9":                                  stream,
		"application/json;q=0, */*":                                                  stream,
		"application/*;q=0, */*;q=0.5":                                               stream,
		"application/json;q=0":                                                       "",
		"*/*;q=0":                                                                    "",
		"*/*;q=0.000":                                                                "",
		"text/html":                                                                  "",
		"application/xml, image/*":                                                   "",
		"application/json;q=2":                                                       "",
		"application/json;q=x":                                                       "",
		"application/json;q=0.0001":                                                  "",
		"nonsense":                                                                   "",
	} {
		got := c.do("GET", "/api/v1/things/a", "", "Accept: "+accept)
		switch contentType := got.Header.Get("Content-Type"); {
		case want == "" && got.StatusCode != 406:
			t.Errorf("%s: status %d, want 406", accept, got.StatusCode)
		case want == "":
			got.problem(t)
		case got.StatusCode != 200 || contentType != want || got.Header.Get("Vary") != "Accept":
			t.Errorf("%s: status %d, %s, want %s", accept, got.StatusCode, contentType, want)
		}
	}
	if got := c.do("GET", "/api/v1/things/a", "", "Accept: text/html", "Accept: application/json"); got.StatusCode != 200 {
		t.Errorf("two Accept headers: %d", got.StatusCode)
	}
}

func TestSuccess(t *testing.T) {
	c := serve(t, newHandler(t, newService(), rest.Config{}))
	got := c.do("PUT", "/api/v1/things/a", "{}", "Content-Type: application/json")
	if got.StatusCode != 201 || got.Header.Get("Content-Type") != "application/json" || got.ContentLength != int64(len(got.body)) ||
		got.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d %v %s", got.StatusCode, got.Header, got.body)
	}
	got = c.do("DELETE", "/api/v1/things/a", "", "Accept: application/problem+json")
	if got.StatusCode != 204 || got.body != "" || got.Header.Get("Content-Type") != "" || got.Header.Get("Content-Length") != "" {
		t.Errorf("%d %v %q", got.StatusCode, got.Header, got.body)
	}
}

// TestErrors protects that every code of the closed set has its status and its problem.
func TestErrors(t *testing.T) {
	c := serve(t, newHandler(t, newService(), rest.Config{}))
	for _, code := range tandem.Codes() {
		got := c.do("POST", "/api/v1/fail", `{"code":"`+code.String()+`"}`, "Content-Type: application/json")
		p := got.problem(t)
		if got.StatusCode != code.HTTPStatus() || p.Code != code.String() || p.Detail != "it is "+code.String() {
			t.Errorf("%s: %d %s", code, got.StatusCode, got.body)
		}
	}
	for _, hidden := range []string{"other", "panic"} {
		got := c.do("POST", "/api/v1/fail", `{"code":"`+hidden+`"}`, "Content-Type: application/json")
		if p := got.problem(t); p.Code != "internal" || p.CorrelationID == "" || strings.Contains(got.body, "EOF") || strings.Contains(got.body, "secret") {
			t.Errorf("%s: %s", hidden, got.body)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	c := serve(t, newHandler(t, newService(), rest.Config{}))
	got := c.do("POST", "/api/v1/fail", `{"code":"busy"}`, "Content-Type: application/json")
	if got.StatusCode != 503 || got.Header.Get("Retry-After") != "2" {
		t.Errorf("%d, Retry-After %q, want 2 for 1.5 s", got.StatusCode, got.Header.Get("Retry-After"))
	}
}

// TestChallenges protects RFC 6750 section 3, and that credentials are judged before arguments.
func TestChallenges(t *testing.T) {
	const scope = `scope="a:read b", `
	const metadata = `resource_metadata="https://x/.well-known/oauth-protected-resource"`
	h := newHandler(t, newService(), rest.Config{ResourceMetadata: "https://x/.well-known/oauth-protected-resource"})
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if scopes := r.Header.Get("X-Scopes"); scopes != "" {
			r = r.WithContext(tandem.WithPrincipal(r.Context(), &tandem.Principal{Subject: "s", Scopes: strings.Fields(scopes)}))
		}
		h.ServeHTTP(w, r)
	}))
	for _, test := range []struct {
		target, header string
		status         int
		challenge      string
	}{
		{"/api/v1/secret?id=a", "X: y", 401, "Bearer " + scope + metadata},
		{"/api/v1/secret?id=a", "Authorization: Bearer x", 401, `Bearer error="invalid_token", ` + scope + metadata},
		{"/api/v1/secret?nonsense=1&id=a&id=b", "X: y", 401, "Bearer " + scope + metadata},
		{"/api/v1/secret?id=a", "X-Scopes: b", 403, `Bearer error="insufficient_scope", ` + scope + metadata},
		{"/api/v1/secret?id=a&id=b", "X-Scopes: b", 403, `Bearer error="insufficient_scope", ` + scope + metadata},
		{"/api/v1/secret?id=a", "X-Scopes: a:read b", 200, ""},
		{"/api/v1/secret?id=a&id=b", "X-Scopes: *", 400, ""},
	} {
		for _, accept := range []string{"application/json", "text/event-stream"} {
			got := c.do("GET", test.target, "", test.header, "Accept: "+accept)
			if got.StatusCode != test.status || got.Header.Get("WWW-Authenticate") != test.challenge {
				t.Errorf("%s %s: %d %q", test.target, test.header, got.StatusCode, got.Header.Get("WWW-Authenticate"))
			}
		}
	}
	got := c.do("POST", "/api/v1/fail", `{"code":"permission_denied"}`, "Content-Type: application/json")
	if got.StatusCode != 403 || got.Header.Get("WWW-Authenticate") != "" {
		t.Errorf("a handler's own refusal: %d %q", got.StatusCode, got.Header.Get("WWW-Authenticate"))
	}
	plain := serve(t, newHandler(t, newService(), rest.Config{}))
	if got := plain.do("GET", "/api/v1/secret", ""); got.Header.Get("WWW-Authenticate") != `Bearer scope="a:read b"` {
		t.Errorf("without metadata: %q", got.Header.Get("WWW-Authenticate"))
	}
}

// TestRefusedCallsAreObserved protects that a call with bad arguments passes the interceptors, as over MCP.
func TestRefusedCallsAreObserved(t *testing.T) {
	svc := newService()
	seen := make(chan error, 1)
	svc.Observe(func(next tandem.Invoker) tandem.Invoker {
		return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
			result, err := next(ctx, call)
			if call.Door != tandem.REST {
				t.Errorf("door %v", call.Door)
			}
			seen <- err
			return result, err
		}
	})
	c := serve(t, newHandler(t, svc, rest.Config{}))
	c.do("GET", "/api/v1/things/a?limit=1&limit=2", "")
	if err := <-seen; tandem.CodeOf(err) != tandem.InvalidArgument {
		t.Errorf("observed %v", err)
	}
}
