package mtls

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// Verifier is an [auth.CertificateVerifier].
type Verifier struct {
	config      Config
	authorities map[fingerprint]bool // nil: not asked
	accepted    map[fingerprint]bool // nil: not asked
}

var (
	_ auth.CertificateVerifier = (*Verifier)(nil)
	_ auth.Named               = (*Verifier)(nil)
)

var (
	errNoChain     = errors.New("there is no chain of certificates")
	errAuthority   = errors.New("the certificate is not by an authority that is accepted")
	errFingerprint = errors.New("the certificate is not among those that are accepted")
	errUsage       = errors.New("the certificate is not made for client authentication")
	errCA          = errors.New("the certificate is an authority's, not a client's")
	errNotYet      = errors.New("a certificate of the chain is not good yet")
	errExpired     = errors.New("a certificate of the chain has expired")
	errRevoked     = errors.New("a certificate of the chain was revoked")
)

// Name returns "mtls".
func (v *Verifier) Name() string { return "mtls" }

// VerifyCertificate returns the principal of a chain that the TLS handshake
// verified. It checks again what can have changed since then, as connections live
// long. The principal expires with the first certificate of the chain.
func (v *Verifier) VerifyCertificate(ctx context.Context, chain []*x509.Certificate) (*tandem.Principal, error) {
	if len(chain) == 0 {
		return nil, errNoChain
	}
	expires, err := checkTimes(chain, time.Now())
	if err != nil {
		return nil, err
	}
	if err := v.checkPurpose(chain); err != nil {
		return nil, err
	}
	if err := v.checkRevoked(ctx, chain); err != nil {
		return nil, err
	}
	name, err := v.config.Name.of(chain[0])
	if err != nil {
		return nil, err
	}
	scopes, err := v.config.Scopes(ctx, name, chain[0])
	if err != nil {
		return nil, fmt.Errorf("certificate of %q: %w", name, err)
	}
	return &tandem.Principal{Subject: name, Issuer: v.config.Issuer, Scopes: scopes, Expires: expires}, nil
}

// checkTimes returns when the chain ends.
func checkTimes(chain []*x509.Certificate, now time.Time) (expires time.Time, err error) {
	expires = chain[0].NotAfter
	for _, c := range chain {
		if now.Before(c.NotBefore) {
			return time.Time{}, errNotYet
		}
		if c.NotAfter.Before(expires) {
			expires = c.NotAfter
		}
	}
	if now.After(expires) {
		return time.Time{}, errExpired
	}
	return expires, nil
}

// checkPurpose checks that the certificate is a client's, and one of those that
// are accepted. The handshake takes one that says nothing of its purpose.
func (v *Verifier) checkPurpose(chain []*x509.Certificate) error {
	client := chain[0]
	switch {
	case client.IsCA:
		return errCA
	case !slices.Contains(client.ExtKeyUsage, x509.ExtKeyUsageClientAuth),
		client.KeyUsage != 0 && client.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return errUsage
	case v.accepted != nil && !v.accepted[sha256.Sum256(client.Raw)]:
		return errFingerprint
	case v.authorities != nil && !slices.ContainsFunc(chain[1:], v.isAuthority):
		return errAuthority
	}
	return nil
}

func (v *Verifier) isAuthority(c *x509.Certificate) bool { return v.authorities[sha256.Sum256(c.Raw)] }

func (v *Verifier) checkRevoked(ctx context.Context, chain []*x509.Certificate) error {
	if v.config.Revoked == nil {
		return nil
	}
	revoked, err := v.config.Revoked(ctx, chain)
	switch {
	case err != nil:
		return noVerdict(err)
	case revoked:
		return errRevoked
	}
	return nil
}
