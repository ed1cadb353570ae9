package mtls_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"net/url"
	"testing"
	"time"
)

// pair is a certificate with its key, and whose it is from: its chain.
type pair struct {
	*x509.Certificate
	key   *ecdsa.PrivateKey
	above *pair // nil for a root
}

// issue makes a certificate by an authority, or a root if that is nil. Unless
// change says otherwise it is a client's for billing.example.com.
func issue(t testing.TB, by *pair, change func(*x509.Certificate)) *pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "billing", Organization: []string{"Example"}},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		URIs:         []*url.URL{{Scheme: "spiffe", Host: "example.com", Path: "/billing"}},
		DNSNames:     []string{"billing.example.com"},
	}
	if change != nil {
		change(template)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.Certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &pair{parsed, key, by}
}

// authority makes one certificate of an authority.
func authority(t testing.TB, by *pair, name string) *pair {
	return issue(t, by, func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: name}
		c.IsCA, c.BasicConstraintsValid = true, true
		c.KeyUsage, c.ExtKeyUsage = x509.KeyUsageCertSign, nil
		c.URIs, c.DNSNames = nil, nil
		c.NotAfter = time.Now().Add(24 * time.Hour)
	})
}

// chain is what a handshake would have verified.
func (p *pair) chain() []*x509.Certificate {
	var chain []*x509.Certificate
	for ; p != nil; p = p.above {
		chain = append(chain, p.Certificate)
	}
	return chain
}

func (p *pair) fingerprint() string {
	digest := sha256.Sum256(p.Raw)
	return hex.EncodeToString(digest[:])
}

// shown is what a client shows: its certificate and those above it but the root.
func (p *pair) shown() tls.Certificate {
	shown := tls.Certificate{PrivateKey: p.key, Certificate: [][]byte{p.Raw}}
	for at := p.above; at != nil && at.above != nil; at = at.above {
		shown.Certificate = append(shown.Certificate, at.Raw)
	}
	return shown
}
