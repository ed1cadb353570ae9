package server

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// byScopes takes a token for the list of its scopes, of which "all" is every one; "bad" is
// none.
var byScopes = auth.VerifierFunc(func(_ context.Context, token string) (*tandem.Principal, error) {
	if token == "bad" {
		return nil, errors.New("bad")
	}
	return &tandem.Principal{Issuer: "test", Subject: token, Scopes: strings.Split(strings.ReplaceAll(token, "all", tandem.AllScopes), "+")}, nil
})

// newRanked has an operation for each kind of caller.
func newRanked(t *testing.T) *tandem.Service {
	svc := newService(t)
	done := func(context.Context, none) (none, error) { return none{}, nil }
	tandem.Register(svc, tandem.Operation{Name: "see_stock", Tags: []string{"stock"}, Scopes: []string{"stock.read"}}, done)
	tandem.Register(svc, tandem.Operation{Name: "fire_staff", Tags: []string{"staff"}, Scopes: []string{"staff.admin"}}, done)
	tandem.Register(svc, tandem.Operation{Name: "rule", Tags: []string{"throne"}, Policy: func(_ context.Context, a tandem.Access) error {
		if a.Principal == nil || !a.Principal.Has("throne") {
			return tandem.Errorf(tandem.NotFound, "nothing")
		}
		return nil
	}}, done)
	return svc
}

// Where what is forbidden is hidden, the document shows a caller what it may use:
// strangers what needs no scope, others more, and bad credentials nothing. What one
// caller sees is kept for nobody else.
func TestDocumentsByCaller(t *testing.T) {
	s := newServer(t, newRanked(t), Config{Verifier: byScopes, HideForbidden: true})
	for _, path := range []string{"/openapi.json", "/openapi.yaml"} {
		for range 2 { // made, and kept
			for token, want := range map[string]string{
				"": "", "other": "", "stock.read": "see_stock", "staff.admin": "fire_staff", "throne": "rule",
				"stock.read+throne": "see_stock rule", "all": "see_stock fire_staff rule",
			} {
				var headers []string
				if token != "" {
					headers = []string{"Authorization", "Bearer " + token}
				}
				w := ask(s, "GET", path, "", headers...)
				var seen []string
				for _, name := range []string{"see_stock", "fire_staff", "rule"} {
					if strings.Contains(w.Body.String(), "/"+name) {
						seen = append(seen, name)
					}
				}
				if got := strings.Join(seen, " "); w.Code != 200 || got != want || !strings.Contains(w.Body.String(), "/echo") {
					t.Errorf("%s, %q: %d, sees %q, want %q", path, token, w.Code, got, want)
				}
				if !strings.Contains(w.Body.String(), "bearer") {
					t.Errorf("%s, %q: it does not say how to see more", path, token)
				}
				h := w.Header()
				if !strings.Contains(h.Get("Cache-Control"), "private") || !strings.Contains(strings.Join(h.Values("Vary"), ","), "Authorization") {
					t.Errorf("%s, %q: %v", path, token, h)
				}
			}
		}
		w := ask(s, "GET", path, "", "Authorization", "Bearer bad")
		if w.Code != 401 || strings.Contains(w.Body.String(), "echo") {
			t.Errorf("%s, bad credentials: %d %s", path, w.Code, w.Body)
		}
	}
	if w := ask(s, "GET", "/docs", ""); w.Code != 200 || !strings.Contains(w.Body.String(), "data-personal") {
		t.Errorf("the page does not know that the document is personal: %d", w.Code)
	}
}

// By default the document is the same for everybody, credentials or not.
func TestDocumentsForAll(t *testing.T) {
	s := newServer(t, newRanked(t), Config{Verifier: byScopes})
	whole := ask(s, "GET", "/openapi.json", "").Body.String()
	for _, token := range []string{"bad", "other", "all"} {
		w := ask(s, "GET", "/openapi.json", "", "Authorization", "Bearer "+token)
		if w.Code != 200 || w.Body.String() != whole || strings.Contains(w.Header().Get("Cache-Control"), "private") {
			t.Errorf("%q: %d %v", token, w.Code, w.Header())
		}
	}
	if !strings.Contains(whole, "fire_staff") || !strings.Contains(whole, "x-tandem-policy") {
		t.Error("it does not show everything")
	}
	if w := ask(s, "GET", "/docs", ""); strings.Contains(w.Body.String(), "data-personal") {
		t.Error("the page takes the document for a personal one")
	}
}

// Without credentials every caller is local and may do everything but what a
// policy forbids.
func TestDocumentsWithoutCredentials(t *testing.T) {
	svc := newRanked(t)
	tandem.Register(svc, tandem.Operation{Name: "never", Policy: func(context.Context, tandem.Access) error {
		return tandem.Errorf(tandem.PermissionDenied, "never")
	}}, func(context.Context, none) (none, error) { return none{}, nil })
	s := newServer(t, svc, Config{HideForbidden: true})
	text := ask(s, "GET", "/openapi.json", "").Body.String()
	if !strings.Contains(text, "fire_staff") || strings.Contains(text, "/never") || strings.Contains(text, "securitySchemes") {
		t.Errorf("got %s", text)
	}
}

// An operation that is added later is in the documents of those who may use it,
// and however many ways there are to see the service, few documents are kept.
func TestDocumentsFollow(t *testing.T) {
	svc := newRanked(t)
	s := newServer(t, svc, Config{Verifier: byScopes, HideForbidden: true})
	get := func(token string) *httptest.ResponseRecorder {
		return ask(s, "GET", "/openapi.json", "", "Authorization", "Bearer "+token)
	}
	if strings.Contains(get("late").Body.String(), "/late_one") {
		t.Fatal("it is there before its time")
	}
	tandem.Register(svc, tandem.Operation{Name: "late_one", Scopes: []string{"late"}}, func(context.Context, none) (none, error) { return none{}, nil })
	if !strings.Contains(get("late").Body.String(), "/late_one") || strings.Contains(get("other").Body.String(), "/late_one") {
		t.Error("the late one is missing, or shown to all")
	}
}

// However many ways there are to see the service, few documents are kept.
func TestDocumentsAreBounded(t *testing.T) {
	svc := tandem.New("wide", "1")
	done := func(context.Context, none) (none, error) { return none{}, nil }
	for i := range 8 {
		tandem.Register(svc, tandem.Operation{Name: fmt.Sprint("op", i), Scopes: []string{fmt.Sprint("s", i)}}, done)
	}
	s := newServer(t, svc, Config{Verifier: byScopes, HideForbidden: true})
	documents, err := s.newDocuments()
	if err != nil {
		t.Fatal(err)
	}
	for set := range 256 {
		p := &tandem.Principal{Issuer: "x", Subject: "x"}
		for i := range 8 {
			if set&(1<<i) != 0 {
				p.Scopes = append(p.Scopes, fmt.Sprint("s", i))
			}
		}
		if _, err := documents.of(tandem.WithPrincipal(t.Context(), p)); err != nil {
			t.Fatal(err)
		}
		if len(documents.views) > mostViews {
			t.Fatalf("%d documents are kept", len(documents.views))
		}
	}
}

// Many callers at once get each their own.
func TestDocumentsAtOnce(t *testing.T) {
	s := newServer(t, newRanked(t), Config{Verifier: byScopes, HideForbidden: true})
	var wg sync.WaitGroup
	for i := range 32 {
		token, want := "stock.read", "see_stock"
		if i%2 == 0 {
			token, want = "staff.admin", "fire_staff"
		}
		wg.Go(func() {
			text := ask(s, "GET", "/openapi.json", "", "Authorization", "Bearer "+token).Body.String()
			if !strings.Contains(text, want) || strings.Contains(text, "see_stock") && strings.Contains(text, "fire_staff") {
				t.Errorf("%s sees %s", token, text)
			}
		})
	}
	wg.Wait()
}
