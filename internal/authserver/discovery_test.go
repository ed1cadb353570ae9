package authserver_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-go/tandem/internal/authserver"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// places answers at some addresses, with 404 at all others, and notes the order.
type places struct {
	at    map[string]string // address → body; "503" for that status
	asked []string
}

func (p *places) client() *authserver.Client {
	return &authserver.Client{HTTP: &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		address := r.URL.String()
		p.asked = append(p.asked, address)
		body, ok := p.at[address]
		status := http.StatusOK
		switch {
		case !ok:
			status = http.StatusNotFound
		case body == "503":
			status = http.StatusServiceUnavailable
		}
		h := http.Header{"Content-Type": {"application/json"}}
		return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	})}}
}

func document(members map[string]any) string {
	b, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// The places and their order are those of the MCP specification, which are RFC 8414's
// and OpenID's; a slash at the end of an issuer is no path, but part of its name.
func TestDiscoverPlaces(t *testing.T) {
	for issuer, want := range map[string][]string{
		"https://a.example": {
			"https://a.example/.well-known/oauth-authorization-server",
			"https://a.example/.well-known/openid-configuration",
		},
		"https://a.example:8443/": {
			"https://a.example:8443/.well-known/oauth-authorization-server",
			"https://a.example:8443/.well-known/openid-configuration",
		},
		"https://a.example/realms/x%2Fy/": {
			"https://a.example/.well-known/oauth-authorization-server/realms/x%2Fy",
			"https://a.example/.well-known/openid-configuration/realms/x%2Fy",
			"https://a.example/realms/x%2Fy/.well-known/openid-configuration",
		},
	} {
		t.Run(issuer, func(t *testing.T) {
			p := &places{}
			if _, err := p.client().Discover(t.Context(), issuer); !errors.Is(err, authserver.ErrBadAnswer) {
				t.Errorf("nothing anywhere: %v", err)
			}
			if !slices.Equal(p.asked, want) {
				t.Errorf("asked %q\nwant %q", p.asked, want)
			}
			for i, place := range want { // each of them is enough
				p := &places{at: map[string]string{place: document(map[string]any{"issuer": issuer, "jwks_uri": "https://keys.example/jwks", "scopes_supported": []string{"a"}})}}
				m, err := p.client().Discover(t.Context(), issuer)
				if err != nil || m.Issuer != issuer || m.JWKSURI != "https://keys.example/jwks" || !slices.Equal(m.ScopesSupported, []string{"a"}) {
					t.Errorf("%s: %+v %v", place, m, err)
				}
				if len(p.asked) != i+1 {
					t.Errorf("asked %d places", len(p.asked))
				}
			}
		})
	}
}

// Only the issuer's own document counts, compared exactly, and only with addresses
// that may be asked.
func TestDiscoverRefuses(t *testing.T) {
	const issuer = "https://a.example"
	for name, members := range map[string]map[string]any{
		"slash":             {"issuer": issuer + "/"},
		"other":             {"issuer": "https://b.example"},
		"absent":            {},
		"another case":      {"Issuer": issuer},
		"no string":         {"issuer": 1},
		"plain keys":        {"issuer": issuer, "jwks_uri": "http://a.example/jwks"},
		"keys on loopback":  {"issuer": issuer, "jwks_uri": "http://127.0.0.1/jwks"},
		"relative keys":     {"issuer": issuer, "jwks_uri": "/jwks"},
		"plain questions":   {"issuer": issuer, "introspection_endpoint": "http://a.example/i"},
		"userinfo":          {"issuer": issuer, "token_endpoint": "https://u:p@a.example/t"},
		"plain login":       {"issuer": issuer, "authorization_endpoint": "http://a.example/auth"},
		"plain revocation":  {"issuer": issuer, "revocation_endpoint": "http://a.example/r"},
		"plain registering": {"issuer": issuer, "registration_endpoint": "ftp://a.example/r"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &places{at: map[string]string{
				issuer + "/.well-known/oauth-authorization-server": document(members),
			}}
			if m, err := p.client().Discover(t.Context(), issuer); !errors.Is(err, authserver.ErrBadAnswer) {
				t.Errorf("%+v %v", m, err)
			}
			// The next place may still have the right one.
			p.at[issuer+"/.well-known/openid-configuration"] = document(map[string]any{"issuer": issuer})
			if _, err := p.client().Discover(t.Context(), issuer); err != nil {
				t.Error(err)
			}
		})
	}
}

// While one of the places gives no answer, nobody can say that there is none.
func TestDiscoverNoAnswer(t *testing.T) {
	const issuer = "https://a.example"
	p := &places{at: map[string]string{
		issuer + "/.well-known/oauth-authorization-server": document(map[string]any{"issuer": "https://b.example"}),
		issuer + "/.well-known/openid-configuration":       "503",
	}}
	if _, err := p.client().Discover(t.Context(), issuer); !errors.Is(err, authserver.ErrNoAnswer) {
		t.Error(err)
	}
}

// An issuer on loopback, as in tests, may have its addresses there.
func TestDiscoverLoopback(t *testing.T) {
	const issuer = "http://127.0.0.1:9000"
	p := &places{at: map[string]string{
		issuer + "/.well-known/oauth-authorization-server": document(map[string]any{"issuer": issuer, "jwks_uri": issuer + "/jwks"}),
	}}
	if m, err := p.client().Discover(t.Context(), issuer); err != nil || m.JWKSURI != issuer+"/jwks" {
		t.Errorf("%+v %v", m, err)
	}
}
