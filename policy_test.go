package tandem_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tandem-go/tandem"
)

type bin struct {
	Warehouse string `json:"warehouse"`
}

// A policy is asked after the scopes: once without arguments, once with them, and
// nothing runs unless all allow.
func TestPolicy(t *testing.T) {
	svc := tandem.New("x", "1")
	var asked []string
	svc.Policy(func(_ context.Context, a tandem.Access) error {
		asked = append(asked, "service")
		if a.Principal.Subject == "mallory" {
			return tandem.Errorf(tandem.PermissionDenied, "not you")
		}
		return nil
	})
	ran := 0
	tandem.Register(svc, tandem.Operation{
		Name: "move", Scopes: []string{"write"},
		Policy: tandem.PolicyOf(func(_ context.Context, p *tandem.Principal, in bin) error {
			asked = append(asked, "own:"+in.Warehouse)
			if p.Claims["warehouse"] != in.Warehouse {
				return tandem.Errorf(tandem.PermissionDenied, "warehouse %q is not yours", in.Warehouse)
			}
			return nil
		}),
	}, func(context.Context, bin) (struct{}, error) { ran++; return struct{}{}, nil })

	call := func(subject, scope, arguments string) error {
		asked = nil
		p := &tandem.Principal{Subject: subject, Issuer: "i", Scopes: []string{scope}, Claims: map[string]any{"warehouse": "north"}}
		_, err := svc.Invoke(tandem.WithPrincipal(t.Context(), p), "move", []byte(arguments))
		return err
	}
	for name, c := range map[string]struct {
		subject, scope, arguments string
		code                      tandem.Code
		asked                     int
	}{
		"allowed":          {"ann", "write", `{"warehouse":"north"}`, 0, 3},
		"wrong arguments":  {"ann", "write", `{"warehouse":"south"}`, tandem.PermissionDenied, 3},
		"wrong caller":     {"mallory", "write", `{"warehouse":"north"}`, tandem.PermissionDenied, 1},
		"no scope":         {"ann", "read", `{"warehouse":"north"}`, tandem.PermissionDenied, 0},
		"invalid":          {"ann", "write", `{"warehouse":1}`, tandem.InvalidArgument, 1},
		"invalid, refused": {"mallory", "write", `{}`, tandem.PermissionDenied, 1},
	} {
		ran = 0
		err := call(c.subject, c.scope, c.arguments)
		if tandem.CodeOf(err) != c.code || (ran == 1) != (c.code == 0) || len(asked) != c.asked {
			t.Errorf("%s: %v, ran %d times, asked %v", name, err, ran, asked)
		}
		var e *tandem.Error
		if errors.As(err, &e) && (len(e.Scopes) > 0) != (name == "no scope") {
			t.Errorf("%s: scopes %v", name, e.Scopes)
		}
	}
}

// What a policy cannot judge it refuses: with arguments of another type, or with
// an error that is not meant for the caller.
func TestPolicyFailsClosed(t *testing.T) {
	for name, policy := range map[string]tandem.Policy{
		"other type":  tandem.PolicyOf(func(context.Context, *tandem.Principal, struct{ X int }) error { return nil }),
		"plain error": func(context.Context, tandem.Access) error { return errors.New("the database is down") },
		"panic":       func(context.Context, tandem.Access) error { panic("oops") },
	} {
		svc := tandem.New("x", "1")
		ran := false
		tandem.Register(svc, tandem.Operation{Name: "move", Policy: policy}, func(context.Context, bin) (struct{}, error) {
			ran = true
			return struct{}{}, nil
		})
		if _, err := svc.Invoke(t.Context(), "move", []byte(`{"warehouse":"north"}`)); tandem.CodeOf(err) != tandem.Internal || ran {
			t.Errorf("%s: %v, ran: %v", name, err, ran)
		}
	}
}

// A nil *Error in a policy's error means none, as a handler's does.
func TestPolicyNilError(t *testing.T) {
	svc := tandem.New("x", "1")
	svc.Policy(func(context.Context, tandem.Access) error { return (*tandem.Error)(nil) })
	tandem.Register(svc, tandem.Operation{Name: "move"}, func(context.Context, bin) (struct{}, error) { return struct{}{}, nil })
	if _, err := svc.Invoke(t.Context(), "move", []byte(`{"warehouse":"north"}`)); err != nil {
		t.Error(err)
	}
}

// Resources and prompts are under the same policies.
func TestPolicyOfResourcesAndPrompts(t *testing.T) {
	svc := tandem.New("x", "1")
	refuse := func(context.Context, tandem.Access) error { return tandem.Errorf(tandem.PermissionDenied, "no") }
	tandem.Resource(svc, tandem.ResourceInfo{URI: "x://a", Name: "a", Policy: refuse}, func(context.Context) (string, error) { return "", nil })
	p := tandem.Prompt(svc, tandem.PromptInfo{Name: "p", Policy: refuse}, func(context.Context, struct{}) ([]tandem.Message, error) { return nil, nil })
	if _, err := svc.ReadResource(t.Context(), "x://a", tandem.Call{}); tandem.CodeOf(err) != tandem.PermissionDenied {
		t.Errorf("the resource: %v", err)
	}
	if _, err := p.Get(t.Context(), nil, tandem.Call{}); tandem.CodeOf(err) != tandem.PermissionDenied {
		t.Errorf("the prompt: %v", err)
	}
}
