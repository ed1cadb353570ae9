package auth_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

const goodKey = "good-key-0123456789"

func protect(t *testing.T, v auth.Verifier, o auth.Options) (http.Handler, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	o.Logger = slog.New(slog.NewJSONHandler(&log, nil))
	return auth.Middleware(v, o)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(tandem.PrincipalFrom(r.Context()).Subject))
	})), &log
}

func keyring(t *testing.T) auth.Verifier {
	t.Helper()
	v, err := auth.NewAPIKeys([]string{goodKey})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A good token lets the request through with its principal, whatever the case of
// the scheme (RFC 9110, section 11.1).
func TestMiddlewareAccepts(t *testing.T) {
	h, _ := protect(t, keyring(t), auth.Options{})
	for _, header := range []string{"Bearer " + goodKey, "bearer " + goodKey} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 200 || !strings.HasPrefix(w.Body.String(), "key-") {
			t.Errorf("%s: %d %s", header, w.Code, w.Body)
		}
	}
}

// Everything else is a 401 with one fixed body; only the challenge says whether
// credentials were sent. The log has the cause and never the token (security case 15).
func TestMiddlewareRefuses(t *testing.T) {
	const invalid = `Bearer error="invalid_token"`
	for name, c := range map[string]struct {
		headers []string
		query   string
		want    string
	}{
		"nothing":              {nil, "", "Bearer"},
		"wrong key":            {[]string{"Bearer wrong-hush"}, "", invalid},
		"empty token":          {[]string{"Bearer "}, "", invalid},
		"no scheme":            {[]string{goodKey}, "", invalid},
		"basic":                {[]string{"Basic " + goodKey}, "", invalid},
		"trailing space":       {[]string{"Bearer " + goodKey + " "}, "", invalid},
		"two spaces":           {[]string{"Bearer  " + goodKey}, "", invalid},
		"two headers":          {[]string{"Bearer " + goodKey, "Bearer " + goodKey}, "", invalid},
		"list":                 {[]string{"Bearer " + goodKey + ", Bearer hush"}, "", invalid},
		"huge":                 {[]string{"Bearer " + strings.Repeat("a", 1<<20)}, "", invalid},
		"query":                {nil, "?access_token=" + goodKey, invalid},
		"query and header":     {[]string{"Bearer " + goodKey}, "?access_token=" + goodKey, invalid},
		"query, escaped":       {nil, "?access%5Ftoken=" + goodKey, invalid},
		"query, late":          {[]string{"Bearer " + goodKey}, "?a=1&access_token=" + goodKey, invalid},
		"query, other name":    {nil, "?api_key=" + goodKey, "Bearer"},
		"control characters":   {[]string{"Bearer hush\x1b[2J"}, "", invalid},
		"null byte in the key": {[]string{"Bearer " + goodKey + "\x00"}, "", invalid},
	} {
		t.Run(name, func(t *testing.T) {
			h, log := protect(t, keyring(t), auth.Options{})
			r := httptest.NewRequest("GET", "/"+c.query, nil)
			r.Header["Authorization"] = c.headers
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != c.want {
				t.Errorf("%d, %q", w.Code, w.Header().Get("WWW-Authenticate"))
			}
			var p tandem.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Code != "unauthenticated" ||
				w.Header().Get("Content-Type") != "application/problem+json" {
				t.Errorf("not a problem: %s", w.Body)
			}
			if want := "the request needs valid credentials: send them as Authorization: Bearer TOKEN"; p.Detail != want {
				t.Errorf("the caller reads %q", p.Detail)
			}
			if !strings.Contains(log.String(), "cause") {
				t.Errorf("the log lacks the cause: %s", log)
			}
			if strings.Contains(log.String(), goodKey) || strings.Contains(log.String(), "hush") {
				t.Errorf("the log has a token: %s", log)
			}
		})
	}
}

// A token in a form's body (RFC 6750, section 2.2) is not looked for: the request
// has none (security case 15), and its body is left to whoever may read it.
func TestMiddlewareBody(t *testing.T) {
	h, log := protect(t, keyring(t), auth.Options{})
	body := strings.NewReader("access_token=" + goodKey)
	r := httptest.NewRequest("POST", "/", body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != "Bearer" || strings.Contains(log.String(), goodKey) {
		t.Errorf("%d %q; log %s", w.Code, w.Header().Get("WWW-Authenticate"), log)
	}
	if body.Len() != len("access_token="+goodKey) {
		t.Error("the body was read")
	}
}

// A verifier that reaches no verdict fails closed: 503 with Retry-After, and not
// a word of its cause.
func TestMiddlewareUnavailable(t *testing.T) {
	down := auth.VerifierFunc(func(context.Context, string) (*tandem.Principal, error) {
		return nil, tandem.Errorf(tandem.Unavailable, "no verdict").WithRetryAfter(1500 * time.Millisecond).WithCause(errors.New("dial idp.internal: refused"))
	})
	h, log := protect(t, down, auth.Options{})
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Authorization", "Bearer x")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "2" || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if strings.Contains(w.Body.String(), "idp") || !strings.Contains(log.String(), "idp.internal") {
		t.Errorf("caller: %s\nlog: %s", w.Body, log)
	}
}

// A verifier that breaks its contract lets nobody in: a principal without an
// identity would be everybody.
func TestMiddlewareContract(t *testing.T) {
	for name, p := range map[string]*tandem.Principal{
		"nil":        nil,
		"no subject": {Issuer: "x"},
		"no issuer":  {Subject: "x"},
	} {
		t.Run(name, func(t *testing.T) {
			h, _ := protect(t, auth.VerifierFunc(func(context.Context, string) (*tandem.Principal, error) { return p, nil }), auth.Options{})
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("Authorization", "Bearer x")
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized {
				t.Errorf("got %d", w.Code)
			}
		})
	}
}

// Refuse can answer instead of the challenge.
func TestMiddlewareRefuse(t *testing.T) {
	h, _ := protect(t, auth.VerifierFunc(func(context.Context, string) (*tandem.Principal, error) {
		return nil, errors.New("bad")
	}), auth.Options{Refuse: func(*http.Request) *tandem.Error {
		return tandem.Errorf(tandem.ResourceExhausted, "slow down").WithRetryAfter(time.Second)
	}})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "1" || w.Header().Get("WWW-Authenticate") != "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}
