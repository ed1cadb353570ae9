package auth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// A challenge tells where tokens come from and what to ask for (RFC 9728, section
// 5.1; MCP 2025-11-25), and gives an error only to who sent a token (RFC 6750,
// section 3.1).
func TestChallenge(t *testing.T) {
	o := auth.Options{
		Scopes: []string{"items:read", "items:list"},
		ResourceMetadata: func(r *http.Request) string {
			return "https://" + r.Host + "/.well-known/oauth-protected-resource/mcp"
		},
	}
	h, _ := protect(t, keyring(t), o)
	const rest = `scope="items:read items:list", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp"`
	for header, want := range map[string]string{
		"":           "Bearer " + rest,
		"Bearer bad": `Bearer error="invalid_token", ` + rest,
	} {
		r := httptest.NewRequest("GET", "https://api.example.com/mcp", nil)
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header()["Www-Authenticate"]; w.Code != 401 || len(got) != 1 || got[0] != want {
			t.Errorf("%q: %d %q", header, w.Code, got)
		}
	}
}

// Whoever sends too many unknown tokens gets a 429 with the time to wait, in fixed
// words; the limit of failures is not asked where no verdict was reached, so that
// an outage locks nobody out.
func TestNoVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		err        error
		status     int
		retryAfter string
	}{
		"flood":    {tandem.Errorf(tandem.ResourceExhausted, "hush").WithRetryAfter(7 * time.Second), 429, "7"},
		"down":     {tandem.Errorf(tandem.Unavailable, "hush"), 503, "5"},
		"deadline": {context.DeadlineExceeded, 503, "5"},
	} {
		t.Run(name, func(t *testing.T) {
			asked := false
			h, log := protect(t, auth.Any(says("keys", nil, auth.ErrOtherKind), says("x", nil, c.err)), auth.Options{Refuse: func(*http.Request) *tandem.Error {
				asked = true
				return nil
			}})
			r := httptest.NewRequest("GET", "/", nil)
			r = r.WithContext(tandem.WithRequestID(r.Context(), "request-1"))
			r.Header.Set("Authorization", "Bearer x")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.status || w.Header().Get("Retry-After") != c.retryAfter || w.Header().Get("WWW-Authenticate") != "" {
				t.Errorf("got %d %v", w.Code, w.Header())
			}
			if strings.Contains(w.Body.String(), "hush") || !strings.Contains(w.Body.String(), "request-1") || !strings.Contains(log.String(), "request-1") {
				t.Errorf("caller: %s\nlog: %s", w.Body, log)
			}
			if asked {
				t.Error("it counted as a failure")
			}
		})
	}
}

// A verifier can tell sources apart; whoever does not say is one source.
func TestSource(t *testing.T) {
	var sources []string
	v := auth.VerifierFunc(func(ctx context.Context, _ string) (*tandem.Principal, error) {
		sources = append(sources, auth.Source(ctx))
		return ann, nil
	})
	told, _ := protect(t, v, auth.Options{Source: func(r *http.Request) string { return r.RemoteAddr }})
	untold, _ := protect(t, v, auth.Options{})
	for _, h := range []http.Handler{told, untold} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = "192.0.2.1:1"
		r.Header.Set("Authorization", "Bearer x")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	if len(sources) != 2 || sources[0] != "192.0.2.1:1" || sources[1] != "" {
		t.Errorf("got %q", sources)
	}
	if got := auth.Source(auth.WithSource(t.Context(), "x")); got != "x" {
		t.Errorf("got %q", got)
	}
}

// What outlives its request learns that the credentials were revoked, mean
// somebody else or hold less, in words that say nothing of the cause; more scopes
// end nothing.
func TestReverify(t *testing.T) {
	wide := &tandem.Principal{Issuer: "x", Subject: "ann", Scopes: []string{"read", "write"}}
	for name, c := range map[string]struct {
		now  *tandem.Principal
		err  error
		want tandem.Code
	}{
		"the same":         {now: wide},
		"more scopes":      {now: &tandem.Principal{Issuer: "x", Subject: "ann", Scopes: []string{"write", "read", "admin"}}},
		"every scope":      {now: &tandem.Principal{Issuer: "x", Subject: "ann", Scopes: []string{tandem.AllScopes}}},
		"fewer scopes":     {now: &tandem.Principal{Issuer: "x", Subject: "ann", Scopes: []string{"read"}}, want: tandem.Unauthenticated},
		"somebody else":    {now: &tandem.Principal{Issuer: "x", Subject: "bob", Scopes: wide.Scopes}, want: tandem.Unauthenticated},
		"another issuer":   {now: &tandem.Principal{Issuer: "y", Subject: "ann", Scopes: wide.Scopes}, want: tandem.Unauthenticated},
		"revoked":          {err: errBad, want: tandem.Unauthenticated},
		"down":             {err: errDown, want: tandem.Unavailable},
		"bound to a key":   {now: &tandem.Principal{Issuer: "x", Subject: "ann", Scopes: wide.Scopes, Claims: map[string]any{"cnf": nil}}, want: tandem.Unauthenticated},
		"of another kind":  {err: auth.ErrOtherKind, want: tandem.Unauthenticated},
		"a broken promise": {now: &tandem.Principal{}, want: tandem.Unauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			answers := []auth.Verifier{says("first", wide, nil), says("again", c.now, c.err)}
			v := auth.VerifierFunc(func(ctx context.Context, token string) (*tandem.Principal, error) {
				if token != "x" || auth.Source(ctx) != "here" {
					t.Errorf("asked about %q from %q", token, auth.Source(ctx))
				}
				next := answers[0]
				answers = answers[1:]
				return next.Verify(ctx, token)
			})
			o := auth.Options{Source: func(*http.Request) string { return "here" }}
			h := auth.Middleware(v, o)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				err := tandem.Reverify(r.Context())
				if tandem.CodeOf(err) != c.want {
					t.Errorf("got %v", err)
				}
				if err != nil && (strings.Contains(err.Error(), "bad signature") || strings.Contains(err.Error(), "no keys")) {
					t.Errorf("it tells the cause: %v", err)
				}
			}))
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Authorization", "Bearer x")
			h.ServeHTTP(httptest.NewRecorder(), r)
			if len(answers) != 0 {
				t.Error("it was not asked again")
			}
		})
	}
}
