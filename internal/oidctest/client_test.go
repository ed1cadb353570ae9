package oidctest

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"runtime"
	"strings"
	"testing"
)

// recorder notes how a test would end and ends the goroutine instead of it.
type recorder struct {
	testing.TB
	skipped, failed *bool
}

func (r *recorder) Helper() {}

func (r *recorder) Fatal(...any) {
	*r.failed = true
	runtime.Goexit()
}

func (r *recorder) Skip(...any) {
	*r.skipped = true
	runtime.Goexit()
}

// decode returns the header and the claims of a JWT.
func decode(t *testing.T, token string) (header, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", token)
	}
	for i, into := range []*map[string]any{&header, &claims} {
		text, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err == nil {
			err = json.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

func introspect(t *testing.T, s *Server, token string) (answer map[string]any) {
	t.Helper()
	body := s.post(t, Introspector, "/token/introspection", url.Values{"token": {token}})
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// kids returns the ids of the published keys.
func kids(t *testing.T, s *Server) map[any]bool {
	t.Helper()
	response, err := http.Get(s.JWKSURL())
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []struct {
			KID string `json:"kid"`
		} `json:"keys"`
	}
	read(t, response, &set)
	found := map[any]bool{}
	for _, key := range set.Keys {
		found[key.KID] = true
	}
	return found
}

var errArrived = errors.New("arrived")

// follow goes after redirects until one leads to the prefix, and returns its query.
func follow(t *testing.T, from, prefix string) url.Values {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var at *url.URL
	client := http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if at = r.URL; strings.HasPrefix(r.URL.String(), prefix) {
			return errArrived
		}
		return nil
	}}
	response, err := client.Get(from)
	if !errors.Is(err, errArrived) {
		t.Fatalf("no redirect to %s: %+v, %v", prefix, response, err)
	}
	return at.Query()
}

func read(t *testing.T, response *http.Response, into any) {
	t.Helper()
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %v", response.Status, err)
	}
}
