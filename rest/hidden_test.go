package rest_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/rest"
)

// hidingRoute is an operation of a service that hides some.
type hidingRoute struct{ method, path string }

var (
	hidingMethods = []string{"GET", "HEAD", "POST", "PUT", "DELETE"}
	hidingPaths   = []string{"/", "/a", "/a/b", "/{x}", "/a/{x}", "/{x}/b", "/a/{x...}", "/{x...}", "/a/b/{x...}", "/{x}/{y}"}
	hidingTargets = []string{"/", "", "/a", "/a/", "/a//", "/a/b", "/a/b/", "/b", "/b/b", "/b/", "/c/d/e", "/a/b/c", "/a/%2e%2e", "/a/b?unknown=1", "/a?limit=x"}
)

// Arguments of the routes, by their variables.
type (
	hidingNone struct{}
	hidingX    struct {
		X string `json:"x"`
	}
	hidingXY struct {
		X string `json:"x"`
		Y string `json:"y"`
	}
)

// register adds the route; a secret one needs a scope, or a policy refuses it.
func (r hidingRoute) register(svc *tandem.Service, name string, secret, byPolicy bool) (err error) {
	defer func() {
		if v := recover(); v != nil { // it conflicts with another one
			err = fmt.Errorf("%v", v)
		}
	}()
	op := tandem.Operation{Name: name, Method: r.method, Path: r.path}
	switch {
	case secret && byPolicy:
		op.Policy = func(_ context.Context, a tandem.Access) error {
			if a.Principal.Has("admin") {
				return nil
			}
			return tandem.Errorf(tandem.PermissionDenied, "admins only")
		}
	case secret:
		op.Scopes = []string{"admin"}
	}
	switch strings.Count(r.path, "{") {
	case 0:
		tandem.Register(svc, op, func(context.Context, hidingNone) (string, error) { return name, nil })
	case 1:
		tandem.Register(svc, op, func(_ context.Context, in hidingX) (string, error) { return name + in.X, nil })
	default:
		tandem.Register(svc, op, func(_ context.Context, in hidingXY) (string, error) { return name + in.X + in.Y, nil })
	}
	return nil
}

// Security 29: with HideForbidden a service answers as one in which the operations
// that the caller may not use were never registered, by status, headers and bytes,
// whatever the routes are and whatever is asked; who may use them gets them.
func TestHideForbidden(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	hiddenSomething := 0
	for range 150 {
		all, shown := tandem.New("x", "1"), tandem.New("x", "1")
		for i := range 2 + random.IntN(8) {
			r := hidingRoute{hidingMethods[random.IntN(len(hidingMethods))], hidingPaths[random.IntN(len(hidingPaths))]}
			name, secret := fmt.Sprint("op", i), random.IntN(2) == 0
			if r.register(all, name, secret, random.IntN(2) == 0) != nil {
				continue
			}
			if secret {
				hiddenSomething++
				continue
			}
			if err := r.register(shown, name, false, false); err != nil {
				t.Fatal(err)
			}
		}
		hiding := newHandler(t, all, rest.Config{HideForbidden: true})
		compareHandlers(t, random, hiding, newHandler(t, shown, rest.Config{}), "user")
		compareHandlers(t, random, hiding, newHandler(t, all, rest.Config{}), "admin")
	}
	if hiddenSomething < 100 {
		t.Errorf("only %d operations were hidden", hiddenSomething)
	}
}

// compareHandlers sends the same requests to both.
func compareHandlers(t *testing.T, random *rand.Rand, got, want http.Handler, scope string) {
	t.Helper()
	for range 40 {
		method := append(hidingMethods, "OPTIONS", "PATCH", "BREW")[random.IntN(len(hidingMethods)+3)]
		target := "/api/v1" + hidingTargets[random.IntN(len(hidingTargets))]
		accept := []string{"application/json", "text/event-stream", "image/png", "*/*"}[random.IntN(4)]
		ask := func(h http.Handler) map[string]string {
			r := httptest.NewRequest(method, target, nil)
			r.Header.Set("Accept", accept)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r.WithContext(tandem.WithPrincipal(r.Context(), &tandem.Principal{Subject: "s", Issuer: "i", Scopes: []string{scope}})))
			seen := map[string]string{"status": fmt.Sprint(w.Code), "body": w.Body.String()}
			for name, values := range maps.All(w.Header()) {
				seen[name] = strings.Join(values, "; ")
			}
			return seen
		}
		if diff := cmp.Diff(ask(want), ask(got)); diff != "" {
			t.Errorf("%s %s as %s (Accept: %s), -without the operation +hidden:\n%s", method, target, scope, accept, diff)
		}
	}
}

// A request asks the policy of the one operation that it matches, and of no other.
func TestHiddenIsJudgedAlone(t *testing.T) {
	svc := tandem.New("x", "1")
	asked := map[string]int{}
	for _, name := range []string{"a", "b", "c"} {
		tandem.Register(svc, tandem.Operation{Name: name, Method: "GET", Policy: func(_ context.Context, a tandem.Access) error {
			asked[a.Operation.Name]++
			return nil
		}}, func(context.Context, struct{}) (string, error) { return name, nil })
	}
	h := newHandler(t, svc, rest.Config{HideForbidden: true})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/api/v1/a", nil))
	if w.Code != http.StatusOK || asked["a"] == 0 || asked["b"]+asked["c"] > 0 {
		t.Errorf("status %d, asked %v", w.Code, asked)
	}
}

// The routes that are kept for those who may not see all are bounded.
func TestHiddenRoutesAreBounded(t *testing.T) {
	svc := tandem.New("x", "1")
	for i := range 100 {
		name := fmt.Sprint("op", i)
		tandem.Register(svc, tandem.Operation{Name: name, Method: "GET", Scopes: []string{name}}, func(context.Context, struct{}) (string, error) { return name, nil })
	}
	h := newHandler(t, svc, rest.Config{HideForbidden: true})
	for i := range 100 {
		for path, want := range map[string]int{fmt.Sprint("op", i): http.StatusOK, fmt.Sprint("op", (i+1)%100): http.StatusNotFound} {
			r := httptest.NewRequest("GET", "/api/v1/"+path, nil)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r.WithContext(tandem.WithPrincipal(r.Context(), &tandem.Principal{Subject: "s", Scopes: []string{fmt.Sprint("op", i)}})))
			if w.Code != want {
				t.Errorf("op%d asks for %s: %d", i, path, w.Code)
			}
		}
	}
	if n := h.HiddenRoutes(); n != rest.MaxHiddenRoutes {
		t.Errorf("%d routes are kept", n)
	}
}
