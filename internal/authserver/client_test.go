package authserver_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem/internal/authserver"
)

// serve runs a server and a client that closes before it.
func serve(t *testing.T, h http.HandlerFunc) (*authserver.Client, string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c := new(authserver.Client)
	t.Cleanup(c.Close)
	return c, s.URL
}

// answer writes a body of a content type.
func answer(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

const limit = 100

// Only a JSON object of a bounded size is an answer, and what passes is told apart
// from what somebody has to change.
func TestGet(t *testing.T) {
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    error
	}{
		"object":             {answer(200, "application/json", `{"a":1}`), nil},
		"charset":            {answer(200, "application/json; charset=utf-8", `{}`), nil},
		"of another type":    {answer(200, "application/jwk-set+json", `{}`), nil},
		"as large as it may": {answer(200, "application/json", `{"a":"`+strings.Repeat("x", limit-8)+`"}`), nil},
		"larger":             {answer(200, "application/json", `{"a":"`+strings.Repeat("x", limit-7)+`"}`), authserver.ErrBadAnswer},
		"page":               {answer(200, "text/html", `{}`), authserver.ErrBadAnswer},
		"no type":            {answer(200, "", `{}`), authserver.ErrBadAnswer},
		"text+json":          {answer(200, "text/x+json", `{}`), authserver.ErrBadAnswer},
		"array":              {answer(200, "application/json", `[]`), authserver.ErrBadAnswer},
		"empty":              {answer(200, "application/json", ``), authserver.ErrBadAnswer},
		"cut short":          {answer(200, "application/json", `{"a":1`), authserver.ErrBadAnswer},
		"two objects":        {answer(200, "application/json", `{}{}`), authserver.ErrBadAnswer},
		"a name twice":       {answer(200, "application/json", `{"a":1,"a":2}`), authserver.ErrBadAnswer},
		"invalid UTF-8":      {answer(200, "application/json", "{\"a\":\"\xff\"}"), authserver.ErrBadAnswer},
		"201":                {answer(201, "application/json", `{}`), authserver.ErrBadAnswer},
		"401":                {answer(401, "application/json", `{}`), authserver.ErrBadAnswer},
		"404":                {answer(404, "application/json", `{}`), authserver.ErrBadAnswer},
		"408":                {answer(408, "application/json", `{}`), authserver.ErrNoAnswer},
		"429":                {answer(429, "application/json", `{}`), authserver.ErrNoAnswer},
		"500":                {answer(500, "application/json", `{}`), authserver.ErrNoAnswer},
		"503":                {answer(503, "text/html", `<p>`), authserver.ErrNoAnswer},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "50")
			_, _ = io.WriteString(w, "{}")
		}, authserver.ErrNoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			client, address := serve(t, c.handler)
			body, header, err := client.Get(t.Context(), address, limit)
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if err == nil && (body == nil || header == nil) {
				t.Error("no body or no header")
			}
		})
	}
}

// A redirect is not followed, wherever it leads.
func TestGetDoesNotFollow(t *testing.T) {
	var elsewhere atomic.Int32
	_, other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		elsewhere.Add(1)
		answer(200, "application/json", `{}`)(w, r)
	})
	for _, status := range []int{301, 302, 303, 307, 308} {
		client, address := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other, status) })
		// A client of the user's, too.
		own := &authserver.Client{HTTP: &http.Client{}}
		for _, c := range []*authserver.Client{client, own} {
			if _, _, err := c.Get(t.Context(), address, limit); !errors.Is(err, authserver.ErrBadAnswer) || !strings.Contains(err.Error(), "redirects") {
				t.Errorf("%d: %v", status, err)
			}
			if _, err := c.PostForm(t.Context(), address, url.Values{}, "me", "hush", limit); !errors.Is(err, authserver.ErrBadAnswer) {
				t.Errorf("%d: %v", status, err)
			}
		}
		own.Close()
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("the other server was asked %d times", n)
	}
}

// An answer that decompresses to more than the limit is refused.
func TestGetCompressed(t *testing.T) {
	client, address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(gzipped(t, `{"a":"`+strings.Repeat("x", 1<<20)+`"}`))
	})
	if _, _, err := client.Get(t.Context(), address, limit); !errors.Is(err, authserver.ErrBadAnswer) {
		t.Error(err)
	}
}

// Nothing is sent to an address that is not safe.
func TestUnsafeAddress(t *testing.T) {
	transport := roundTripper(func(*http.Request) (*http.Response, error) {
		t.Error("a request was sent")
		return nil, errors.New("no")
	})
	c := &authserver.Client{HTTP: &http.Client{Transport: transport}}
	if _, _, err := c.Get(t.Context(), "http://login.example.com", limit); !errors.Is(err, authserver.ErrBadAnswer) {
		t.Error(err)
	}
	if _, err := c.PostForm(t.Context(), "http://login.example.com", nil, "me", "hush", limit); !errors.Is(err, authserver.ErrBadAnswer) {
		t.Error(err)
	}
	if _, err := c.Discover(t.Context(), "http://login.example.com"); !errors.Is(err, authserver.ErrBadAnswer) {
		t.Error(err)
	}
}

// A server that does not answer is given up after the timeout, or when the caller
// goes away.
func TestTimeout(t *testing.T) {
	silent := roundTripper(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
	for _, c := range []struct{ timeout, caller, want time.Duration }{
		{0, time.Hour, 5 * time.Second}, {time.Second, time.Hour, time.Second}, {time.Second, time.Millisecond, time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), c.caller)
			defer cancel()
			client := &authserver.Client{HTTP: &http.Client{Transport: silent}, Timeout: c.timeout}
			start := time.Now()
			_, _, err := client.Get(ctx, "https://login.example.com", limit)
			if took := time.Since(start); !errors.Is(err, authserver.ErrNoAnswer) || took != c.want {
				t.Errorf("%v after %v, want %v", err, took, c.want)
			}
		})
	}
}

// RFC 6749, section 2.3.1: id and secret are encoded as in a form, then joined.
func TestPostForm(t *testing.T) {
	var got *http.Request
	client, address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		got = r
		answer(200, "application/json", `{"active":true}`)(w, r)
	})
	body, err := client.PostForm(t.Context(), address, url.Values{"token": {"a b&c"}}, "my:client", "p%ss w:rd+", limit)
	if err != nil || string(body) != `{"active":true}` {
		t.Fatalf("%s %v", body, err)
	}
	id, secret, ok := got.BasicAuth()
	if !ok || id != "my%3Aclient" || secret != "p%25ss+w%3Ard%2B" {
		t.Errorf("%q %q", id, secret)
	}
	if got.PostForm.Get("token") != "a b&c" || got.URL.RawQuery != "" || got.Method != http.MethodPost {
		t.Errorf("%v %v", got.PostForm, got.URL)
	}
	if _, err := client.PostForm(t.Context(), address, nil, "", "unused", limit); err != nil || got.Header.Get("Authorization") != "" {
		t.Errorf("%v, %q", err, got.Header.Get("Authorization"))
	}
}

// The log has the server's error code when it refuses us, escaped, and never our
// secret.
func TestPostFormRefused(t *testing.T) {
	client, address := serve(t, answer(401, "application/json", `{"error":"invalid_client\u001b[2J","error_description":"x"}`))
	_, err := client.PostForm(t.Context(), address, url.Values{"token": {"hush1"}}, "me", "hush2", limit)
	if !errors.Is(err, authserver.ErrBadAnswer) || !strings.Contains(err.Error(), "invalid_client") {
		t.Fatal(err)
	}
	if strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("%q", err)
	}
}

// Close leaves the client usable.
func TestClose(t *testing.T) {
	client, address := serve(t, answer(200, "application/json", `{}`))
	client.Close()
	if _, _, err := client.Get(t.Context(), address, limit); err != nil {
		t.Error(err)
	}
}
