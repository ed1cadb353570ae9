package server

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/apikey"
)

// Settings for tokens that are half made, would accept tokens that were made for
// somebody else, or come over a network in clear text do not start, and the error
// names the variable to set.
func TestAuthRefuses(t *testing.T) {
	const issuer, public = "https://id.example.com", "https://shop.example.com"
	whole := Auth{Issuer: issuer, IntrospectionURL: issuer + "/introspect", ClientID: "shop", ClientSecret: "hush"}
	change := func(f func(*Auth)) Auth {
		a := whole
		f(&a)
		return a
	}
	for name, c := range map[string]struct {
		auth   Auth
		public string
		says   []string
	}{
		"no audience":               {Auth{Issuer: issuer}, "", []string{"PUBLIC_URL", "AUTH_AUDIENCE"}},
		"no audience, asking":       {change(func(a *Auth) { a.Issuer = "" }), "", []string{"PUBLIC_URL", "AUTH_AUDIENCE"}},
		"an empty list":             {Auth{Issuer: issuer, Audiences: []string{}}, public, []string{"AUTH_AUDIENCE"}},
		"an empty audience":         {Auth{Issuer: issuer, Audiences: []string{""}}, public, []string{"empty"}},
		"audience of nothing":       {Auth{Audiences: []string{"x"}}, public, []string{"AUTH_ISSUER", "AUTH_INTROSPECTION_URL"}},
		"keys of nobody":            {Auth{JWKSURL: issuer + "/keys"}, public, []string{"AUTH_ISSUER"}},
		"algorithms of nobody":      {Auth{Algorithms: []string{"RS256"}}, public, []string{"AUTH_ISSUER"}},
		"scopes of nobody":          {Auth{ScopesSupported: []string{"x"}}, public, []string{"AUTH_ISSUER"}},
		"no id":                     {change(func(a *Auth) { a.ClientID = "" }), public, []string{"AUTH_CLIENT_ID"}},
		"no secret":                 {change(func(a *Auth) { a.ClientSecret = "" }), public, []string{"AUTH_CLIENT_SECRET"}},
		"a secret alone":            {Auth{Issuer: issuer, ClientSecret: "hush"}, public, []string{"AUTH_CLIENT_ID"}},
		"a client alone":            {Auth{ClientID: "shop", ClientSecret: "hush"}, public, []string{"AUTH_INTROSPECTION_URL", "AUTH_ISSUER"}},
		"issuer in clear text":      {Auth{Issuer: "http://id.example.com"}, public, []string{"AUTH_ISSUER", "https"}},
		"keys in clear text":        {Auth{Issuer: issuer, JWKSURL: "http://id.example.com/keys"}, public, []string{"AUTH_JWKS_URL", "https"}},
		"questions in clear text":   {change(func(a *Auth) { a.IntrospectionURL = "http://id.example.com/i" }), public, []string{"AUTH_INTROSPECTION_URL", "https"}},
		"the service in clear text": {Auth{Issuer: issuer}, "http://shop.example.com", []string{"PUBLIC_URL", "https"}},
		"a scope that is none":      {Auth{Issuer: issuer, ScopesSupported: []string{"a b"}}, public, []string{"AUTH_SCOPES_SUPPORTED"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(newService(t), Config{PublicURL: c.public, Auth: c.auth})
			if err == nil {
				t.Fatal("it started")
			}
			for _, want := range append(c.says, "Config.Auth") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not name %s", err, want)
				}
			}
			if strings.Contains(err.Error(), "hush") {
				t.Errorf("%q shows the secret", err)
			}
		})
	}
}

// A token must be made for this service: for its MCP address or for the whole,
// unless the configuration says otherwise.
func TestAudiences(t *testing.T) {
	c := Config{PublicURL: "https://shop.example.com:443/x/"}.withDefaults()
	if got := strings.Join(c.audiences(), " "); got != "https://shop.example.com/x/mcp https://shop.example.com/x" {
		t.Errorf("got %s", got)
	}
	c.Auth.Audiences = []string{"api://shop"}
	if got := strings.Join(c.audiences(), " "); got != "api://shop" {
		t.Errorf("got %s", got)
	}
}

// keyFile makes a file with one key of these scopes, as `tandem keys create` does.
func keyFile(t *testing.T, scopes ...string) (path string, key tandem.Secret) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "keys")
	file := apikey.NewFile(path, apikey.Options{Logger: slog.New(slog.DiscardHandler)})
	key, _, err := apikey.Create(t.Context(), file, apikey.Wanted{Name: "test", Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return path, key
}

// Every kind of credentials that is configured is accepted beside the others, and
// each caller has the scopes of its own.
func TestVerifiersCombine(t *testing.T) {
	path, scoped := keyFile(t, "stock:read", "stock:write")
	narrow := auth.VerifierFunc(func(_ context.Context, token string) (*tandem.Principal, error) {
		if token != "of-my-own" {
			return nil, auth.ErrOtherKind
		}
		return &tandem.Principal{Issuer: "mine", Subject: "me"}, nil
	})
	s := newServer(t, newScoped(t), Config{APIKeysFile: path, APIKeys: []tandem.Secret{testKey}, Verifier: narrow})
	for token, want := range map[string]int{
		testKey: 204, scoped.Reveal(): 204, "of-my-own": 403, "unknown": 401, scoped.Reveal() + "x": 401, strings.ToUpper(scoped.Reveal()): 401,
	} {
		if w := ask(s, "POST", "/api/v1/restock", "{}", "Authorization", "Bearer "+token); w.Code != want {
			t.Errorf("%.8s…: %d, want %d", token, w.Code, want)
		}
	}
}

// A key file that cannot be used stops the start, and is named.
func TestKeyFileRefuses(t *testing.T) {
	for name, path := range map[string]string{"missing": "/nowhere/keys", "a plain list": fileWith(t, "key-one-0123456789,key-two-0123456789")} {
		_, err := New(newService(t), Config{APIKeysFile: path})
		if err == nil || !strings.Contains(err.Error(), "API_KEYS_FILE") || strings.Contains(err.Error(), "0123456789") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What verifiers hold is closed with the server, and when it does not come to one.
func TestVerifiersAreClosed(t *testing.T) {
	for name, want := range map[string]auth.Verifier{"with context": &closing{}, "plain": &plainClosing{}} {
		v := &Verifiers{}
		v.hold(want)
		if err := v.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if closed := fmt.Sprint(want); closed != "closed" {
			t.Errorf("%s: %s", name, closed)
		}
	}
	if err := (*Verifiers)(nil).Close(t.Context()); err != nil {
		t.Error(err)
	}
}

type closing struct {
	auth.VerifierFunc
	closed bool
}

func (c *closing) Close(context.Context) error { c.closed = true; return nil }

func (c *closing) String() string { return map[bool]string{true: "closed", false: "open"}[c.closed] }

type plainClosing struct{ closing }

func (c *plainClosing) Close() { c.closed = true }
