package jwt_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/tandem-go/tandem/auth/jwt"
)

// The principal is the token's, with all its claims, numbers exact.
func TestPrincipal(t *testing.T) {
	v := verifier(t, publish(publicKeys()...), jwt.Config{})
	claims := goodClaims().with(object{
		"scope": "items:read  * items:write items:read", "scp": []string{"more", "items:read"},
		"org": json.Number("9007199254740993"), "cnf": object{"x5t#S256": "abc"}, "azp": "other",
	})
	token := sign("RS256", rsaKey(), goodHeader().json(), claims.json())
	p := mustPass(t, v, token)
	if p.Subject != "ann" || p.Issuer != issuerName || p.ClientID != "app" {
		t.Errorf("%+v", p)
	}
	// A scope named * would be every scope of the service.
	if want := []string{"items:read", "items:write", "more"}; !slices.Equal(p.Scopes, want) {
		t.Errorf("scopes %q, want %q", p.Scopes, want)
	}
	if exp := time.Unix(claims["exp"].(int64), 0); !p.Expires.Equal(exp) {
		t.Errorf("expires %v, want %v", p.Expires, exp)
	}
	if p.Claims["org"] != json.Number("9007199254740993") || !reflect.DeepEqual(p.Claims["cnf"], map[string]any{"x5t#S256": "abc"}) {
		t.Errorf("claims %v", p.Claims)
	}
	if again := mustPass(t, v, token); again != p {
		t.Error("the verified token is not remembered")
	}
}

// The boundaries, where a token is still good.
func TestBoundaries(t *testing.T) {
	v := verifier(t, publish(publicKeys()...), jwt.Config{Audiences: []string{"other", audience}})
	for name, token := range map[string]string{
		"expired 25 s ago":      payload(object{"exp": ago(25 * time.Second)}),
		"exp with a fraction":   payload(object{"exp": float64(time.Now().Unix()) + 60.5}),
		"exp as a power of ten": rawClaims("exp", `"exp":4.1e9`),
		"nbf in 20 s":           payload(object{"nbf": ago(-20 * time.Second)}),
		"iat in 20 s":           payload(object{"iat": ago(-20 * time.Second)}),
		"iat absent":            payload(object{"iat": nil}),
		"one of two audiences":  payload(object{"aud": []string{"x", audience}}),
		"the other audience":    payload(object{"aud": "other"}),
		"typ in full":           header(object{"typ": "application/at+jwt"}),
		"typ in another case":   header(object{"typ": "AT+JWT"}),
		"unknown header":        header(object{"x5t": "abc", "ver": 2}),
		"no scope":              payload(object{"scope": nil}),
		"nonce in at+jwt":       payload(object{"nonce": "x"}),
		"kid is looked up":      header(object{"kid": "rsa"}),
		"case far down":         payload(object{"org": object{"id": 1, "ID": 2}}),
	} {
		t.Run(name, func(t *testing.T) { mustPass(t, v, token) })
	}
}

// Every algorithm that is configured works, with the key of its own curve only.
func TestAlgorithms(t *testing.T) {
	ec := func(c elliptic.Curve) crypto.Signer { return must(ecdsa.GenerateKey(c, rand.Reader)) }
	signers := map[string]crypto.Signer{
		"RS256": rsaKey(), "RS384": rsaKey(), "RS512": rsaKey(), "PS256": rsaKey(), "PS384": rsaKey(), "PS512": rsaKey(),
		"ES256": ecKey(), "ES384": ec(elliptic.P384()), "ES512": ec(elliptic.P521()), "EdDSA": edKey(), "Ed25519": edKey(),
	}
	var names []string
	var keys []object
	for name, key := range signers {
		names = append(names, name)
		keys = append(keys, jwkOf(name, key))
	}
	all := verifier(t, publish(keys...), jwt.Config{Algorithms: names})
	usual := verifier(t, publish(keys...), jwt.Config{})
	for name, key := range signers {
		t.Run(name, func(t *testing.T) {
			token := sign(name, key, object{"alg": name, "kid": name, "typ": "at+jwt"}.json(), goodClaims().json())
			mustPass(t, all, token)
			if slices.Contains([]string{"RS256", "ES256", "EdDSA"}, name) {
				mustPass(t, usual, token)
			} else {
				mustRefuse(t, usual, token)
			}
			mustRefuse(t, all, token[:len(token)-6]+"AAAAAA")
			for other := range signers { // the same signature under another name
				if other != name && (other[:2] != "Ed" || name[:2] != "Ed") {
					mustRefuse(t, all, sign(name, key, object{"alg": other, "kid": name, "typ": "at+jwt"}.json(), goodClaims().json()))
				}
			}
		})
	}
}

// An algorithm is for its own curve: a signature by another curve's key is none, though
// it has the right length (RFC 7518, section 3.4).
func TestForeignCurve(t *testing.T) {
	v := verifier(t, publish(jwkOf("ec", ecKey())), jwt.Config{Algorithms: []string{"ES256", "ES512"}})
	signed := encode(object{"alg": "ES512", "kid": "ec", "typ": "at+jwt"}.json()) + "." + encode(goodClaims().json())
	digest := sha512.Sum512([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, ecKey(), digest[:])
	if err != nil {
		t.Fatal(err)
	}
	wide := append(r.FillBytes(make([]byte, 66)), s.FillBytes(make([]byte, 66))...)
	mustRefuse(t, v, signed+"."+encode(wide))
}

// What common servers send as access tokens works by default, and what they sign
// besides does not. The claims are those of their documentation.
func TestCommonServers(t *testing.T) {
	v := verifier(t, publish(publicKeys()...), jwt.Config{Audiences: []string{"api", audience}})
	plain := goodClaims().with(object{"scope": nil, "client_id": nil, "jti": nil})
	for name, c := range map[string]struct {
		typ    any
		claims object
		good   bool
	}{
		"RFC 9068":              {"at+jwt", plain.with(object{"client_id": "app"}), true},
		"Keycloak, access":      {"JWT", plain.with(object{"typ": "Bearer", "azp": "app", "scope": "openid", "session_state": "x", "acr": "1", "nonce": "n"}), true},
		"Keycloak, ID":          {"JWT", plain.with(object{"typ": "ID", "azp": "app", "aud": []string{"app", audience}, "at_hash": "x", "nonce": "n"}), false},
		"Keycloak, logout":      {"JWT", plain.with(object{"typ": "Logout", "events": object{}}), false},
		"Entra 1.0, access":     {"JWT", plain.with(object{"appid": "app", "scp": "a b", "ver": "1.0"}), true},
		"Entra 2.0, access":     {"JWT", plain.with(object{"azp": "app", "scp": "a b", "aud": "api", "ver": "2.0", "azpacr": "1"}), true},
		"Entra 2.0, own client": {"JWT", plain.with(object{"azp": "api", "aud": "api", "roles": []string{"r"}, "azpacr": "1"}), true},
		"Entra 2.0, ID":         {"JWT", plain.with(object{"aud": "api", "nonce": "n", "roles": []string{"r"}, "ver": "2.0"}), false},
		"Entra 2.0, bare ID":    {"JWT", plain.with(object{"aud": "api", "roles": []string{"r"}, "ver": "2.0"}), false},
		"Auth0, access":         {"JWT", plain.with(object{"azp": "app", "aud": []string{audience, "https://x.auth0.com/userinfo"}, "scope": "openid"}), true},
		"Auth0, no scope":       {"JWT", plain.with(object{"azp": "app", "permissions": []string{"p"}}), true},
		"Auth0, ID":             {"JWT", plain.with(object{"aud": "api", "nonce": "n", "sid": "s"}), false},
		"Okta, access":          {nil, plain.with(object{"cid": "app", "scp": []string{"a", "b"}, "ver": 1}), true},
		"Okta, ID":              {nil, plain.with(object{"aud": "api", "at_hash": "h", "amr": []string{"pwd"}, "ver": 1}), false},
		"Cognito, access":       {nil, plain.with(object{"token_use": "access", "client_id": "app", "scope": "a"}), true},
		"Cognito, ID":           {nil, plain.with(object{"token_use": "id", "aud": "api"}), false},
		"ID with azp":           {nil, plain.with(object{"aud": "api", "azp": "api"}), false},
		"bare":                  {"JWT", plain, false},
	} {
		t.Run(name, func(t *testing.T) {
			token := sign("RS256", rsaKey(), goodHeader().with(object{"typ": c.typ}).json(), c.claims.json())
			if c.good {
				mustPass(t, v, token)
			} else {
				mustRefuse(t, v, token)
			}
		})
	}
}

// Types can be narrowed to RFC 9068's, and to whatever a server sends.
func TestTypes(t *testing.T) {
	strict := verifier(t, publish(publicKeys()...), jwt.Config{Types: []string{"at+jwt"}})
	absent := verifier(t, publish(publicKeys()...), jwt.Config{Types: []string{jwt.NoType}})
	mustPass(t, strict, goodToken())
	mustRefuse(t, absent, goodToken())
	mustRefuse(t, strict, header(object{"typ": "JWT"}))
	mustRefuse(t, strict, header(object{"typ": nil}))
	mustPass(t, absent, header(object{"typ": nil}))
}

// Scopes come from the claims that are configured, and no others.
func TestScopeClaims(t *testing.T) {
	v := verifier(t, publish(publicKeys()...), jwt.Config{ScopeClaims: []string{"roles", "permissions"}})
	p := mustPass(t, v, payload(object{"roles": []string{"a", "b"}, "permissions": "c", "scope": 1}))
	if want := []string{"a", "b", "c"}; !slices.Equal(p.Scopes, want) {
		t.Errorf("%q, want %q", p.Scopes, want)
	}
}

// The client is named by whichever claim the server has for it.
func TestClient(t *testing.T) {
	v := verifier(t, publish(publicKeys()...), jwt.Config{})
	for _, name := range []string{"client_id", "azp", "appid", "cid"} {
		if p := mustPass(t, v, payload(object{"client_id": nil, name: "x"})); p.ClientID != "x" {
			t.Errorf("%s: %q", name, p.ClientID)
		}
	}
}
