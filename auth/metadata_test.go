package auth_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem/auth"
)

func metadata() auth.ResourceMetadata {
	return auth.ResourceMetadata{
		Resource:             "https://api.example.com/mcp",
		AuthorizationServers: []string{"https://login.example.com/"},
		ScopesSupported:      []string{"items:read"},
		ResourceName:         "Items",
	}
}

// The document has the exact resource and servers, and says that a token belongs
// into the header; browsers of any origin may read it (RFC 9728, section 3).
func TestResourceMetadata(t *testing.T) {
	h, err := metadata().Handler()
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"GET", "HEAD"} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/anywhere", nil))
		if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" ||
			w.Header().Get("Access-Control-Allow-Origin") != "*" || !strings.HasPrefix(w.Header().Get("Cache-Control"), "public") {
			t.Errorf("%s: %d %v", method, w.Code, w.Header())
		}
		var got map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"resource":                 "https://api.example.com/mcp",
			"authorization_servers":    []any{"https://login.example.com/"},
			"scopes_supported":         []any{"items:read"},
			"bearer_methods_supported": []any{"header"},
			"resource_name":            "Items",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	preflight := httptest.NewRecorder()
	h.ServeHTTP(preflight, httptest.NewRequest("OPTIONS", "/anywhere", nil))
	if preflight.Code != http.StatusNoContent || preflight.Header().Get("Access-Control-Allow-Headers") != "*" || preflight.Body.Len() > 0 {
		t.Errorf("preflight: %d %v", preflight.Code, preflight.Header())
	}
	post := httptest.NewRecorder()
	h.ServeHTTP(post, httptest.NewRequest("POST", "/anywhere", nil))
	if post.Code != http.StatusMethodNotAllowed || post.Header().Get("Allow") == "" {
		t.Errorf("POST: %d %v", post.Code, post.Header())
	}
}

// The well-known path stands between the host and the resource's own path (RFC
// 9728, section 3.1).
func TestResourceMetadataAddress(t *testing.T) {
	const host = "https://api.example.com"
	for resource, want := range map[string]string{
		host:                          "/.well-known/oauth-protected-resource",
		host + "/":                    "/.well-known/oauth-protected-resource",
		host + "/mcp":                 "/.well-known/oauth-protected-resource/mcp",
		host + "/base/mcp/":           "/.well-known/oauth-protected-resource/base/mcp",
		host + "/a%20b":               "/.well-known/oauth-protected-resource/a%20b",
		"http://127.0.0.1:8000/mcp":   "/.well-known/oauth-protected-resource/mcp",
		"http://localhost:8000/a?b=c": "/.well-known/oauth-protected-resource/a",
	} {
		m := metadata()
		m.Resource = resource
		path, err := m.WellKnownPath()
		address, err2 := m.URL()
		if err != nil || err2 != nil || path != want {
			t.Errorf("%s: %q, %v, %v", resource, path, err, err2)
		}
		if !strings.Contains(address, path) || strings.Contains(resource, "?") != strings.HasSuffix(address, "?b=c") {
			t.Errorf("%s: address %q", resource, address)
		}
	}
}

// A document that clients could not use, or must not, is refused with the name of
// the member that is wrong.
func TestResourceMetadataInvalid(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*auth.ResourceMetadata)
		member string
	}{
		"no resource":        {func(m *auth.ResourceMetadata) { m.Resource = "" }, "resource:"},
		"resource http":      {func(m *auth.ResourceMetadata) { m.Resource = "http://api.example.com" }, "resource:"},
		"resource fragment":  {func(m *auth.ResourceMetadata) { m.Resource += "#x" }, "resource:"},
		"no server":          {func(m *auth.ResourceMetadata) { m.AuthorizationServers = nil }, "authorization_servers:"},
		"server http":        {func(m *auth.ResourceMetadata) { m.AuthorizationServers = []string{"http://login.example.com"} }, "authorization_servers:"},
		"server query":       {func(m *auth.ResourceMetadata) { m.AuthorizationServers[0] += "?a=b" }, "authorization_servers:"},
		"server with a user": {func(m *auth.ResourceMetadata) { m.AuthorizationServers[0] = "https://hush:hush@a.example" }, "authorization_servers:"},
		"two scopes":         {func(m *auth.ResourceMetadata) { m.ScopesSupported = []string{"a b"} }, "scopes_supported:"},
		"no scope":           {func(m *auth.ResourceMetadata) { m.ScopesSupported = []string{""} }, "scopes_supported:"},
		"query method":       {func(m *auth.ResourceMetadata) { m.BearerMethodsSupported = []string{"header", "query"} }, "bearer_methods_supported:"},
		"script":             {func(m *auth.ResourceMetadata) { m.ResourceDocumentation = "javascript:alert(1)" }, "resource_documentation:"},
	} {
		t.Run(name, func(t *testing.T) {
			m := metadata()
			c.change(&m)
			h, err := m.Handler()
			if err == nil || h != nil || !strings.Contains(err.Error(), c.member) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v", err)
			}
		})
	}
}
