package jwt_test

import (
	"crypto"
	"testing"

	"github.com/tandem-go/tandem/auth/jwt"
)

// What a call costs on top, if its token was verified before and if it was not.
func BenchmarkVerify(b *testing.B) {
	for _, c := range []struct {
		alg, id string
		key     crypto.Signer
	}{{"RS256", "rsa", rsaKey()}, {"ES256", "ec", ecKey()}, {"EdDSA", "ed", edKey()}} {
		token := sign(c.alg, c.key, object{"alg": c.alg, "kid": c.id, "typ": "at+jwt"}.json(), goodClaims().json())
		for name, entries := range map[string]int{"cached": 0, "uncached": -1} {
			b.Run(c.alg+"/"+name, func(b *testing.B) {
				v := verifier(b, publish(publicKeys()...), jwt.Config{MaxEntries: entries})
				mustPass(b, v, token)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := v.Verify(b.Context(), token); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// Forged tokens are refused without an asymmetric operation where it can be told.
func BenchmarkRefuse(b *testing.B) {
	v := verifier(b, publish(publicKeys()...), jwt.Config{})
	mustPass(b, v, goodToken())
	for name, token := range map[string]string{
		"expired":     payload(object{"exp": 1}),
		"unknown key": header(object{"kid": "unknown"}),
		"forged":      forged("rsa"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := v.Verify(b.Context(), token); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}
