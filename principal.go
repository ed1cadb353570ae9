package tandem

import (
	"context"
	"slices"
)

// AllScopes is the scope that grants every other one.
const AllScopes = "*"

// Principal is who makes a call, as a verifier established it from the
// credentials of this very request. It is immutable once it is in a context.
type Principal struct {
	Subject  string         // unique within Issuer; never empty
	Issuer   string         // who vouches for it: an issuer URL, or "api-key", "local"
	ClientID string         // the OAuth client, where there is one
	Scopes   []string       // what it may do
	Claims   map[string]any // further claims of its token; nil for none
}

// Key identifies the principal across requests, whatever its scopes are now.
// State that outlives a request, such as a session, is bound to it.
func (p *Principal) Key() string {
	if p == nil {
		return ""
	}
	return p.Issuer + "\x00" + p.Subject
}

// Has reports whether the principal holds the scope.
func (p *Principal) Has(scope string) bool {
	return p != nil && (slices.Contains(p.Scopes, scope) || slices.Contains(p.Scopes, AllScopes))
}

// missing returns the scopes that the principal lacks.
func (p *Principal) missing(scopes []string) []string {
	var lacking []string
	for _, s := range scopes {
		if !p.Has(s) {
			lacking = append(lacking, s)
		}
	}
	return lacking
}

type principalKey struct{}

// WithPrincipal returns a context of a call that p makes.
func WithPrincipal(ctx context.Context, p *Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom returns who makes the call, nil if nobody was established.
func PrincipalFrom(ctx context.Context) *Principal {
	p, _ := ctx.Value(principalKey{}).(*Principal)
	return p
}
