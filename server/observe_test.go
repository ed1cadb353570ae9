package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

// served returns a server whose log the test reads.
func served(t *testing.T, l logging, cfg Config) (*Server, *syncBuffer) {
	t.Helper()
	var log syncBuffer
	svc := newService(t)
	svc.Logger = l.logger(&log)
	return newServer(t, svc, cfg), &log
}

// The access log has who, what and how it ended, and no secret.
func TestAccessLog(t *testing.T) {
	s, log := served(t, logging{json: true}, Config{APIKeys: []tandem.Secret{testKey}})
	w := ask(s, "GET", "/api/v1/echo/hi?access_tokem=hush&x=hush", "", "Authorization", "Bearer "+testKey, "Cookie", "hush")
	var line map[string]any
	for text := range strings.Lines(log.String()) {
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
	}
	for key, want := range map[string]any{
		"msg": "request", "method": "GET", "route": "/api/v1/echo/{text}", "status": float64(w.Code), "bytes": float64(w.Body.Len()),
		"request_id": w.Header().Get("X-Request-Id"), "client": "127.0.0.1", "query": "access_tokem=REDACTED&x=REDACTED",
	} {
		if line[key] != want {
			t.Errorf("%s is %v, want %v", key, line[key], want)
		}
	}
	if subject, _ := line["principal"].(string); !strings.HasPrefix(subject, "key-") {
		t.Errorf("the principal is %v", line["principal"])
	}
	if _, ok := line["duration"]; !ok {
		t.Error("there is no duration")
	}
	if strings.Contains(log.String(), "hush") || strings.Contains(log.String(), testKey) {
		t.Errorf("a secret is in %s", log.String())
	}
}

// No request writes a line of its own making, or reaches a terminal.
func TestLogInjection(t *testing.T) {
	for _, l := range []logging{{}, {json: true}} {
		s, log := served(t, l, Config{APIKeys: []tandem.Secret{testKey}})
		r := httptest.NewRequest("GET", "/", nil)
		r.Host, r.RemoteAddr = "localhost", "127.0.0.1:1"
		r.Method = "GET\r\nlevel=ERROR\x1b[2J"
		r.URL.Path = "/api/v1/x\r\nlevel=ERROR msg=forged\x1b[2J\u202e"
		r.URL.RawQuery = "a\r\nlevel=ERROR=\x1b[2J&b;c"
		r.Header.Set("Authorization", "Bearer x\r\nlevel=ERROR\x1b[2J")
		r.Header.Set("User-Agent", "x\r\nlevel=ERROR\x1b[2J")
		before := strings.Count(log.String(), "\n")
		s.ServeHTTP(httptest.NewRecorder(), r)
		added := log.String()
		if lines := strings.Count(added, "\n") - before; lines != 2 {
			t.Errorf("%d lines for a refused request, want its cause and its end:\n%s", lines, added)
		}
		if strings.ContainsAny(added, "\x1b\r\u202e") {
			t.Errorf("control characters in %q", added)
		}
		for line := range strings.Lines(added) {
			if strings.HasPrefix(line, "level=ERROR") {
				t.Errorf("a forged line: %q", line)
			}
		}
	}
}

// Credentials are redacted, whoever logs them and in which attribute.
func TestRedact(t *testing.T) {
	var log bytes.Buffer
	l := logging{}.logger(&log)
	l.Info("upstream", "Authorization", "hush", "access_token", "hush", "DATABASE_PASSWORD", "hush", "api_key", "hush",
		"cause", "got 401 for Bearer hush.hush-hush==", "header", "authorization: basic aHVzaA==")
	if strings.Contains(log.String(), "hush") || strings.Contains(log.String(), "aHVzaA") {
		t.Errorf("a secret is in %s", &log)
	}
	if !strings.Contains(log.String(), "got 401 for Bearer REDACTED") {
		t.Errorf("the rest is lost: %s", &log)
	}
}

// Probes do not fill the log; debugging shows them.
func TestHealthIsQuiet(t *testing.T) {
	s, log := served(t, logging{}, Config{})
	ask(s, "GET", "/health", "")
	ask(s, "GET", "/health/mcp", "")
	if strings.Contains(log.String(), "msg=request") {
		t.Errorf("got %s", log.String())
	}
}

// Operations that fail or panic cost their caller a generic answer with the id
// under which the log has the cause; the process goes on.
func TestFailuresAreSanitized(t *testing.T) {
	s, log := served(t, logging{json: true}, Config{})
	for _, path := range []string{"/api/v1/fail", "/api/v1/boom"} {
		w := ask(s, "POST", path, "")
		p := problem(t, w)
		if w.Code != 500 || strings.Contains(w.Body.String(), "hunter2") || strings.Contains(w.Body.String(), "boom") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
		if p.CorrelationID != w.Header().Get("X-Request-Id") || !strings.Contains(log.String(), p.CorrelationID) {
			t.Errorf("%s: correlation id %q", path, p.CorrelationID)
		}
	}
	if !strings.Contains(log.String(), "hunter2") {
		t.Error("the log lacks the cause")
	}
}

// A middleware of the program that panics costs a 500, or the connection if the
// response has begun.
func TestMiddlewarePanics(t *testing.T) {
	late := false
	s, log := served(t, logging{json: true}, Config{Middleware: map[string][]func(http.Handler) http.Handler{
		"/api": {func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				if late {
					_, _ = w.Write([]byte("half an ans"))
				}
				panic("secret")
			})
		}},
	}})
	w := ask(s, "GET", "/api/v1/status", "")
	if p := problem(t, w); w.Code != 500 || p.CorrelationID == "" || !strings.Contains(log.String(), p.CorrelationID) {
		t.Errorf("%d %+v", w.Code, p)
	}
	if strings.Contains(w.Body.String(), "secret") {
		t.Errorf("the caller reads %s", w.Body)
	}
	late = true
	defer func() {
		if recover() != http.ErrAbortHandler {
			t.Error("half an answer ended like a whole one")
		}
	}()
	ask(s, "GET", "/api/v1/status", "")
}

// The program's middleware runs inside of credentials, in order, below its prefix
// alone.
func TestMiddleware(t *testing.T) {
	var trail []string
	mark := func(name string) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tandem.PrincipalFrom(r.Context()) == nil {
					t.Error("it runs before credentials are checked")
				}
				trail = append(trail, name)
				next.ServeHTTP(w, r)
			})
		}
	}
	s := newServer(t, newService(t), Config{APIKeys: []tandem.Secret{testKey}, Middleware: map[string][]func(http.Handler) http.Handler{
		"/api": {mark("outer"), mark("inner")},
		"/mcp": {mark("mcp")},
	}})
	bearer := []string{"Authorization", "Bearer " + testKey}
	for _, c := range []struct {
		method, path, body string
		headers            []string
		want               string
	}{
		{"GET", "/api/v1/status", "", bearer, "outer inner"},
		{"POST", "/mcp", callEcho, append(bearer, modern...), "mcp"},
		{"GET", "/docs", "", bearer, ""},
		{"GET", "/api/v1/status", "", nil, ""},
	} {
		trail = nil
		ask(s, c.method, c.path, c.body, c.headers...)
		if got := strings.Join(trail, " "); got != c.want {
			t.Errorf("%s ran %q, want %q", c.path, got, c.want)
		}
	}
}
