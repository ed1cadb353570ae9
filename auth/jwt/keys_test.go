package jwt_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/tandem-go/tandem/auth/jwt"
)

// Rule 7: a key is good for what it says that it is for, and only if it is strong
// enough. A key that is not leaves the others as they are.
func TestUnusableKeys(t *testing.T) {
	p256 := jwkOf("k", ecKey())
	weak := must(rsa.GenerateKey(rand.Reader, 1024))
	small := jwkOf("k", weak)
	good := jwkOf("k", rsaKey())
	for name, c := range map[string]struct {
		alg string
		key crypto.Signer
		jwk object
	}{
		"use enc":                {"RS256", rsaKey(), good.with(object{"use": "enc"})},
		"use empty":              {"RS256", rsaKey(), good.with(object{"use": ""})},
		"use a number":           {"RS256", rsaKey(), good.with(object{"use": 1})},
		"key_ops sign":           {"RS256", rsaKey(), good.with(object{"key_ops": []string{"sign"}})},
		"key_ops encrypt":        {"RS256", rsaKey(), good.with(object{"use": "sig", "key_ops": []string{"encrypt", "wrapKey"}})},
		"key_ops empty":          {"RS256", rsaKey(), good.with(object{"key_ops": []string{}})},
		"alg another":            {"RS256", rsaKey(), good.with(object{"alg": "RS512"})},
		"alg for encryption":     {"RS256", rsaKey(), good.with(object{"alg": "RSA-OAEP"})},
		"alg none":               {"RS256", rsaKey(), good.with(object{"alg": "none"})},
		"alg HS256":              {"RS256", rsaKey(), good.with(object{"alg": "HS256"})},
		"RSA of 1024 bits":       {"RS256", weak, small},
		"private":                {"RS256", rsaKey(), good.with(object{"d": encode(rsaKey().D.Bytes())})},
		"with a secret":          {"RS256", rsaKey(), good.with(object{"k": "AAAA"})},
		"no kid":                 {"RS256", rsaKey(), good.with(object{"kid": nil})},
		"kid in another case":    {"RS256", rsaKey(), good.with(object{"kid": "K"})},
		"kty absent":             {"RS256", rsaKey(), good.with(object{"kty": nil})},
		"kty in another case":    {"RS256", rsaKey(), good.with(object{"kty": "rsa"})},
		"kty of another kind":    {"RS256", rsaKey(), good.with(object{"kty": "EC"})},
		"n padded":               {"RS256", rsaKey(), good.with(object{"n": good["n"].(string) + "="})},
		"e of 1":                 {"RS256", rsaKey(), good.with(object{"e": "AQ"})},
		"e even":                 {"RS256", rsaKey(), good.with(object{"e": encode([]byte{1, 0, 2})})},
		"e huge":                 {"RS256", rsaKey(), good.with(object{"e": encode([]byte{1, 0, 0, 0, 0, 0, 0, 0, 1})})},
		"e absent":               {"RS256", rsaKey(), good.with(object{"e": nil})},
		"EC, another curve":      {"ES256", ecKey(), p256.with(object{"crv": "P-384"})},
		"EC, a foreign curve":    {"ES256", ecKey(), p256.with(object{"crv": "secp256k1"})},
		"EC, not on the curve":   {"ES256", ecKey(), p256.with(object{"y": p256["x"]})},
		"EC, coordinate cut":     {"ES256", ecKey(), p256.with(object{"x": p256["x"].(string)[:40]})},
		"EC, at infinity":        {"ES256", ecKey(), p256.with(object{"x": encode(make([]byte, 32)), "y": encode(make([]byte, 32))})},
		"EC, private":            {"ES256", ecKey(), p256.with(object{"d": "AAAA"})},
		"EC, use enc":            {"ES256", ecKey(), p256.with(object{"use": "enc"})},
		"EdDSA, X25519":          {"EdDSA", edKey(), jwkOf("k", edKey()).with(object{"crv": "X25519"})},
		"EdDSA, Ed448":           {"EdDSA", edKey(), jwkOf("k", edKey()).with(object{"crv": "Ed448"})},
		"EdDSA, cut":             {"EdDSA", edKey(), jwkOf("k", edKey()).with(object{"x": "AAAA"})},
		"EdDSA, another alg":     {"EdDSA", edKey(), jwkOf("k", edKey()).with(object{"alg": "ES256"})},
		"EdDSA, wrong operation": {"EdDSA", edKey(), jwkOf("k", edKey()).with(object{"key_ops": []string{"deriveKey"}})},
	} {
		t.Run(name, func(t *testing.T) {
			p := publish(c.jwk, jwkOf("rsa", rsaKey()))
			v := verifier(t, p, jwt.Config{})
			mustRefuse(t, v, sign(c.alg, c.key, object{"alg": c.alg, "kid": "k", "typ": "at+jwt"}.json(), goodClaims().json()))
			mustPass(t, v, goodToken())
		})
	}
}

// What a key may say of itself without harm.
func TestUsableKeys(t *testing.T) {
	good := jwkOf("rsa", rsaKey())
	for name, jwk := range map[string]object{
		"plain":          good,
		"use sig":        good.with(object{"use": "sig", "alg": "RS256"}),
		"verify":         good.with(object{"key_ops": []string{"sign", "verify"}}),
		"certificates":   good.with(object{"x5c": []string{"not a certificate"}, "x5t": "x"}),
		"unknown member": good.with(object{"exp": 1, "issuer": "x"}),
	} {
		t.Run(name, func(t *testing.T) { mustPass(t, verifier(t, publish(jwk), jwt.Config{}), goodToken()) })
	}
}

// Two keys of one id are good if no algorithm fits both; which of two is meant is
// never guessed.
func TestKeysOfOneID(t *testing.T) {
	both := verifier(t, publish(jwkOf("rsa", rsaKey()), jwkOf("rsa", ecKey())), jwt.Config{})
	mustPass(t, both, goodToken())
	mustPass(t, both, sign("ES256", ecKey(), object{"alg": "ES256", "kid": "rsa", "typ": "at+jwt"}.json(), goodClaims().json()))

	twice := verifier(t, publish(jwkOf("rsa", rsaKey()), jwkOf("rsa", rsaKey())), jwt.Config{})
	mustPass(t, twice, goodToken())

	second := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	for _, keys := range [][]object{
		{jwkOf("rsa", rsaKey()), jwkOf("rsa", otherRSA()), jwkOf("ec", ecKey())},
		{jwkOf("rsa", otherRSA()), jwkOf("rsa", rsaKey()), jwkOf("ec", ecKey())},
	} {
		ambiguous := verifier(t, publish(keys...), jwt.Config{})
		mustRefuse(t, ambiguous, goodToken())
		mustPass(t, ambiguous, sign("ES256", ecKey(), object{"alg": "ES256", "kid": "ec"}.json(), goodClaims().json()))
	}
	mustRefuse(t, verifier(t, publish(jwkOf("ec", second)), jwt.Config{}),
		sign("ES256", ecKey(), object{"alg": "ES256", "kid": "ec"}.json(), goodClaims().json()))
}

// Documents that are no key sets leave no verdict.
func TestUnusableDocuments(t *testing.T) {
	for name, h := range unusable() {
		t.Run(name, func(t *testing.T) {
			p := publish()
			p.serve(h)
			mustNotKnow(t, verifier(t, p, jwt.Config{}), goodToken())
		})
	}
	p := publish()
	p.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/jwk-set+json")
		_, _ = io.WriteString(w, object{"keys": publicKeys()}.json())
	})
	mustPass(t, verifier(t, p, jwt.Config{}), goodToken())
}

// unusable are the answers of a server whose keys cannot be had.
func unusable() map[string]http.HandlerFunc {
	body := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, text)
		}
	}
	good := object{"keys": publicKeys()}.json()
	return map[string]http.HandlerFunc{
		"down":            func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"not found":       http.NotFound,
		"empty":           body(""),
		"empty object":    body("{}"),
		"no keys":         body(`{"keys":[]}`),
		"keys null":       body(`{"keys":null}`),
		"keys an object":  body(`{"keys":{}}`),
		"keys of strings": body(`{"keys":["a"]}`),
		"no key of use":   body(object{"keys": []object{jwkOf("rsa", rsaKey()).with(object{"use": "enc"})}}.json()),
		"in another case": body(strings.Replace(good, `"keys"`, `"Keys"`, 1)),
		"keys twice":      body(`{"keys":[],` + good[1:]),
		"a page":          func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>") },
		"huge":            body(`{"x":"` + strings.Repeat("x", 256<<10) + `",` + good[1:]),
		"redirecting":     func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) },
		"redirecting, moved": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusPermanentRedirect)
		},
	}
}

// Keys that are left out are told to the log, once.
func TestUnusableKeysAreLogged(t *testing.T) {
	var log bytes.Buffer
	p := publish(jwkOf("rsa", rsaKey()), jwkOf("weak", rsaKey()).with(object{"use": "enc"}))
	v := verifier(t, p, jwt.Config{Gap: 1, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	mustPass(t, v, goodToken())
	mustRefuse(t, v, header(object{"kid": "another"}))
	if n := p.asked(); n != 2 {
		t.Fatalf("the keys were fetched %d times", n)
	}
	v.Close() // the log is written by then
	if n := strings.Count(log.String(), "its use is not sig"); n != 1 {
		t.Errorf("told %d times: %s", n, log.String())
	}
}
