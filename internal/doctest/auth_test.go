package doctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem/auth/apikey"
	"github.com/tandem-go/tandem/examples/inventory/service"
	"github.com/tandem-go/tandem/internal/oidctest"
	"github.com/tandem-go/tandem/server"
)

const (
	authGuide = root + "/docs/auth.md"

	installSection   = "Find out what a credential is good for"
	tokenSection     = "Tokens of an authorization server (JWT)"
	opaqueSection    = "Opaque tokens (introspection)"
	clientSection    = "MCP clients"
	certificateTopic = "Client certificates (mutual TLS)"
)

// The commands of the guide run as they stand there, against the programs that it
// names and a real authorization server, and print what it shows.
func TestAuthGuide(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	g := newGuide(t)
	played := map[string]func(t *testing.T, g *guide){
		installSection: func(*testing.T, *guide) {}, // newGuide did
		"API keys":     func(t *testing.T, g *guide) { g.play(t, "API keys") },
		tokenSection:   playTokens,
		opaqueSection:  playOpaque,
		clientSection:  func(*testing.T, *guide) {}, // playTokens does, since it goes on from there
		certificateTopic: func(t *testing.T, g *guide) {
			writeCertificates(t, filepath.Join(g.folder, "secrets"))
			g.service = "./examples/guarded"
			g.play(t, certificateTopic)
		},
		"Limits": func(t *testing.T, g *guide) {
			g.command(t, "tandem keys create --file /run/secrets/keys --scopes inventory:read billing > billing.token")
			g.play(t, "Limits")
		},
		"Middleware for any handler": func(t *testing.T, g *guide) { g.play(t, "Middleware for any handler") },
	}
	for heading, s := range g.sections {
		hasCommands := slices.ContainsFunc(s.blocks, func(b codeBlock) bool { return b.language == "sh" })
		if hasCommands && played[heading] == nil {
			t.Errorf("nobody runs the commands of %q", heading)
		}
	}
	for heading, play := range played {
		t.Run(heading, func(t *testing.T) { play(t, g.start(t)) })
	}
}

func newGuide(t *testing.T) *guide {
	t.Helper()
	g := &guide{sections: map[string]section{}, programs: map[string]string{}}
	for _, s := range sectionsOf(t, authGuide) {
		g.sections[s.heading] = s
	}
	for _, target := range []string{"./examples/inventory", "./examples/guarded", "./examples/middleware"} {
		g.programs[target] = build(t, target)
	}
	bin := t.TempDir()
	install := exec.CommandContext(t.Context(), "sh", "-e", "-c", g.sections[installSection].blocks[0].body)
	install.Dir, install.Env = root, append(os.Environ(), "GOBIN="+bin)
	if output, err := install.CombinedOutput(); err != nil {
		t.Fatalf("install: %v\n%s", err, output)
	}
	g.programs["./cmd/tandem"] = filepath.Join(bin, "tandem")
	return g
}

// playTokens is the way of a program, and then that of an MCP client.
func playTokens(t *testing.T, g *guide) {
	as := oidctest.Start(t, service.ReadInventory, service.WriteInventory)
	g.replace = append(g.replace, "https://login.example.com", as.Issuer())
	g.env = append(g.env, "CLIENT_ID="+oidctest.RS256, "CLIENT_SECRET="+as.Secret())
	g.play(t, tokenSection)
	g.play(t, clientSection)
}

// playOpaque runs the commands of the section on JWTs with opaque tokens.
func playOpaque(t *testing.T, g *guide) {
	as := oidctest.Start(t, service.ReadInventory)
	g.replace = append(g.replace, "https://login.example.com", as.Issuer(), "inventory-service", oidctest.Introspector)
	g.env = append(g.env, "CLIENT_ID="+oidctest.Opaque, "CLIENT_SECRET="+as.Secret())
	writeFile(t, filepath.Join(g.folder, "secrets", "auth-client-secret"), []byte(as.Secret()+"\n"))
	g.play(t, opaqueSection)
	for _, b := range g.sections[tokenSection].blocks {
		switch b.language {
		case "sh":
			g.command(t, b.body)
		case "text":
			g.check(t, b.body)
			g.check(t, "verifier   introspection: accepted")
		}
	}
}

// Each recipe's variables are a configuration that the server takes for the
// reference service, those of vendors that no test can reach included.
func TestAuthGuideVariables(t *testing.T) {
	secrets := t.TempDir()
	writeCertificates(t, secrets)
	writeFile(t, filepath.Join(secrets, "auth-client-secret"), []byte("hush"))
	file := apikey.NewFile(filepath.Join(secrets, "keys"), apikey.Options{})
	if _, _, err := apikey.Create(t.Context(), file, apikey.Wanted{}); err != nil {
		t.Fatal(err)
	}
	recipes := 0
	for _, s := range sectionsOf(t, authGuide) {
		for _, b := range s.blocks {
			if b.language != "env" {
				continue
			}
			recipes++
			t.Run(s.heading, func(t *testing.T) { accept(t, strings.ReplaceAll(b.body, "/run/secrets", secrets)) })
		}
	}
	if recipes < 10 {
		t.Errorf("only %d recipes were found", recipes)
	}
}

// accept makes a server of the variables, with credentials of its own where the
// recipe has its code say who may call.
func accept(t *testing.T, block string) {
	t.Helper()
	variables := map[string]string{}
	for line := range strings.Lines(block) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		variables[name] = value
	}
	lookup := func(name string) (string, bool) {
		value, ok := variables[name]
		delete(variables, name)
		return value, ok
	}
	cfg, err := server.FromEnv(lookup)
	if err != nil {
		t.Fatal(err)
	}
	for name := range variables {
		t.Errorf("nobody reads %s", name)
	}
	if cfg.TLSFiles != (server.TLSFiles{}) {
		cfg.APIKeysFile = filepath.Join(filepath.Dir(cfg.TLSFiles.Key), "keys")
	}
	cfg.Logger = slog.New(slog.DiscardHandler)
	svc, err := service.New(service.Config{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(svc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

// writeCertificates writes what the guide's TLS needs: the service's certificate
// with its authority, and a client's with its own.
func writeCertificates(t *testing.T, folder string) {
	t.Helper()
	for _, c := range []struct{ authority, leaf, uri string }{
		{"ca", "tls", ""}, {"clients-ca", "billing", "spiffe://example.org/billing"},
	} {
		above, aboveKey := certify(t, &x509.Certificate{
			Subject: pkix.Name{CommonName: c.authority}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		}, nil, nil)
		leaf := &x509.Certificate{
			Subject: pkix.Name{CommonName: c.leaf}, KeyUsage: x509.KeyUsageDigitalSignature, DNSNames: []string{"localhost"},
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		}
		if c.uri != "" {
			name, err := url.Parse(c.uri)
			if err != nil {
				t.Fatal(err)
			}
			leaf.URIs, leaf.DNSNames, leaf.ExtKeyUsage = []*url.URL{name}, nil, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		}
		signed, key := certify(t, leaf, above, aboveKey)
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		writePEM(t, filepath.Join(folder, c.authority+".crt"), "CERTIFICATE", above.Raw)
		writePEM(t, filepath.Join(folder, c.leaf+".crt"), "CERTIFICATE", signed.Raw)
		writePEM(t, filepath.Join(folder, c.leaf+".key"), "PRIVATE KEY", der)
	}
}

// certify signs a certificate, by itself if there is none above.
func certify(t *testing.T, c, above *x509.Certificate, aboveKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.SerialNumber, c.NotBefore, c.NotAfter = big.NewInt(1), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	if above == nil {
		above, aboveKey = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, above, &key.PublicKey, aboveKey)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signed, key
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	writeFile(t, path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
