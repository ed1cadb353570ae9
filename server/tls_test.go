package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
)

// authority signs certificates for a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert = a.sign(template, template, &a.key.PublicKey)
	return a
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (a *authority) sign(template, parent *x509.Certificate, public *ecdsa.PublicKey) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert
}

// issue returns a certificate for a server on loopback and for a client.
func (a *authority) issue(name string) tls.Certificate {
	a.t.Helper()
	key := newKey(a.t)
	cert := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a.cert, &key.PublicKey)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// write puts the pair into the files.
func write(t *testing.T, files TLSFiles, pair tls.Certificate) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, files.Key, "PRIVATE KEY", key)
	writePEM(t, files.Certificate, "CERTIFICATE", pair.Certificate[0])
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

func tlsFiles(t *testing.T) TLSFiles {
	t.Helper()
	dir := t.TempDir()
	return TLSFiles{Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
}

// speak returns a client of the server that trusts the authority, by HTTP/2 like
// browsers, and that shows the certificates that it is given.
func (r *running) speak(trusted *authority, shown ...tls.Certificate) *http.Client {
	r.client.Transport = &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: trusted.pool(), Certificates: shown},
		ForceAttemptHTTP2: true,
	}
	r.url = strings.Replace(r.url, "http:", "https:", 1)
	return r.client
}

// With certificates in files, Run serves HTTPS, by HTTP/2 too, and nothing else.
func TestServesTLS(t *testing.T) {
	ca, files := newAuthority(t, "ca"), tlsFiles(t)
	write(t, files, ca.issue("server"))
	r := run(t, newService(t), Config{TLSFiles: files})
	plain, err := http.Get(r.url + "/health/live")
	if err == nil {
		defer plain.Body.Close()
		if plain.StatusCode == 200 {
			t.Error("plain HTTP is served")
		}
	}
	response, err := r.speak(ca).Get(r.url + "/api/v1/echo/hi")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != 200 || response.ProtoMajor != 2 {
		t.Errorf("%s %s", response.Proto, response.Status)
	}
}

// A renewed certificate is served without a restart. While the files do not fit
// together, as between two writes, the old one is, and the log says so.
func TestCertificateIsReloaded(t *testing.T) {
	ca, files := newAuthority(t, "ca"), tlsFiles(t)
	write(t, files, ca.issue("old"))
	var log syncBuffer
	reloader := &tlsReloader{base: &tls.Config{}, files: files, logger: slog.New(slog.NewTextHandler(&log, nil))}
	if err := reloader.load(); err != nil {
		t.Fatal(err)
	}
	served := func() string {
		reloader.checked = time.Time{} // as if a second had passed
		config, err := reloader.configFor(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return config.Certificates[0].Leaf.Subject.CommonName
	}
	if got := served(); got != "old" {
		t.Errorf("serves %s", got)
	}
	next := ca.issue("renewed")
	writePEM(t, files.Certificate, "CERTIFICATE", append([]byte(nil), next.Certificate[0]...))
	if err := os.Chtimes(files.Certificate, time.Time{}, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if got := served(); got != "old" || !strings.Contains(log.String(), "last good ones") {
		t.Errorf("between two writes it serves %s, log: %s", got, &log)
	}
	write(t, files, next)
	if got := served(); got != "renewed" {
		t.Errorf("serves %s, log: %s", got, &log)
	}
	if err := os.Remove(files.Key); err != nil {
		t.Fatal(err)
	}
	if got := served(); got != "renewed" {
		t.Errorf("without the key's file it serves %s", got)
	}
}

// Files that cannot be served stop the start, and the error names what is wrong.
func TestTLSRefuses(t *testing.T) {
	ca, good := newAuthority(t, "ca"), tlsFiles(t)
	write(t, good, ca.issue("server"))
	other := tlsFiles(t)
	write(t, other, ca.issue("other"))
	notPEM := fileWith(t, "not PEM")
	for name, c := range map[string]struct {
		files TLSFiles
		says  string
	}{
		"no key":               {TLSFiles{Certificate: good.Certificate}, "TLS_KEY_FILE"},
		"no certificate":       {TLSFiles{Key: good.Key}, "TLS_CERT_FILE"},
		"no file":              {TLSFiles{Certificate: "/nowhere", Key: good.Key}, "/nowhere"},
		"not PEM":              {TLSFiles{Certificate: notPEM, Key: good.Key}, notPEM},
		"of another":           {TLSFiles{Certificate: good.Certificate, Key: other.Key}, good.Certificate},
		"authorities alone":    {TLSFiles{ClientCA: good.Certificate}, "TLS_CERT_FILE"},
		"authorities, no file": {TLSFiles{good.Certificate, good.Key, "/nowhere"}, "/nowhere"},
		"authorities, not PEM": {TLSFiles{good.Certificate, good.Key, notPEM}, notPEM},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(newService(t), Config{TLSFiles: c.files, Certificates: everyCertificate{}})
			if err == nil || !strings.Contains(err.Error(), "Config.TLSFiles") || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// everyCertificate lets everybody in whose certificate was verified.
type everyCertificate struct{}

func (everyCertificate) VerifyCertificate(_ context.Context, chain []*x509.Certificate) (*tandem.Principal, error) {
	return &tandem.Principal{Issuer: "mtls", Subject: chain[0].Subject.CommonName, Scopes: []string{tandem.AllScopes}}, nil
}

// A client certificate of a known authority says who calls. Without one, or with
// one of another authority, there is no way in but for probes; and the authorities
// are read again when they change.
func TestMutualTLS(t *testing.T) {
	ca, foreign, files := newAuthority(t, "ca"), newAuthority(t, "foreign"), tlsFiles(t)
	write(t, files, ca.issue("server"))
	files.ClientCA = fileWith(t, "")
	writePEM(t, files.ClientCA, "CERTIFICATE", ca.cert.Raw)
	r := run(t, newService(t), Config{TLSFiles: files, Certificates: everyCertificate{}})
	get := func(path string, shown ...tls.Certificate) (int, string) {
		client := r.speak(ca, shown...)
		defer client.CloseIdleConnections()
		response, err := client.Get(r.url + path)
		if err != nil {
			return 0, err.Error()
		}
		defer response.Body.Close()
		var body strings.Builder
		_ = response.Write(&body)
		return response.StatusCode, body.String()
	}
	alice := ca.issue("alice")
	if code, body := get("/api/v1/echo/hi", alice); code != 200 || !strings.Contains(body, "alice") {
		t.Errorf("with a certificate: %d %s", code, body)
	}
	if code, _ := get("/api/v1/echo/hi"); code != 401 {
		t.Errorf("without a certificate: %d", code)
	}
	if code, body := get("/health/live"); code != 200 {
		t.Errorf("a probe without a certificate: %d %s", code, body)
	}
	if code, body := get("/api/v1/echo/hi", foreign.issue("alice")); code == 200 {
		t.Errorf("with a foreign certificate: %d %s", code, body)
	}
	writePEM(t, files.ClientCA, "CERTIFICATE", foreign.cert.Raw)
	if err := os.Chtimes(files.ClientCA, time.Time{}, time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		code, _ := get("/api/v1/echo/hi", alice)
		if code != 200 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("an authority that was taken out counts still")
		}
	}
	if code, body := get("/api/v1/echo/hi", foreign.issue("bob")); code != 200 || !strings.Contains(body, "bob") {
		t.Errorf("with the new authority: %d %s", code, body)
	}
}
