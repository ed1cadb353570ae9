package tandem_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/tandem-go/tandem"
)

// A broad scope implies the narrow ones that it contains, at any distance, and
// nothing else (not even a scope whose name begins like it).
func TestImplyScopes(t *testing.T) {
	svc := tandem.New("x", "1")
	svc.ImplyScopes("stock:admin", "stock:write")
	svc.ImplyScopes("stock:write", "stock:read")
	svc.ImplyScopes("audit", "stock:read")
	tandem.Register(svc, tandem.Operation{Name: "read", Scopes: []string{"stock:read"}}, func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	tandem.Register(svc, tandem.Operation{Name: "write", Scopes: []string{"stock:write", "stock:read"}}, func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	for scope, may := range map[string][2]bool{
		"stock:read":  {true, false},
		"stock:write": {true, true},
		"stock:admin": {true, true},
		"audit":       {true, false},
		"*":           {true, true},
		"stock":       {false, false},
		"stock:*":     {false, false},
		"stock:admi":  {false, false},
	} {
		ctx := tandem.WithPrincipal(t.Context(), &tandem.Principal{Subject: "s", Issuer: "i", Scopes: []string{scope}})
		for i, name := range []string{"read", "write"} {
			_, err := svc.Invoke(ctx, name, nil)
			if (err == nil) != may[i] {
				t.Errorf("%s with %s: %v", name, scope, err)
			}
			var e *tandem.Error
			if op, _ := svc.Operation(name); errors.As(err, &e) && !slices.Equal(e.Scopes, op.Scopes) {
				t.Errorf("%s with %s names %v", name, scope, e.Scopes)
			}
		}
	}
	if svc.Holds(nil, "stock:read") {
		t.Error("nobody holds a scope")
	}
}

// A mistake in the hierarchy is the program's.
func TestImplyScopesPanics(t *testing.T) {
	for name, imply := range map[string]func(*tandem.Service){
		"itself": func(s *tandem.Service) { s.ImplyScopes("a", "a") },
		"circle": func(s *tandem.Service) { s.ImplyScopes("a", "b"); s.ImplyScopes("b", "c"); s.ImplyScopes("c", "a") },
		"all":    func(s *tandem.Service) { s.ImplyScopes("a", tandem.AllScopes) },
		"spaces": func(s *tandem.Service) { s.ImplyScopes("a b", "c") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			imply(tandem.New("x", "1"))
		}()
	}
}
