package tandem

import (
	"context"
	"slices"
	"time"
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
	// Expires is when its credentials end, and with them its streams; zero means
	// never.
	Expires time.Time
}

// Key identifies the principal across requests, whatever its scopes are now.
// State that outlives a request, such as a session, is bound to it.
func (p *Principal) Key() string {
	if p == nil {
		return ""
	}
	return p.Issuer + "\x00" + p.Subject
}

// Has reports whether the principal holds the scope itself; [Service.Holds] knows of
// scopes that imply others.
func (p *Principal) Has(scope string) bool {
	return p != nil && (slices.Contains(p.Scopes, scope) || slices.Contains(p.Scopes, AllScopes))
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

type reverifyKey struct{}

// WithReverify returns a context in which [Reverify] asks again, which is whoever
// established the principal.
func WithReverify(ctx context.Context, again func(ctx context.Context) error) context.Context {
	return context.WithValue(ctx, reverifyKey{}, again)
}

// CanEnd reports whether the credentials of a request may end while something
// outlives it: they expire, or there is somebody whom [Reverify] can ask.
func CanEnd(ctx context.Context) bool {
	if p := PrincipalFrom(ctx); p != nil && !p.Expires.IsZero() {
		return true
	}
	return ctx.Value(reverifyKey{}) != nil
}

// Reverify reports as an error that the credentials of a request are not good any
// more, or cannot be checked: they expired or were revoked. What outlives its
// request, such as a stream, asks from time to time. It is nil where nobody can
// say.
func Reverify(ctx context.Context) error {
	if p := PrincipalFrom(ctx); p != nil && !p.Expires.IsZero() && !time.Now().Before(p.Expires) {
		return Errorf(Unauthenticated, "the credentials have expired")
	}
	if again, ok := ctx.Value(reverifyKey{}).(func(context.Context) error); ok {
		return again(ctx)
	}
	return nil
}
