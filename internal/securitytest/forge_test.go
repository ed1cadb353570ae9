package securitytest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// The key ids that a forge publishes from the start.
const (
	rsaKey = "rsa-1"
	ecKey  = "ec-1"
	edKey  = "ed-1"
)

// keys are made once, since RSA takes its time.
var keys = sync.OnceValue(func() (k struct {
	rsa, other *rsa.PrivateKey
	ec         *ecdsa.PrivateKey
	ed         ed25519.PrivateKey
	weak       weakKey
}) {
	k.rsa, k.other = must(rsa.GenerateKey(rand.Reader, 2048)), must(rsa.GenerateKey(rand.Reader, 2048))
	k.ec = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	_, k.ed, _ = ed25519.GenerateKey(rand.Reader) // crypto/rand does not fail
	k.weak = newWeakKey()
	return k
})

// forge is an issuer of tokens of any kind, with a key set of any kind. It counts
// what it is asked.
type forge struct {
	server   *httptest.Server
	audience string

	mu       sync.Mutex
	document http.HandlerFunc // answers for the key set
	requests map[string]int   // by path
}

const keyPath = "/jwks"

func newForge(t testing.TB) *forge {
	t.Helper()
	f := &forge{audience: "https://notes.example/mcp", requests: map[string]int{}}
	f.publish(f.publicKeys()...)
	f.server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.server.Close)
	return f
}

func (f *forge) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests[r.URL.Path]++
	document := f.document
	f.mu.Unlock()
	if r.URL.Path != keyPath {
		http.NotFound(w, r)
		return
	}
	document(w, r)
}

// fetches returns how often the keys were asked for.
func (f *forge) fetches() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[keyPath]
}

// others returns how many requests were for anything but the keys.
func (f *forge) others() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := -f.requests[keyPath]
	for _, count := range f.requests {
		n += count
	}
	return n
}

func (f *forge) answer(h http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.document = h
}

// publish makes these the key set.
func (f *forge) publish(keys ...jwk) {
	body := must(json.Marshal(map[string]any{"keys": keys}))
	f.answer(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body) // whoever asked may be gone
	})
}

type jwk map[string]any

func (f *forge) publicKeys() []jwk {
	return []jwk{rsaJWK(rsaKey, &keys().rsa.PublicKey), ecJWK(ecKey), edJWK(edKey)}
}

func rsaJWK(kid string, k *rsa.PublicKey) jwk {
	return jwk{"kty": "RSA", "kid": kid, "use": "sig", "n": encode(k.N.Bytes()), "e": encode(big.NewInt(int64(k.E)).Bytes())}
}

func ecJWK(kid string) jwk {
	point := must(keys().ec.PublicKey.Bytes()) // 4, x, y
	return jwk{"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "x": encode(point[1:33]), "y": encode(point[33:])}
}

func edJWK(kid string) jwk {
	return jwk{"kty": "OKP", "crv": "Ed25519", "kid": kid, "use": "sig", "x": encode(keys().ed.Public().(ed25519.PublicKey))}
}

// with returns the key with a member set; nil leaves it out.
func (k jwk) with(name string, value any) jwk {
	changed := jwk{name: value}
	for n, v := range k {
		if n != name {
			changed[n] = v
		}
	}
	if value == nil {
		delete(changed, name)
	}
	return changed
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// fields are the members of a header or of claims, as JSON: so that a test can
// write what is none of the types that it should be.
type fields map[string]string

func (f fields) with(pairs ...string) fields {
	changed := fields{}
	for n, v := range f {
		changed[n] = v
	}
	for i := 0; i < len(pairs); i += 2 {
		changed[pairs[i]] = pairs[i+1]
		if pairs[i+1] == "" {
			delete(changed, pairs[i])
		}
	}
	return changed
}

// json writes the object, with more members after those that it has.
func (f fields) json(more ...string) string {
	members := []string{}
	for n, v := range f {
		members = append(members, quote(n)+":"+v)
	}
	return "{" + strings.Join(append(members, more...), ",") + "}"
}

// header is that of a good token.
func (f *forge) header() fields {
	return fields{"alg": `"RS256"`, "typ": `"at+jwt"`, "kid": quote(rsaKey)}
}

// claims are those of a good token of alice.
func (f *forge) claims() fields {
	now := time.Now().Unix()
	return fields{
		"iss": quote(f.server.URL), "aud": quote(f.audience), "sub": `"alice"`, "client_id": `"client"`, "jti": quote(rand.Text()),
		"scope": quote(read), "iat": fmt.Sprint(now), "exp": fmt.Sprint(now + 600),
	}
}

// good is a token that is as it should be.
func (f *forge) good() string { return sign(f.header().json(), f.claims().json(), withRSA(keys().rsa)) }

// signer signs what it is given, somehow.
type signer func(input string) []byte

// sign makes a token of a header and claims, whatever they are.
func sign(header, claims string, s signer) string {
	input := encode([]byte(header)) + "." + encode([]byte(claims))
	return input + "." + encode(s(input))
}

func withRSA(k *rsa.PrivateKey) signer {
	return func(input string) []byte {
		digest := sha256.Sum256([]byte(input))
		return must(rsa.SignPKCS1v15(rand.Reader, k, crypto.SHA256, digest[:]))
	}
}

func withEC(input string) []byte {
	digest := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, keys().ec, digest[:])
	return append(must(r, err).FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
}

func withEd(input string) []byte { return ed25519.Sign(keys().ed, []byte(input)) }

func withSecret(secret []byte) signer {
	return func(input string) []byte {
		h := hmac.New(sha256.New, secret)
		_, _ = h.Write([]byte(input)) // a hash does not fail
		return h.Sum(nil)
	}
}

func unsigned(string) []byte { return nil }

// weakKey is an RSA key of 1,024 bits, which crypto/rsa does not work with.
type weakKey struct{ n, d *big.Int }

const weakExponent = 65537

func newWeakKey() weakKey {
	one, e := big.NewInt(1), big.NewInt(weakExponent)
	for {
		p, q := must(rand.Prime(rand.Reader, 512)), must(rand.Prime(rand.Reader, 512))
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		if d := new(big.Int).ModInverse(e, phi); d != nil && p.Cmp(q) != 0 {
			return weakKey{new(big.Int).Mul(p, q), d}
		}
	}
}

func (k weakKey) public() *rsa.PublicKey { return &rsa.PublicKey{N: k.n, E: weakExponent} }

// sign is RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, section 8.2.1).
func (k weakKey) sign(input string) []byte {
	prefix := []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}
	digest := sha256.Sum256([]byte(input))
	suffix := append(append([]byte{0}, prefix...), digest[:]...)
	size := (k.n.BitLen() + 7) / 8
	block := append([]byte{0, 1}, []byte(strings.Repeat("\xff", size-2-len(suffix)))...)
	m := new(big.Int).SetBytes(append(block, suffix...))
	return m.Exp(m, k.d, k.n).FillBytes(make([]byte, size))
}
