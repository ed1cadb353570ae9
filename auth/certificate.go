package auth

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/tandem-go/tandem"
)

// CertificateVerifier establishes a principal from a client certificate.
//
//   - The chain is one that the TLS handshake verified, from the client's
//     certificate to a root. A certificate with several chains is asked about with
//     one after the other, until one is accepted. The handshake may be long ago,
//     so what changes with time is for the verifier to check again.
//   - For everything else the clauses of [Verifier] hold.
type CertificateVerifier interface {
	VerifyCertificate(ctx context.Context, chain []*x509.Certificate) (*tandem.Principal, error)
}

// verifyChains returns the principal of the first chain that is accepted. A
// verdict that cannot be reached is none about the other chains either.
func verifyChains(ctx context.Context, v CertificateVerifier, chains [][]*x509.Certificate) (*tandem.Principal, error) {
	var reasons []error
	for _, chain := range chains {
		p, err := v.VerifyCertificate(ctx, chain)
		p, err = checkPrincipal(p, err)
		if err == nil || noVerdict(err) {
			return p, err
		}
		reasons = append(reasons, err)
	}
	return nil, fmt.Errorf("%w, and the client certificate is refused: %w", errNoCredentials, errors.Join(reasons...))
}

var (
	errConfirmation = errors.New("the token is bound in a way that is not supported; only cnf with x5t#S256 alone is")
	errThumbprint   = errors.New("the token's x5t#S256 is no SHA-256 digest in base64url")
	errUnbound      = errors.New("the token is bound to a client certificate, which the connection does not have")
	errOtherBinding = errors.New("the token is bound to another client certificate than the connection's")
)

// confirm checks the confirmation method (RFC 7800, section 3.1) of a token that
// is bound to a key: only a client certificate (RFC 8705, section 3.1) can be
// checked. A token that is bound to anything else, such as a DPoP key, is refused,
// since as a mere bearer token it would be good for whoever stole it.
func confirm(p *tandem.Principal, connection *tls.ConnectionState) error {
	cnf, bound := p.Claims["cnf"]
	if !bound {
		return nil
	}
	want, err := thumbprint(cnf)
	if err != nil {
		return err
	}
	if connection == nil || len(connection.PeerCertificates) == 0 {
		return errUnbound
	}
	got := sha256.Sum256(connection.PeerCertificates[0].Raw)
	if subtle.ConstantTimeCompare(got[:], want) != 1 {
		return errOtherBinding
	}
	return nil
}

// thumbprint returns the digest that a cnf claim holds.
func thumbprint(cnf any) ([]byte, error) {
	members, _ := cnf.(map[string]any)
	text, _ := members["x5t#S256"].(string)
	if len(members) != 1 || text == "" {
		return nil, errConfirmation
	}
	digest, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(digest) != sha256.Size {
		return nil, errThumbprint
	}
	return digest, nil
}
