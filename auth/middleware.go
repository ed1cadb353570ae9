package auth

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/tandem-go/tandem"
)

// Options configure [Middleware]. The zero value is ready to use.
type Options struct {
	// Logger receives the causes of refusals at level info; nil means
	// slog.Default().
	Logger *slog.Logger
	// Certificates establishes the callers that send no Authorization header, from
	// the client certificate that their TLS connection verified. A token decides
	// before a certificate. Nil means that certificates are no credentials.
	Certificates CertificateVerifier
	// ResourceMetadata returns the URL that a 401's challenge gives as
	// resource_metadata (RFC 9728, section 5.1), empty for none. Nil means none.
	ResourceMetadata func(r *http.Request) string
	// Scopes are what a 401's challenge tells the caller to ask for (MCP
	// 2025-11-25, "Protected Resource Metadata Discovery Requirements"). Nil says
	// nothing.
	Scopes []string
	// Source returns where a request comes from, such as its address; verifiers read
	// it by [Source] to limit what many unknown tokens cost. Nil means that all
	// requests count as one source.
	Source func(r *http.Request) string
	// Refuse is asked before bad or missing credentials are answered; if it
	// returns an error, the caller gets that instead of the challenge. It is the
	// place to slow down somebody who tries many tokens. It is not asked where no
	// verdict was reached. Nil means no such limit.
	Refuse func(r *http.Request) *tandem.Error
}

// guard is a middleware at work.
type guard struct {
	Options
	verifier Verifier
}

// Middleware returns a middleware that lets only requests with good credentials
// through, with their principal in the context. Each request is judged by its
// own credentials: one Authorization header with a bearer token, or else a client
// certificate. A token whose principal has a claim "cnf" must be bound to the
// client certificate of its connection (RFC 8705, section 3).
//
// Behind it [tandem.Reverify] verifies the same credentials again: it fails once
// they are not good any more, mean somebody else, or hold less than they did. Nil
// as v means that there are no tokens but only certificates.
func Middleware(v Verifier, o Options) func(http.Handler) http.Handler {
	if v == nil {
		v = Any()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	g := &guard{Options: o, verifier: v}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, err := g.authenticate(r)
			if err != nil {
				g.refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

// authenticate returns the context of a request whose credentials are good.
func (g *guard) authenticate(r *http.Request) (context.Context, error) {
	c, err := g.credentialsOf(r)
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	if g.Source != nil {
		ctx = sourced{ctx, r, g.Source}
	}
	p, err := g.verify(ctx, c)
	if err != nil {
		return nil, err
	}
	ctx = tandem.WithReverify(ctx, func(ctx context.Context) error { return g.again(ctx, c, p) })
	return tandem.WithPrincipal(ctx, p), nil
}

// credentials are what a request brought along to say who makes it.
type credentials struct {
	token string // empty where the certificate stands alone
	tls   *tls.ConnectionState
}

func (g *guard) credentialsOf(r *http.Request) (credentials, error) {
	token, err := bearer(r)
	if errors.Is(err, errNoCredentials) && g.Certificates != nil && r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		err = nil
	}
	return credentials{token, r.TLS}, err
}

func (g *guard) verify(ctx context.Context, c credentials) (*tandem.Principal, error) {
	if c.token == "" {
		return verifyChains(ctx, g.Certificates, c.tls.VerifiedChains)
	}
	p, err := verify(ctx, g.verifier, c.token)
	if err != nil {
		return nil, err
	}
	if err := confirm(p, c.tls); err != nil {
		return nil, err
	}
	return p, nil
}

const (
	endedDetail   = "the credentials are not good any more"
	changedDetail = "the credentials do not grant what they did any more"
)

// again verifies the credentials of a request that was let through as p.
func (g *guard) again(ctx context.Context, c credentials, p *tandem.Principal) error {
	now, err := g.verify(ctx, c)
	if noVerdict(err) {
		return unavailable(ctx, err)
	}
	if err != nil {
		return tandem.Errorf(tandem.Unauthenticated, endedDetail).WithCause(err)
	}
	if now.Key() != p.Key() || slices.ContainsFunc(p.Scopes, func(scope string) bool { return !now.Has(scope) }) {
		return tandem.Errorf(tandem.Unauthenticated, changedDetail).WithCause(fmt.Errorf("now %q with scopes %q", now.Subject, now.Scopes))
	}
	return nil
}
