package mtls

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
)

// maxName bounds a name, in bytes; that of SPIFFE IDs (SPIFFE-ID, section 2.3).
const maxName = 2048

var errNoName = errors.New("the certificate has no usable name of the kind that is configured")

// of returns the certificate's name of this kind.
func (n Name) of(c *x509.Certificate) (string, error) {
	name, err := n.read(c)
	if err != nil {
		return "", err
	}
	if name == "" || len(name) > maxName {
		return "", errNoName
	}
	return name, nil
}

func (n Name) read(c *x509.Certificate) (string, error) {
	switch n {
	case URI:
		if len(c.URIs) != 1 {
			return "", notOne("URI", len(c.URIs))
		}
		return c.URIs[0].String(), nil
	case DNSName:
		if len(c.DNSNames) != 1 {
			return "", notOne("DNS name", len(c.DNSNames))
		}
		if strings.Contains(c.DNSNames[0], "*") {
			return "", errNoName
		}
		return strings.ToLower(c.DNSNames[0]), nil
	case Email:
		if len(c.EmailAddresses) != 1 {
			return "", notOne("email address", len(c.EmailAddresses))
		}
		return c.EmailAddresses[0], nil
	}
	return distinguishedName(c)
}

func notOne(kind string, n int) error {
	return fmt.Errorf("the certificate has %d names of kind %s, of which there must be one", n, kind)
}

// distinguishedName writes the whole subject. [pkix.Name] keeps one common name
// only and no order, by which two subjects could be taken for one.
func distinguishedName(c *x509.Certificate) (string, error) {
	var subject pkix.RDNSequence
	if rest, err := asn1.Unmarshal(c.RawSubject, &subject); err != nil || len(rest) > 0 {
		return "", errNoName
	}
	return subject.String(), nil
}
