package auth_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// The certificates of these tests are never parsed; they are their bytes.
var (
	certificate  = &x509.Certificate{Raw: []byte("a client's certificate")}
	intermediate = &x509.Certificate{Raw: []byte("an intermediate one")}
)

func digestOf(c *x509.Certificate) string {
	digest := sha256.Sum256(c.Raw)
	return base64.RawURLEncoding.EncodeToString(digest[:])
}

func bound(cnf any) auth.Verifier {
	return says("bound", &tandem.Principal{Issuer: "x", Subject: "ann", Claims: map[string]any{"cnf": cnf}}, nil)
}

// A token that is bound to a certificate is good on that certificate's connection
// alone, and one that is bound to anything that cannot be checked is good nowhere
// (RFC 8705, section 3).
func TestBoundTokens(t *testing.T) {
	good := digestOf(certificate)
	for name, c := range map[string]struct {
		cnf    any
		peer   []*x509.Certificate
		status int
	}{
		"its certificate":       {map[string]any{"x5t#S256": good}, []*x509.Certificate{certificate}, 200},
		"its chain":             {map[string]any{"x5t#S256": good}, []*x509.Certificate{certificate, intermediate}, 200},
		"another certificate":   {map[string]any{"x5t#S256": good}, []*x509.Certificate{intermediate}, 401},
		"not the first one":     {map[string]any{"x5t#S256": good}, []*x509.Certificate{intermediate, certificate}, 401},
		"no certificate":        {map[string]any{"x5t#S256": good}, nil, 401},
		"jkt":                   {map[string]any{"jkt": good}, []*x509.Certificate{certificate}, 401},
		"jkt beside x5t#S256":   {map[string]any{"x5t#S256": good, "jkt": good}, []*x509.Certificate{certificate}, 401},
		"jwk":                   {map[string]any{"jwk": map[string]any{"kty": "EC"}}, []*x509.Certificate{certificate}, 401},
		"x5t":                   {map[string]any{"x5t": good}, []*x509.Certificate{certificate}, 401},
		"padded digest":         {map[string]any{"x5t#S256": good + "="}, []*x509.Certificate{certificate}, 401},
		"short digest":          {map[string]any{"x5t#S256": good[:40]}, []*x509.Certificate{certificate}, 401},
		"digest is a number":    {map[string]any{"x5t#S256": 1}, []*x509.Certificate{certificate}, 401},
		"empty digest":          {map[string]any{"x5t#S256": ""}, []*x509.Certificate{certificate}, 401},
		"no method":             {map[string]any{}, []*x509.Certificate{certificate}, 401},
		"cnf is null":           {nil, []*x509.Certificate{certificate}, 401},
		"cnf is a string":       {good, []*x509.Certificate{certificate}, 401},
		"cnf is a list":         {[]any{map[string]any{"x5t#S256": good}}, []*x509.Certificate{certificate}, 401},
		"non-canonical base 64": {map[string]any{"x5t#S256": noncanonical(good)}, []*x509.Certificate{certificate}, 401},
	} {
		t.Run(name, func(t *testing.T) {
			h, log := protect(t, bound(c.cnf), auth.Options{})
			for _, connection := range []*tls.ConnectionState{{PeerCertificates: c.peer}, nil} {
				want := c.status
				if connection == nil {
					want = 401
				}
				r := httptest.NewRequest("GET", "/", nil)
				r.Header.Set("Authorization", "Bearer x")
				r.TLS = connection
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != want {
					t.Errorf("got %d, want %d; log %s", w.Code, want, log)
				}
			}
		})
	}
}

// noncanonical returns another spelling of the same bytes.
func noncanonical(digest string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, digest[len(digest)-1])
	return digest[:len(digest)-1] + string(alphabet[last^1])
}

type certificates func(chain []*x509.Certificate) (*tandem.Principal, error)

func (f certificates) VerifyCertificate(_ context.Context, chain []*x509.Certificate) (*tandem.Principal, error) {
	return f(chain)
}

// A verified client certificate stands for a token that was not sent, and only
// then: a bad token is not made good by a certificate, and a certificate that the
// handshake did not verify is none.
func TestCertificates(t *testing.T) {
	accept := certificates(func(chain []*x509.Certificate) (*tandem.Principal, error) {
		if len(chain) < 2 {
			return nil, errors.New("too short")
		}
		return ann, nil
	})
	down := certificates(func([]*x509.Certificate) (*tandem.Principal, error) { return nil, errDown })
	unsure := certificates(func(chain []*x509.Certificate) (*tandem.Principal, error) {
		if len(chain) < 2 {
			return nil, errDown
		}
		return ann, nil
	})
	nobody := certificates(func([]*x509.Certificate) (*tandem.Principal, error) { return &tandem.Principal{Issuer: "x"}, nil })
	long := []*x509.Certificate{certificate, intermediate}
	short := []*x509.Certificate{certificate}
	for name, c := range map[string]struct {
		verifier  auth.CertificateVerifier
		chains    [][]*x509.Certificate
		header    string
		want      int
		challenge string
	}{
		"good":              {accept, [][]*x509.Certificate{long}, "", 200, ""},
		"the second chain":  {accept, [][]*x509.Certificate{short, long}, "", 200, ""},
		"refused":           {accept, [][]*x509.Certificate{short}, "", 401, "Bearer"},
		"not verified":      {accept, nil, "", 401, "Bearer"},
		"no verifier":       {nil, [][]*x509.Certificate{long}, "", 401, "Bearer"},
		"no verdict":        {down, [][]*x509.Certificate{short, long}, "", 503, ""},
		"no verdict at all": {unsure, [][]*x509.Certificate{short, long}, "", 503, ""},
		"no subject":        {nobody, [][]*x509.Certificate{long}, "", 401, "Bearer"},
		"beside a token":    {accept, [][]*x509.Certificate{short}, "Bearer " + goodKey, 200, ""},
		"beside a bad one":  {accept, [][]*x509.Certificate{long}, "Bearer bad", 401, `Bearer error="invalid_token"`},
		"beside basic":      {accept, [][]*x509.Certificate{long}, "Basic YTpi", 401, `Bearer error="invalid_token"`},
		"beside no content": {accept, [][]*x509.Certificate{long}, " ", 401, `Bearer error="invalid_token"`},
	} {
		t.Run(name, func(t *testing.T) {
			h, log := protect(t, keyring(t), auth.Options{Certificates: c.verifier})
			r := httptest.NewRequest("GET", "/", nil)
			r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate}, VerifiedChains: c.chains}
			if c.header != "" {
				r.Header.Set("Authorization", c.header)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.want || w.Header().Get("WWW-Authenticate") != c.challenge {
				t.Errorf("got %d %q; log %s", w.Code, w.Header().Get("WWW-Authenticate"), log)
			}
		})
	}
}

// Without a verifier of tokens there are certificates only.
func TestCertificatesAlone(t *testing.T) {
	h, _ := protect(t, nil, auth.Options{Certificates: certificates(func([]*x509.Certificate) (*tandem.Principal, error) { return ann, nil })})
	r := httptest.NewRequest("GET", "/", nil)
	r.TLS = &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{certificate}}}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 200 || w.Body.String() != "ann" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	r.Header.Set("Authorization", "Bearer "+goodKey)
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 401 {
		t.Errorf("a token: got %d", w.Code)
	}
}
