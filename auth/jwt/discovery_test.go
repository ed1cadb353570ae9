package jwt_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem/auth/jwt"
	"github.com/tandem-go/tandem/internal/authserver"
)

// site is an issuer with metadata that say where its keys are.
func site(keys string) *publisher {
	p := publish()
	p.serve(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/.well-known/oauth-authorization-server":
			_, _ = io.WriteString(w, object{"issuer": issuerName, "jwks_uri": issuerName + keys}.json())
		case keys:
			_, _ = io.WriteString(w, object{"keys": publicKeys()}.json())
		default:
			http.NotFound(w, r)
		}
	})
	return p
}

// discovering returns a verifier that knows the issuer alone.
func discovering(t *testing.T, p *publisher) *jwt.Verifier {
	return configured(t, jwt.Config{HTTP: &http.Client{Transport: p}})
}

// The keys are found from the issuer alone, whose metadata are not asked for again
// while they are good, and once more when the keys have moved.
func TestDiscovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := site("/keys")
		v := discovering(t, p)
		mustPass(t, v, goodToken())
		if n := p.asked(); n != 2 {
			t.Errorf("%d requests, want one for the metadata and one for the keys", n)
		}
		time.Sleep(6 * time.Minute)
		mustPass(t, v, goodToken())
		if n := p.asked(); n != 3 {
			t.Errorf("%d requests, want one more for the keys", n)
		}
		p.serve(site("/moved").answer)
		time.Sleep(6 * time.Minute)
		mustPass(t, v, goodToken()) // finds the keys gone, and goes on with the last ones
		time.Sleep(10 * time.Second)
		mustPass(t, v, longToken("rsa"))
		synctest.Wait()
		if n := p.asked(); n != 6 {
			t.Errorf("%d requests, want one in vain and two more", n)
		}
	})
}

// An issuer whose metadata are another's, or say nothing of keys, has none.
func TestDiscoveryRefuses(t *testing.T) {
	for name, metadata := range map[string]object{
		"another issuer": {"issuer": issuerName + "/", "jwks_uri": issuerName + "/keys"},
		"no keys":        {"issuer": issuerName},
		"keys in plain":  {"issuer": issuerName, "jwks_uri": "http://login.example.com/keys"},
	} {
		t.Run(name, func(t *testing.T) {
			p := publish()
			p.serve(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if strings.HasPrefix(r.URL.Path, "/.well-known/") {
					_, _ = io.WriteString(w, metadata.json())
					return
				}
				_, _ = io.WriteString(w, object{"keys": publicKeys()}.json())
			})
			v := discovering(t, p)
			mustNotKnow(t, v, goodToken())
			if err := v.Start(t.Context()); !errors.Is(err, authserver.ErrBadAnswer) {
				t.Errorf("Start: %v", err)
			}
		})
	}
}

// Start tells a wrong configuration from a server that is away, which no service
// needs to wait for.
func TestStart(t *testing.T) {
	p := publish(publicKeys()...)
	v := verifier(t, p, jwt.Config{})
	if err := v.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustPass(t, v, goodToken())
	if n := p.asked(); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
	p.serve(http.NotFound)
	if err := verifier(t, p, jwt.Config{}).Start(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("a wrong address: %v", err)
	}
	p.serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	if err := verifier(t, p, jwt.Config{}).Start(t.Context()); err != nil {
		t.Errorf("a server that is away: %v", err)
	}
	gone := httptest.NewServer(p)
	gone.Close()
	if err := configured(t, jwt.Config{JWKSURL: gone.URL}).Start(t.Context()); err != nil {
		t.Errorf("nobody listens: %v", err)
	}
}
