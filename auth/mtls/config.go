package mtls

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/tandem-go/tandem"
)

// Name is the part of a certificate that names the subject. Of the alternative
// names there must be exactly one of the kind: with several it would not be clear
// who calls.
type Name uint8

const (
	// URI is the URI among the subject's alternative names, such as the SPIFFE ID
	// spiffe://example.org/billing.
	URI Name = iota
	// DNSName is the DNS name among them, in lower case; a wildcard is none.
	DNSName
	// Email is the email address among them, as it is written.
	Email
	// DistinguishedName is the subject itself as RFC 4514 writes it, such as
	// "CN=billing,O=Example,C=DE".
	DistinguishedName
)

// Config says whom to accept. Either Identities or Scopes is needed.
type Config struct {
	// Name is what names the subject; the zero value is URI.
	Name Name
	// Identities are the scopes of each name; a name that is not in it is refused.
	Identities map[string][]string
	// Scopes returns the scopes of a name, or an error that refuses it; one with code
	// Unavailable says that there is no verdict. It is safe for concurrent use.
	Scopes func(ctx context.Context, name string, certificate *x509.Certificate) ([]string, error)

	// Authorities are the SHA-256 fingerprints, in hexadecimal with or without colons,
	// of the certificates of which one must be above the client's in its chain. Nil
	// means that whatever the TLS server trusts is enough.
	Authorities []string
	// Fingerprints are those of the client certificates that are accepted. Nil means
	// all.
	Fingerprints []string
	// Revoked reports whether a certificate of the chain was revoked, by a list, by
	// OCSP, or by other knowledge. An error means that there is no verdict: the caller
	// gets a 503. It is asked at each request and safe for concurrent use. Nil means
	// that certificates are good until they expire, so make them short-lived.
	Revoked func(ctx context.Context, chain []*x509.Certificate) (bool, error)

	// Issuer is the issuer of the principals; empty means "mtls".
	Issuer string
}

type fingerprint = [sha256.Size]byte

// New returns a verifier, or what is wrong with the configuration.
func New(c Config) (*Verifier, error) {
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("mtls: %w", err)
	}
	authorities, err := fingerprints(c.Authorities)
	if err != nil {
		return nil, fmt.Errorf("mtls: Authorities: %w", err)
	}
	accepted, err := fingerprints(c.Fingerprints)
	if err != nil {
		return nil, fmt.Errorf("mtls: Fingerprints: %w", err)
	}
	v := &Verifier{config: c, authorities: authorities, accepted: accepted}
	if c.Issuer == "" {
		v.config.Issuer = "mtls"
	}
	if c.Scopes == nil {
		v.config.Scopes = v.listed
	}
	return v, nil
}

func (c Config) check() error {
	if (c.Identities == nil) == (c.Scopes == nil) {
		return errors.New("either Identities or Scopes is needed")
	}
	if c.Name > DistinguishedName {
		return fmt.Errorf("there is no kind of Name %d", c.Name)
	}
	for name := range c.Identities {
		if name == "" || c.Name == DNSName && name != strings.ToLower(name) {
			return fmt.Errorf("%q in Identities is no name of a certificate; DNS names are in lower case", name)
		}
	}
	return nil
}

// fingerprints returns nil for none.
func fingerprints(texts []string) (map[fingerprint]bool, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	set := map[fingerprint]bool{}
	for _, text := range texts {
		digest, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
		if err != nil || len(digest) != sha256.Size {
			return nil, fmt.Errorf("%q is no SHA-256 fingerprint in hexadecimal", text)
		}
		set[fingerprint(digest)] = true
	}
	return set, nil
}

var errNotListed = errors.New("its name is not among the identities")

// listed is [Config.Scopes] by the identities.
func (v *Verifier) listed(_ context.Context, name string, _ *x509.Certificate) ([]string, error) {
	scopes, ok := v.config.Identities[name]
	if !ok {
		return nil, errNotListed
	}
	return scopes, nil
}

// noVerdict is what a caller learns where nobody could say whether a certificate is
// good.
func noVerdict(cause error) error {
	return tandem.Errorf(tandem.Unavailable, "the certificate cannot be checked").WithCause(cause)
}
