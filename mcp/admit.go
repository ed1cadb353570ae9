package mcp

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/challenge"
)

// admit refuses a request over HTTP whose caller lacks a scope for any of its
// messages, before anything of it is done: 2025-11-25, section "Scope Challenge
// Handling". It decides on what the body says, as the methods themselves do, and
// reports whether the request may go on.
func (d *Door) admit(w http.ResponseWriter, r *http.Request, messages ...*message) bool {
	var id []byte
	var calls []*tandem.Call
	for _, m := range messages {
		lacking := d.lacking(r.Context(), m)
		if len(lacking) > 0 && calls == nil {
			id = m.id
		}
		calls = append(calls, lacking...)
	}
	if calls == nil {
		return true
	}
	d.challenge(w, r, id, refuseAll(r.Context(), calls))
	return false
}

// lacking returns a call of each thing that the message is about and the scopes of
// its caller do not reach.
func (d *Door) lacking(ctx context.Context, m *message) []*tandem.Call {
	if m.kind != request {
		return nil
	}
	t, err := d.target(ctx, m)
	if err != nil {
		return nil // the method itself finds it
	}
	p := tandem.PrincipalFrom(ctx)
	if t.listening != nil {
		return d.lackingOf(p, t.listening)
	}
	if t.op == nil || d.holds(p, t.op) {
		return nil
	}
	return []*tandem.Call{t.refused(m)}
}

func (d *Door) lackingOf(p *tandem.Principal, l *listening) (calls []*tandem.Call) {
	known := map[*tandem.Registered]bool{}
	for _, r := range l.resources {
		if r == nil || known[r.Operation()] {
			continue
		}
		known[r.Operation()] = true
		if !d.holds(p, r.Operation()) {
			calls = append(calls, refusedCall(r.Operation()))
		}
	}
	return calls
}

// holds reports whether the principal's scopes are enough for the operation.
func (d *Door) holds(p *tandem.Principal, op *tandem.Registered) bool {
	return !slices.ContainsFunc(op.Scopes, func(scope string) bool { return !d.svc.Holds(p, scope) })
}

// refused returns the call that is refused, for those who observe calls.
func (t *target) refused(m *message) *tandem.Call {
	call := refusedCall(t.op)
	if isObject(m.params.meta.raw) {
		call.Meta = m.params.meta.raw
	}
	switch {
	case m.params.complete != nil:
		call.Completing = m.params.complete.Argument.Name
	case t.tool != nil && isObject(m.params.arguments):
		call.Arguments = m.params.arguments
	case t.resource != nil:
		call.Arguments = t.arguments
	}
	return call
}

// refusedCall returns a call that fails whatever the scopes are meanwhile.
func refusedCall(op *tandem.Registered) *tandem.Call {
	return &tandem.Call{
		Operation: op, Door: tandem.MCP, Arguments: noArguments,
		Invalid: []tandem.FieldError{{Detail: "the caller lacked a scope when the call was decided upon"}},
	}
}

// refuseAll makes the calls, for those who observe them, and returns the first
// one's error with the scopes that all of them need.
func refuseAll(ctx context.Context, calls []*tandem.Call) *tandem.Error {
	var refused tandem.Error
	var scopes []string
	for i, call := range calls {
		_, err := call.Operation.Invoke(ctx, call)
		var e *tandem.Error
		if !errors.As(err, &e) {
			e = tandem.Errorf(tandem.PermissionDenied, "the caller lacks a scope")
		}
		if i == 0 {
			refused = *e
		}
		for _, scope := range e.Scopes {
			if !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		}
	}
	refused.Scopes = scopes
	return &refused
}

// challenge answers by an error that tells the client which token to get. An error
// that no scopes would help, as an observer may return it, is none.
func (d *Door) challenge(w http.ResponseWriter, r *http.Request, id []byte, e *tandem.Error) {
	fault := refusal(e)
	if len(e.Scopes) > 0 {
		c := challenge.Bearer{Error: challenge.InsufficientScope, Scopes: e.Scopes, ResourceMetadata: d.cfg.ResourceMetadata}
		if e.Code == tandem.Unauthenticated {
			c.Error = ""
			if len(r.Header["Authorization"]) > 0 {
				c.Error = challenge.InvalidToken
			}
		}
		w.Header().Set("WWW-Authenticate", c.String())
		fault.status = e.Code.HTTPStatus()
	}
	writeFault(w, id, fault)
}
