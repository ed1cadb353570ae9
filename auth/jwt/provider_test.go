package jwt_test

import (
	"testing"
	"time"

	"github.com/tandem-go/tandem/auth/jwt"
	"github.com/tandem-go/tandem/internal/oidctest"
)

// A real authorization server, from whose issuer everything is found: its tokens are
// taken, for this service only, across a rotation of its keys, until one is withdrawn;
// while it is away, the last keys hold.
func TestProvider(t *testing.T) {
	server := oidctest.Start(t, "items:read", "items:write")
	config := jwt.Config{Issuer: server.Issuer(), Types: []string{"at+jwt"}, Gap: time.Nanosecond, RefreshEvery: time.Nanosecond}
	v := configured(t, config)
	for _, format := range []string{oidctest.RS256, oidctest.ES256} {
		p := mustPass(t, v, server.Token(t, format, audience, "items:read"))
		if p.Issuer != server.Issuer() || p.Subject != format || p.ClientID != format || !p.Has("items:read") || p.Has("items:write") || !p.Expires.After(time.Now()) {
			t.Errorf("principal %+v", p)
		}
		mustRefuse(t, v, server.Token(t, format, audience+"/", "items:read"))
	}
	mustRefuse(t, v, server.Token(t, oidctest.Opaque, audience))
	old := server.Token(t, oidctest.RS256, audience)
	server.Rotate(t)
	mustPass(t, v, old)
	mustPass(t, v, server.Token(t, oidctest.RS256, audience))
	server.Withdraw(t)
	mustRefuse(t, v, old)
	rotated := server.Token(t, oidctest.ES256, audience)
	mustPass(t, v, rotated)
	server.Stop(t)
	mustPass(t, v, rotated)
	mustNotKnow(t, configured(t, config), rotated)
	server.Restart(t)
	mustPass(t, v, rotated)
}
