package mtls_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/mtls"
)

// serve starts a TLS server that trusts this root's clients, and answers with the
// caller's subject. Its verifier takes the token "bound", which belongs to owner.
func serve(t *testing.T, root, owner *pair) *httptest.Server {
	t.Helper()
	digest := sha256.Sum256(owner.Raw)
	tokens := auth.VerifierFunc(func(_ context.Context, token string) (*tandem.Principal, error) {
		if token != "bound" {
			return nil, auth.ErrOtherKind
		}
		cnf := map[string]any{"x5t#S256": base64.RawURLEncoding.EncodeToString(digest[:])}
		return &tandem.Principal{Issuer: "x", Subject: "token", Claims: map[string]any{"cnf": cnf}}, nil
	})
	o := auth.Options{Certificates: verifier(t, mtls.Config{Scopes: everybody}), Logger: slog.New(slog.DiscardHandler)}
	s := httptest.NewUnstartedServer(auth.Middleware(tokens, o)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, tandem.PrincipalFrom(r.Context()).Subject)
	})))
	s.TLS = &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: x509.NewCertPool()}
	s.TLS.ClientCAs.AddCert(root.Certificate)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// get calls the server with a certificate, or none, whatever the server says that
// it takes. It returns "no connection" where the handshake fails.
func get(t *testing.T, s *httptest.Server, client *pair, token string) string {
	t.Helper()
	transport := s.Client().Transport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if client == nil {
			return &tls.Certificate{}, nil
		}
		shown := client.shown()
		return &shown, nil
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return "no connection"
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 {
		return resp.Status
	}
	return string(body)
}

// Over real TLS a client is who its certificate says only if the authority that the
// server trusts says so now, and for this purpose. A bound token is good on its
// certificate's connection only (RFC 8705).
func TestHandshake(t *testing.T) {
	const unauthorized, name = "401 Unauthorized", "spiffe://example.com/billing"
	root := authority(t, nil, "root")
	foreign := authority(t, nil, "root") // another one of the same name
	below := authority(t, root, "below")
	good, deep := issue(t, root, nil), issue(t, below, nil)
	s := serve(t, root, good)
	for test, c := range map[string]struct {
		client *pair
		token  string
		want   string
	}{
		"good":                       {good, "", name},
		"below an intermediate":      {deep, "", name},
		"no certificate":             {nil, "", unauthorized},
		"another authority":          {issue(t, foreign, nil), "", "no connection"},
		"self-signed":                {issue(t, nil, nil), "", "no connection"},
		"expired":                    {issue(t, root, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), "", "no connection"},
		"not yet good":               {issue(t, root, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), "", "no connection"},
		"for servers":                {issue(t, root, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), "", "no connection"},
		"without a purpose":          {issue(t, root, func(c *x509.Certificate) { c.ExtKeyUsage = nil }), "", unauthorized},
		"without a name":             {issue(t, root, func(c *x509.Certificate) { c.URIs = nil }), "", unauthorized},
		"by a client":                {issue(t, good, nil), "", "no connection"},
		"bound token":                {good, "bound", "token"},
		"stolen, other certificate":  {deep, "bound", unauthorized},
		"stolen, no certificate":     {nil, "bound", unauthorized},
		"bad token beside good cert": {good, "other", unauthorized},
	} {
		t.Run(test, func(t *testing.T) {
			if got := get(t, s, c.client, c.token); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
