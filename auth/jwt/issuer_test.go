package jwt_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/jwt"
)

const (
	issuerName = "https://login.example.com"
	audience   = "https://api.example.com/mcp"
)

// object is a JSON object.
type object map[string]any

// with returns a copy with other members; nil leaves one out.
func (o object) with(members object) object {
	o = maps.Clone(o)
	for name, value := range members {
		if o[name] = value; value == nil {
			delete(o, name)
		}
	}
	return o
}

func (o object) json() string {
	b, err := json.Marshal(o)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func encode[T ~string | ~[]byte](b T) string { return base64.RawURLEncoding.EncodeToString([]byte(b)) }

// must returns a value that cannot fail.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The keys that tests sign with; making RSA keys takes long.
var (
	rsaKey   = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	otherRSA = sync.OnceValue(func() *rsa.PrivateKey { return must(rsa.GenerateKey(rand.Reader, 2048)) })
	ecKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) })
	edKey    = sync.OnceValue(func() ed25519.PrivateKey { _, k, err := ed25519.GenerateKey(rand.Reader); return must(k, err) })
)

// jwkOf returns the public key as the issuer publishes it.
func jwkOf(id string, key crypto.Signer) object {
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		return object{"kty": "RSA", "kid": id, "n": encode(public.N.Bytes()), "e": encode(big.NewInt(int64(public.E)).Bytes())}
	case *ecdsa.PublicKey:
		point := must(public.Bytes())[1:]
		return object{"kty": "EC", "kid": id, "crv": public.Params().Name, "x": encode(point[:len(point)/2]), "y": encode(point[len(point)/2:])}
	case ed25519.PublicKey:
		return object{"kty": "OKP", "kid": id, "crv": "Ed25519", "x": encode(public)}
	}
	panic("no such key")
}

var hashes = map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}

// signature signs by an algorithm.
func signature(algorithm string, key crypto.Signer, message string) []byte {
	if key, ok := key.(ed25519.PrivateKey); ok {
		return ed25519.Sign(key, []byte(message))
	}
	hash := hashes[algorithm[2:]]
	h := hash.New()
	_, _ = io.WriteString(h, message)
	switch key := key.(type) {
	case *rsa.PrivateKey:
		if algorithm[0] == 'P' {
			return must(rsa.SignPSS(rand.Reader, key, hash, h.Sum(nil), &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))
		}
		return must(rsa.SignPKCS1v15(nil, key, hash, h.Sum(nil)))
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, h.Sum(nil))
		width := (key.Params().BitSize + 7) / 8
		return append(must(r, err).FillBytes(make([]byte, width)), s.FillBytes(make([]byte, width))...)
	}
	panic("no such key")
}

// sign returns a token of a header and claims as they are, good or not.
func sign(algorithm string, key crypto.Signer, header, payload string) string {
	signed := encode(header) + "." + encode(payload)
	return signed + "." + encode(signature(algorithm, key, signed))
}

// goodHeader and goodClaims are those of an access token that is good now.
func goodHeader() object { return object{"alg": "RS256", "kid": "rsa", "typ": "at+jwt"} }

func goodClaims() object {
	now := time.Now().Unix()
	return object{
		"iss": issuerName, "aud": audience, "sub": "ann", "client_id": "app", "scope": "items:read items:write",
		"iat": now, "exp": now + 600, "jti": "1",
	}
}

// goodToken is signed by the RSA key.
func goodToken() string { return sign("RS256", rsaKey(), goodHeader().json(), goodClaims().json()) }

// publisher publishes the keys of an issuer, and counts how often it is asked. It is
// a server, or a transport where time is not real.
type publisher struct {
	mu     sync.Mutex
	answer http.HandlerFunc
	count  int
}

func publish(keys ...object) *publisher {
	p := &publisher{}
	p.set(keys...)
	return p
}

func (p *publisher) set(keys ...object) {
	if keys == nil {
		keys = []object{}
	}
	p.serve(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, object{"keys": keys}.json())
	})
}

func (p *publisher) serve(h http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = h
}

func (p *publisher) asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.count++
	answer := p.answer
	p.mu.Unlock()
	answer(w, r)
}

func (p *publisher) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// publicKeys are those of the usual issuer.
func publicKeys() []object {
	return []object{jwkOf("rsa", rsaKey()), jwkOf("ec", ecKey()), jwkOf("ed", edKey())}
}

// verifier returns one of the publisher's keys, over a transport.
func verifier(t testing.TB, p *publisher, c jwt.Config) *jwt.Verifier {
	t.Helper()
	c.HTTP = &http.Client{Transport: p}
	c.JWKSURL = issuerName + "/jwks"
	return configured(t, c)
}

// configured returns the usual verifier with the configuration's differences.
func configured(t testing.TB, c jwt.Config) *jwt.Verifier {
	t.Helper()
	if c.Issuer == "" {
		c.Issuer = issuerName
	}
	if c.Audiences == nil {
		c.Audiences = []string{audience}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	v, err := jwt.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// mustPass checks that a token is good, and returns whose it is.
func mustPass(t testing.TB, v *jwt.Verifier, token string) *tandem.Principal {
	t.Helper()
	p, err := v.Verify(context.Background(), token)
	if err != nil {
		t.Fatalf("a good token is refused: %v", err)
	}
	return p
}

// mustRefuse checks that a token is refused by a verdict, whatever the chain of
// verifiers does with that.
func mustRefuse(t testing.TB, v *jwt.Verifier, token string) error {
	t.Helper()
	p, err := v.Verify(context.Background(), token)
	switch {
	case err == nil:
		t.Fatalf("the token is accepted: %+v", p)
	case tandem.CodeOf(err) == tandem.Unavailable:
		t.Fatalf("there is no verdict: %v", err)
	}
	return err
}

// mustNotKnow checks that there is no verdict.
func mustNotKnow(t testing.TB, v *jwt.Verifier, token string) {
	t.Helper()
	p, err := v.Verify(context.Background(), token)
	var e *tandem.Error
	if !errors.As(err, &e) || e.Code != tandem.Unavailable || e.RetryAfter <= 0 || errors.Is(err, auth.ErrOtherKind) {
		t.Fatalf("got %+v, %v; want no verdict, and when to try again", p, err)
	}
}
