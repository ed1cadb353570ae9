package rest_test

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tandem-go/tandem/rest"
)

// FuzzHandler sends any request: the door neither panics nor redirects, every success is JSON and every failure a problem.
func FuzzHandler(f *testing.F) {
	for _, seed := range [][]string{
		{"GET", "/api/v1/things/a?limit=5&tags=x", "", "*/*", "", "t"},
		{"PUT", "/api/v1/things/%2e%2e/", `{"limit":3}`, "text/event-stream", "application/json", ""},
		{"POST", "/api/v1/orders", `{"sku":"a","count":1}`, "application/json;q=0.5, text/*", "application/x+json; charset=utf-8", "\xff"},
		{"DELETE", "/api/v1/files/a//b", "x", `a/b;c="d,`, "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4], seed[5])
	}
	h := newHandler(f, newService(), rest.Config{})
	f.Fuzz(func(t *testing.T, method, target, body, accept, contentType, header string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || method == "CONNECT" {
			return
		}
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Method, r.URL, r.RequestURI = method, u, target
		r.Header["Accept"], r.Header["Content-Type"], r.Header["X-Trace"] = []string{accept}, []string{contentType}, []string{header}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch got := w.Header().Get("Content-Type"); {
		case w.Code >= 300 && w.Code < 400 || w.Code >= 500:
			t.Errorf("status %d: %s", w.Code, w.Body)
		case w.Code == 204 && w.Body.Len() == 0, got == "text/event-stream":
		case w.Code >= 400 && got != "application/problem+json", w.Code < 300 && got != "application/json", !jsontext.Value(w.Body.Bytes()).IsValid():
			t.Errorf("status %d, type %q: %s", w.Code, got, w.Body)
		}
	})
}
