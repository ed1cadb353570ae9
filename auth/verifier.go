package auth

import (
	"context"
	"errors"

	"github.com/tandem-go/tandem"
)

// Verifier establishes a principal from a bearer token.
//
//   - It is safe for concurrent use.
//   - On success the principal is not nil and has a Subject and an Issuer; it is
//     immutable and may be shared between calls.
//   - An error with code [tandem.Unavailable] says that no verdict could be
//     reached: the caller gets a 503, never access. One with code
//     [tandem.ResourceExhausted] says that none is sought, since too many unknown
//     tokens came from the same [Source]: a 429. Every other error means that the
//     token is bad.
//   - An error that wraps [ErrOtherKind] says that the token is of a kind that it
//     does not judge, so that another verifier may.
//   - Its errors are for the log only, and never contain the token.
type Verifier interface {
	Verify(ctx context.Context, token string) (*tandem.Principal, error)
}

// VerifierFunc is a function that is a [Verifier].
type VerifierFunc func(ctx context.Context, token string) (*tandem.Principal, error)

// Verify calls the function.
func (f VerifierFunc) Verify(ctx context.Context, token string) (*tandem.Principal, error) {
	return f(ctx, token)
}

// ErrOtherKind says that a verifier does not judge tokens of this kind: an API key
// is none to a verifier of JWTs, nor is the token of another issuer.
var ErrOtherKind = errors.New("the token is of a kind that is not accepted")

var errNoPrincipal = errors.New("the verifier returned no principal with a subject and an issuer")

// verify asks a verifier and holds it to its contract.
func verify(ctx context.Context, v Verifier, token string) (*tandem.Principal, error) {
	return checkPrincipal(v.Verify(ctx, token))
}

// checkPrincipal refuses a principal without an identity, which would switch off
// every binding to it.
func checkPrincipal(p *tandem.Principal, err error) (*tandem.Principal, error) {
	if err == nil && (p == nil || p.Subject == "" || p.Issuer == "") {
		err = errNoPrincipal
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Local returns the principal of callers that need no credentials: those of a
// service that listens on loopback only, and of stdio.
func Local() *tandem.Principal {
	return &tandem.Principal{Issuer: "local", Subject: "anonymous", Scopes: []string{tandem.AllScopes}}
}

// IsLocal reports whether p is the principal of callers without credentials,
// who share it and so must not be told apart by it.
func IsLocal(p *tandem.Principal) bool { return p != nil && p.Issuer == "local" }
