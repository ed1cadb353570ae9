package introspection_test

import (
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth/introspection"
	"github.com/tandem-go/tandem/internal/oidctest"
)

// A real authorization server: its opaque tokens are taken, for this service only,
// until they are revoked; while it is away there is no verdict.
func TestProvider(t *testing.T) {
	server := oidctest.Start(t, "items:read", "items:write")
	v, err := introspection.New(introspection.Config{
		Issuer: server.Issuer(), ClientID: oidctest.Introspector, ClientSecret: tandem.Secret(server.Secret()), Audiences: []string{audience},
		CacheTTL: time.Nanosecond, NegativeTTL: time.Nanosecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	token := server.Token(t, oidctest.Opaque, audience, "items:read")
	p, err := v.Verify(t.Context(), token)
	if err != nil {
		t.Fatal(err)
	}
	if p.Issuer != server.Issuer() || p.Subject == "" || !p.Has("items:read") || p.Has("items:write") || !p.Expires.After(time.Now()) {
		t.Errorf("principal %+v", p)
	}
	ask(t, v, server.Token(t, oidctest.Opaque, "https://other.example.com/", "items:read"), "401")
	ask(t, v, "no-token-at-all", "401")
	server.Revoke(t, token)
	ask(t, v, token, "401")
	other := server.Token(t, oidctest.Opaque, audience)
	ask(t, v, other, "good")
	server.Stop(t)
	ask(t, v, other, "503")
	server.Restart(t)
	ask(t, v, other, "good")
}
