package mtls_test

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth/mtls"
)

func verifier(t testing.TB, c mtls.Config) *mtls.Verifier {
	t.Helper()
	v, err := mtls.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// everybody accepts each name, with one scope.
func everybody(context.Context, string, *x509.Certificate) ([]string, error) {
	return []string{"items:read"}, nil
}

// The name is the one that the configuration asks for; where it is not clear or not
// there, nobody is named.
func TestNames(t *testing.T) {
	root := authority(t, nil, "root")
	uris := func(texts ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.URIs = nil
			for _, text := range texts {
				u, err := url.Parse(text)
				if err != nil {
					t.Fatal(err)
				}
				c.URIs = append(c.URIs, u)
			}
		}
	}
	names := func(list ...string) func(*x509.Certificate) { return func(c *x509.Certificate) { c.DNSNames = list } }
	emails := func(list ...string) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.EmailAddresses = list }
	}
	subject := func(names ...pkix.AttributeTypeAndValue) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.Subject = pkix.Name{ExtraNames: names} }
	}
	cn := func(value any) pkix.AttributeTypeAndValue {
		return pkix.AttributeTypeAndValue{Type: []int{2, 5, 4, 3}, Value: value}
	}
	for name, c := range map[string]struct {
		kind   mtls.Name
		change func(*x509.Certificate)
		want   string // empty: refused
	}{
		"SPIFFE":              {mtls.URI, nil, "spiffe://example.com/billing"},
		"no URI":              {mtls.URI, uris(), ""},
		"two URIs":            {mtls.URI, uris("spiffe://example.com/a", "spiffe://example.com/b"), ""},
		"a long URI":          {mtls.URI, uris("spiffe://example.com/" + strings.Repeat("a", 2048)), ""},
		"DNS":                 {mtls.DNSName, nil, "billing.example.com"},
		"DNS in capitals":     {mtls.DNSName, names("Billing.Example.COM"), "billing.example.com"},
		"wildcard":            {mtls.DNSName, names("*.example.com"), ""},
		"two DNS names":       {mtls.DNSName, names("a.example.com", "b.example.com"), ""},
		"no DNS name":         {mtls.DNSName, names(), ""},
		"email":               {mtls.Email, emails("Ann@example.com"), "Ann@example.com"},
		"no email":            {mtls.Email, nil, ""},
		"two emails":          {mtls.Email, emails("a@example.com", "b@example.com"), ""},
		"subject":             {mtls.DistinguishedName, nil, "CN=billing,O=Example"},
		"subject, both names": {mtls.DistinguishedName, subject(cn("evil"), cn("billing")), "CN=billing,CN=evil"},
		"subject, injection":  {mtls.DistinguishedName, subject(cn("billing,O=Example")), `CN=billing\,O=Example`},
		"no subject":          {mtls.DistinguishedName, subject(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := verifier(t, mtls.Config{Name: c.kind, Scopes: everybody})
			p, err := v.VerifyCertificate(t.Context(), issue(t, root, c.change).chain())
			if c.want == "" {
				if p != nil || err == nil {
					t.Errorf("got %+v", p)
				}
				return
			}
			if err != nil || p.Subject != c.want || p.Issuer != "mtls" || !p.Has("items:read") {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
}

// What a certificate has to be, whatever the handshake let through.
func TestPurpose(t *testing.T) {
	root, other := authority(t, nil, "root"), authority(t, nil, "other")
	below := authority(t, root, "below")
	listed := issue(t, below, nil)
	for name, c := range map[string]struct {
		config mtls.Config
		client *pair
		want   bool
	}{
		"a client's":           {mtls.Config{}, listed, true},
		"no purpose":           {mtls.Config{}, issue(t, root, func(c *x509.Certificate) { c.ExtKeyUsage = nil }), false},
		"a server's":           {mtls.Config{}, issue(t, root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), false},
		"any purpose":          {mtls.Config{}, issue(t, root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }), false},
		"not for signatures":   {mtls.Config{}, issue(t, root, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }), false},
		"an authority's":       {mtls.Config{}, issue(t, root, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }), false},
		"by the authority":     {mtls.Config{Authorities: []string{below.fingerprint()}}, listed, true},
		"by the root":          {mtls.Config{Authorities: []string{strings.ToUpper(root.fingerprint())}}, listed, true},
		"by another":           {mtls.Config{Authorities: []string{other.fingerprint()}}, listed, false},
		"itself as authority":  {mtls.Config{Authorities: []string{listed.fingerprint()}}, listed, false},
		"by its fingerprint":   {mtls.Config{Fingerprints: []string{other.fingerprint(), colons(listed.fingerprint())}}, listed, true},
		"another fingerprint":  {mtls.Config{Fingerprints: []string{other.fingerprint()}}, listed, false},
		"the authority's only": {mtls.Config{Fingerprints: []string{below.fingerprint()}}, listed, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.config.Scopes = everybody
			p, err := verifier(t, c.config).VerifyCertificate(t.Context(), c.client.chain())
			if (err == nil) != c.want || (p != nil) != c.want {
				t.Errorf("got %+v, %v", p, err)
			}
		})
	}
	if p, err := verifier(t, mtls.Config{Scopes: everybody}).VerifyCertificate(t.Context(), nil); p != nil || err == nil {
		t.Errorf("without a chain: %+v", p)
	}
}

func colons(fingerprint string) string {
	var parts []string
	for i := 0; i < len(fingerprint); i += 2 {
		parts = append(parts, fingerprint[i:i+2])
	}
	return strings.Join(parts, ":")
}

// A connection outlives certificates: the chain ends with the first of them, and
// so do the principal and what it may keep open.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		root := authority(t, nil, "root")
		below := issue(t, root, func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
			c.NotAfter = time.Now().Add(10 * time.Minute)
		})
		v := verifier(t, mtls.Config{Scopes: everybody})
		for _, client := range []*pair{
			issue(t, root, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(10 * time.Minute) }),
			issue(t, below, nil),
		} {
			p, err := v.VerifyCertificate(t.Context(), client.chain())
			if err != nil || !p.Expires.Equal(time.Now().Add(10*time.Minute)) {
				t.Errorf("got %+v, %v", p, err)
			}
		}
		late := issue(t, root, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(10 * time.Minute) })
		if _, err := v.VerifyCertificate(t.Context(), late.chain()); err == nil {
			t.Error("a certificate is good before its time")
		}
		short := issue(t, root, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(10 * time.Minute) })
		under := issue(t, below, nil)
		time.Sleep(10*time.Minute + time.Second)
		for _, client := range []*pair{short, under} {
			if _, err := v.VerifyCertificate(t.Context(), client.chain()); err == nil {
				t.Error("an expired chain is good")
			}
		}
		if _, err := v.VerifyCertificate(t.Context(), late.chain()); err != nil {
			t.Errorf("in its time: %v", err)
		}
	})
}

// Scopes come from the list or from the function, and who is in neither is refused.
func TestScopes(t *testing.T) {
	client := issue(t, authority(t, nil, "root"), nil)
	list := verifier(t, mtls.Config{Issuer: "mesh", Identities: map[string][]string{"spiffe://example.com/billing": {"a", "b"}}})
	p, err := list.VerifyCertificate(t.Context(), client.chain())
	want := &tandem.Principal{Subject: "spiffe://example.com/billing", Issuer: "mesh", Scopes: []string{"a", "b"}, Expires: client.NotAfter}
	if diff := cmp.Diff(want, p); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	if p, err := verifier(t, mtls.Config{Identities: map[string][]string{"spiffe://example.com/bill": {"a"}}}).VerifyCertificate(t.Context(), client.chain()); err == nil {
		t.Errorf("not listed: got %+v", p)
	}
	for cause, code := range map[error]tandem.Code{
		errors.New("unknown"):                          tandem.Internal,
		tandem.Errorf(tandem.Unavailable, "directory"): tandem.Unavailable,
	} {
		v := verifier(t, mtls.Config{Scopes: func(_ context.Context, name string, c *x509.Certificate) ([]string, error) {
			if name != "spiffe://example.com/billing" || !c.Equal(client.Certificate) {
				t.Errorf("asked about %q", name)
			}
			return nil, cause
		}})
		if p, err := v.VerifyCertificate(t.Context(), client.chain()); p != nil || tandem.CodeOf(err) != code {
			t.Errorf("got %+v, %v", p, err)
		}
	}
}

// A revoked certificate is refused, and one about which nobody can say it is no
// verdict (as security case 20).
func TestRevoked(t *testing.T) {
	client := issue(t, authority(t, nil, "root"), nil)
	for _, c := range []struct {
		revoked bool
		err     error
		want    tandem.Code
	}{
		{false, nil, 0},
		{true, nil, tandem.Internal}, // an error without a code: the certificate is bad
		{false, errors.New("no list"), tandem.Unavailable},
		{true, errors.New("no list"), tandem.Unavailable},
	} {
		v := verifier(t, mtls.Config{Scopes: everybody, Revoked: func(_ context.Context, chain []*x509.Certificate) (bool, error) {
			if len(chain) != 2 {
				t.Errorf("asked about %d certificates", len(chain))
			}
			return c.revoked, c.err
		}})
		if p, err := v.VerifyCertificate(t.Context(), client.chain()); tandem.CodeOf(err) != c.want || (p == nil) != (c.want != 0) {
			t.Errorf("%+v: got %+v, %v", c, p, err)
		}
	}
}

// A configuration that accepts nobody, or somebody by mistake, is refused.
func TestConfigInvalid(t *testing.T) {
	some := map[string][]string{"billing.example.com": nil}
	for name, c := range map[string]struct {
		config mtls.Config
		want   string
	}{
		"no scopes":       {mtls.Config{}, "Identities"},
		"both":            {mtls.Config{Identities: some, Scopes: everybody}, "Identities"},
		"empty name":      {mtls.Config{Identities: map[string][]string{"": nil}}, "Identities"},
		"DNS in capitals": {mtls.Config{Name: mtls.DNSName, Identities: map[string][]string{"Billing.example.com": nil}}, "Identities"},
		"kind":            {mtls.Config{Name: 9, Scopes: everybody}, "Name"},
		"authority":       {mtls.Config{Scopes: everybody, Authorities: []string{"abcd"}}, "Authorities"},
		"fingerprint":     {mtls.Config{Scopes: everybody, Fingerprints: []string{strings.Repeat("g", 64)}}, "Fingerprints"},
	} {
		t.Run(name, func(t *testing.T) {
			if v, err := mtls.New(c.config); v != nil || err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What a request costs besides the handshake.
func BenchmarkVerifier(b *testing.B) {
	root := authority(b, nil, "root")
	chain := issue(b, authority(b, root, "below"), nil).chain()
	for name, c := range map[string]mtls.Config{
		"listed":        {Identities: map[string][]string{"spiffe://example.com/billing": {"a"}}},
		"by authority":  {Scopes: everybody, Authorities: []string{root.fingerprint()}},
		"distinguished": {Scopes: everybody, Name: mtls.DistinguishedName},
	} {
		b.Run(name, func(b *testing.B) {
			v := verifier(b, c)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.VerifyCertificate(b.Context(), chain); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
