package jwt_test

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/jwt"
)

// hs256 signs with a shared secret.
func hs256(secret []byte, header, payload string) string {
	signed := encode(header) + "." + encode(payload)
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(signed))
	return signed + "." + encode(m.Sum(nil))
}

// header signs the good claims under another header, by the RSA key.
func header(members object) string {
	return sign("RS256", rsaKey(), goodHeader().with(members).json(), goodClaims().json())
}

// payload signs other claims under the good header.
func payload(members object) string {
	return sign("RS256", rsaKey(), goodHeader().json(), goodClaims().with(members).json())
}

// rawClaims appends to the good claims, such as what a map cannot have.
func rawClaims(without, more string) string {
	text := strings.TrimSuffix(goodClaims().with(object{without: nil}).json(), "}") + "," + more + "}"
	return sign("RS256", rsaKey(), goodHeader().json(), text)
}

func rawHeader(text string) string { return sign("RS256", rsaKey(), text, goodClaims().json()) }

func ago(d time.Duration) int64 { return time.Now().Add(-d).Unix() }

// trap is an address that nobody may ask.
func trap(t *testing.T) string {
	p := publish(publicKeys()...)
	s := httptest.NewServer(p)
	t.Cleanup(func() {
		s.Close()
		if n := p.asked(); n != 0 {
			t.Errorf("the address in a token was asked %d times", n)
		}
	})
	return s.URL
}

// forgeries are the tokens that must be refused, by the number of their rule in
// docs/security.md. None of them causes any I/O.
func forgeries(t *testing.T) map[string]string {
	good, evil := goodToken(), trap(t)
	segments := strings.Split(good, ".")
	der := must(x509.MarshalPKIXPublicKey(rsaKey().Public()))
	pkcs1 := x509.MarshalPKCS1PublicKey(rsaKey().Public().(*rsa.PublicKey))
	spki := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	hs := goodHeader().with(object{"alg": "HS256"}).json()
	unsigned := func(alg string) string {
		return encode(goodHeader().with(object{"alg": alg}).json()) + "." + segments[1] + "."
	}
	all := map[string]string{
		"02 HS256 by the PEM":           hs256(spki, hs, goodClaims().json()),
		"02 HS256 by the DER":           hs256(der, hs, goodClaims().json()),
		"02 HS256 by PKCS 1":            hs256(pkcs1, hs, goodClaims().json()),
		"02 HS256 by the modulus":       hs256(rsaKey().N.Bytes(), hs, goodClaims().json()),
		"02 RS256 said, HS256 done":     hs256(spki, goodHeader().json(), goodClaims().json()),
		"02 another key of its kind":    sign("RS256", otherRSA(), goodHeader().json(), goodClaims().json()),
		"02 RSA's id, EC's algorithm":   sign("ES256", ecKey(), object{"alg": "ES256", "kid": "rsa", "typ": "at+jwt"}.json(), goodClaims().json()),
		"02 an algorithm not allowed":   sign("RS512", rsaKey(), goodHeader().with(object{"alg": "RS512"}).json(), goodClaims().json()),
		"02 PS256 not allowed":          sign("PS256", rsaKey(), goodHeader().with(object{"alg": "PS256"}).json(), goodClaims().json()),
		"02 PS256 said, RS256 done":     header(object{"alg": "PS256"}),
		"02 alg absent":                 header(object{"alg": nil}),
		"02 alg a number":               header(object{"alg": 256}),
		"02 alg in lower case":          header(object{"alg": "rs256"}),
		"02 signature of zeros":         segments[0] + "." + segments[1] + "." + encode(make([]byte, 256)),
		"02 signature cut":              good[:len(good)-4],
		"02 no signature":               segments[0] + "." + segments[1] + ".",
		"03 HS256 by the oct key":       hs256([]byte("0123456789abcdef0123456789abcdef"), object{"alg": "HS256", "kid": "oct", "typ": "at+jwt"}.json(), goodClaims().json()),
		"04 kid a path":                 header(object{"kid": "../../../../dev/null"}),
		"04 kid an absolute path":       header(object{"kid": "/dev/null"}),
		"04 kid a URL":                  header(object{"kid": evil}),
		"04 kid SQL":                    header(object{"kid": "' UNION SELECT 'x' --"}),
		"04 kid of 1 MB":                header(object{"kid": strings.Repeat("a", 1<<20)}),
		"04 kid of 257 bytes":           header(object{"kid": strings.Repeat("a", 257)}),
		"04 kid a number":               header(object{"kid": 1}),
		"04 kid null":                   rawHeader(`{"alg":"RS256","typ":"at+jwt","kid":null}`),
		"04 kid empty":                  header(object{"kid": ""}),
		"04 kid absent":                 header(object{"kid": nil}),
		"04 kid with NUL":               header(object{"kid": "rsa\x00"}),
		"04 kid of another key":         header(object{"kid": "ec"}),
		"05 jku":                        header(object{"jku": evil}),
		"05 x5u":                        header(object{"x5u": evil}),
		"05 jwk":                        sign("RS256", otherRSA(), goodHeader().with(object{"jwk": jwkOf("rsa", otherRSA())}).json(), goodClaims().json()),
		"05 jwk without kid":            sign("RS256", otherRSA(), goodHeader().with(object{"kid": nil, "jwk": jwkOf("rsa", otherRSA())}).json(), goodClaims().json()),
		"05 x5c":                        header(object{"x5c": []string{"MIIB"}}),
		"06 crit unknown":               header(object{"crit": []string{"x"}, "x": 1}),
		"06 crit empty":                 header(object{"crit": []string{}}),
		"06 b64 false":                  header(object{"crit": []string{"b64"}, "b64": false}),
		"06 b64 false without crit":     header(object{"b64": false}),
		"06 b64 true":                   header(object{"b64": true}),
		"06 zip":                        header(object{"zip": "DEF"}),
		"08 ID token by its hash":       payload(object{"at_hash": "x"}),
		"08 typ of an ID token":         sign("RS256", rsaKey(), goodHeader().with(object{"typ": "JWT"}).json(), goodClaims().with(object{"scope": nil, "client_id": nil, "aud": []string{"app", audience}, "azp": "app"}).json()),
		"08 typ of a logout token":      header(object{"typ": "logout+jwt"}),
		"08 typ of a security event":    header(object{"typ": "secevent+jwt"}),
		"08 typ of a DPoP proof":        header(object{"typ": "dpop+jwt"}),
		"08 typ of an introspection":    header(object{"typ": "token-introspection+jwt"}),
		"08 typ of a refresh token":     header(object{"typ": "rt+jwt"}),
		"08 typ a number":               header(object{"typ": 1}),
		"08 events":                     payload(object{"events": object{}}),
		"08 Keycloak's refresh token":   payload(object{"typ": "Refresh"}),
		"08 Keycloak's ID token":        payload(object{"typ": "ID"}),
		"08 Cognito's ID token":         payload(object{"token_use": "id"}),
		"08 DPoP-bound":                 payload(object{"cnf": object{"jkt": "x"}}),
		"08 bound to both":              payload(object{"cnf": object{"jkt": "x", "x5t#S256": "x"}}),
		"08 bound to nothing known":     payload(object{"cnf": object{}}),
		"08 cnf no object":              payload(object{"cnf": "x"}),
		"08 cnf null":                   rawClaims("", `"cnf":null`),
		"09 expired 31 s ago":           payload(object{"exp": ago(31 * time.Second)}),
		"09 exp absent":                 payload(object{"exp": nil}),
		"09 exp a string":               payload(object{"exp": fmt.Sprint(goodClaims()["exp"])}),
		"09 exp 1e400":                  rawClaims("exp", `"exp":1e400`),
		"09 exp null":                   rawClaims("exp", `"exp":null`),
		"09 exp negative":               payload(object{"exp": -1}),
		"09 exp zero":                   payload(object{"exp": 0}),
		"09 exp of 300 digits":          rawClaims("exp", `"exp":`+strings.Repeat("9", 300)),
		"09 exp in milliseconds":        payload(object{"exp": time.Now().Add(time.Hour).UnixMilli()}),
		"09 exp a list":                 payload(object{"exp": []any{goodClaims()["exp"]}}),
		"10 nbf in the future":          payload(object{"nbf": ago(-40 * time.Second)}),
		"10 nbf a string":               payload(object{"nbf": "1"}),
		"10 iat in the future":          payload(object{"iat": ago(-40 * time.Second)}),
		"10 iat 1e400":                  rawClaims("iat", `"iat":1e400`),
		"11 aud another":                payload(object{"aud": "https://other.example.com"}),
		"11 aud a prefix":               payload(object{"aud": "https://api.example.com"}),
		"11 aud with more":              payload(object{"aud": audience + "/x"}),
		"11 aud with a slash":           payload(object{"aud": audience + "/"}),
		"11 aud in another case":        payload(object{"aud": strings.ToUpper(audience)}),
		"11 aud absent":                 payload(object{"aud": nil}),
		"11 aud empty":                  payload(object{"aud": ""}),
		"11 aud an empty list":          payload(object{"aud": []string{}}),
		"11 aud a list of others":       payload(object{"aud": []string{"a", "b"}}),
		"11 aud with a number":          payload(object{"aud": []any{audience, 1}}),
		"11 aud an object":              payload(object{"aud": object{"a": audience}}),
		"11 aud words":                  payload(object{"aud": "x " + audience}),
		"12 iss another":                payload(object{"iss": "https://evil.example.com"}),
		"12 iss with a slash":           payload(object{"iss": issuerName + "/"}),
		"12 iss a list":                 payload(object{"iss": []string{issuerName}}),
		"12 iss absent":                 payload(object{"iss": nil}),
		"12 iss in another case":        payload(object{"iss": strings.ToUpper(issuerName)}),
		"13 sub twice":                  rawClaims("", `"sub":"root"`),
		"13 sub twice, escaped":         rawClaims("", `"s\u0075b":"root"`),
		"13 iss twice":                  rawClaims("", `"iss":"`+issuerName+`"`),
		"13 exp in another case":        rawClaims("", `"EXP":1`),
		"13 only Exp":                   payload(object{"exp": nil, "Exp": goodClaims()["exp"]}),
		"13 Scope besides scope":        payload(object{"Scope": "admin"}),
		"13 only Scp":                   payload(object{"Scp": "admin"}),
		"13 long s":                     payload(object{"ſub": "root"}),
		"13 others that differ by case": payload(object{"tenant": "a", "Tenant": "b"}),
		"13 nested twice":               rawClaims("", `"org":{"id":1,"id":2}`),
		"13 alg twice":                  rawHeader(`{"alg":"RS256","alg":"none","kid":"rsa","typ":"at+jwt"}`),
		"13 Alg besides alg":            header(object{"Alg": "none"}),
		"13 only KID":                   header(object{"kid": nil, "KID": "rsa"}),
		"13 Kelvin kid":                 header(object{"\u212Aid": "rsa"}),
		"13 Crit":                       header(object{"CRIT": []string{"x"}}),
		"14 JSON serialization":         object{"protected": segments[0], "payload": segments[1], "signature": segments[2]}.json(),
		"14 JSON, general":              object{"payload": segments[1], "signatures": []any{object{"protected": segments[0], "signature": segments[2]}}}.json(),
		"14 four segments":              good + "." + segments[2],
		"14 five segments":              good + ".." + segments[2],
		"14 two segments":               segments[0] + "." + segments[1],
		"14 one":                        segments[0],
		"14 none":                       "",
		"14 dots":                       "..",
		"14 padding":                    good + "=",
		"14 padded header":              segments[0] + "=." + segments[1] + "." + segments[2],
		"14 newline at the end":         good + "\n",
		"14 newline inside":             good[:len(good)-9] + "\n" + good[len(good)-9:],
		"14 return in the header":       good[:5] + "\r" + good[5:],
		"14 space in front":             " " + good,
		"14 standard base64":            segments[0] + "." + segments[1] + "." + strings.NewReplacer("-", "+", "_", "/").Replace(segments[2]) + "+",
		"14 not canonical":              notCanonical(good),
		"14 header not canonical":       signSegments(notCanonical(encode(goodHeader().json()+" ")), segments[1]),
		"14 claims not canonical":       signSegments(segments[0], notCanonical(encode(oneMore(goodClaims().json())))),
		"14 header broken, signed":      signSegments(segments[0][:5]+"\n"+segments[0][5:], segments[1]),
		"14 claims broken, signed":      signSegments(segments[0], segments[1][:5]+"\r\n"+segments[1][5:]),
		"14 header padded, signed":      signSegments(encode(goodHeader().json()+" ")+"==", segments[1]),
		"14 claims of two objects":      sign("RS256", rsaKey(), goodHeader().json(), goodClaims().json()+goodClaims().json()),
		"14 claims a list":              sign("RS256", rsaKey(), goodHeader().json(), "["+goodClaims().json()+"]"),
		"14 claims of invalid UTF-8":    sign("RS256", rsaKey(), goodHeader().json(), goodClaims().json()[:1]+"\"a\":\"\xff\","+goodClaims().json()[1:]),
		"14 claims of a lone surrogate": rawClaims("", `"a":"\ud800"`),
		"14 claims 5,000 deep":          rawClaims("", `"a":`+strings.Repeat("[", 5000)+"1"+strings.Repeat("]", 4999)),
		"14 byte order mark":            sign("RS256", rsaKey(), "\uFEFF"+goodHeader().json(), goodClaims().json()),
		"14 header a list":              sign("RS256", rsaKey(), "["+goodHeader().json()+"]", goodClaims().json()),
		"14 longer than 16 KB":          payload(object{"a": strings.Repeat("x", 16<<10)}),
		"14 sub absent":                 payload(object{"sub": nil}),
		"14 sub empty":                  payload(object{"sub": ""}),
		"14 sub a number":               payload(object{"sub": 1}),
		"14 sub with a control":         payload(object{"sub": "ann\nroot"}),
		"14 sub of 1,025 bytes":         payload(object{"sub": strings.Repeat("x", 1025)}),
		"14 scope a number":             payload(object{"scope": 1}),
		"14 scope a list of lists":      payload(object{"scope": []any{[]string{"a"}}}),
		"14 client_id a number":         payload(object{"client_id": 1}),
	}
	for _, none := range []string{"none", "None", "NONE", "nOnE", " none", ""} {
		all["01 alg "+none] = unsigned(none)
		all["01 alg "+none+", signed"] = header(object{"alg": none})
	}
	return all
}

// signSegments signs what is encoded already.
func signSegments(header, payload string) string {
	signed := header + "." + payload
	return signed + "." + encode(signature("RS256", rsaKey(), signed))
}

// oneMore pads a text until its encoding has unused bits.
func oneMore(text string) string {
	return text + strings.Repeat(" ", 3-(len(text)+2)%3)
}

// notCanonical changes bits at the end that the decoded bytes do not have.
func notCanonical(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	tail := token[strings.LastIndexByte(token, '.')+1:]
	last := strings.IndexByte(alphabet, token[len(token)-1])
	changed := token[:len(token)-1] + alphabet[last^1:last^1+1]
	if _, err := base64.RawURLEncoding.DecodeString(changed[len(changed)-len(tail):]); err != nil || len(tail)%4 == 0 {
		panic("the length of the test's segment leaves no bits unused")
	}
	return changed
}

// Each rule of the list, with keys that were fetched before from a real server. The
// key set has an oct key, too (rule 3). No gap keeps a token from causing a fetch.
func TestRefused(t *testing.T) {
	keys := append(publicKeys(), object{"kty": "oct", "kid": "oct", "k": encode("0123456789abcdef0123456789abcdef")})
	p := publish(keys...)
	server := httptest.NewServer(p)
	defer server.Close()
	v := configured(t, jwt.Config{JWKSURL: server.URL, Gap: time.Nanosecond})
	good := goodToken()
	mustPass(t, v, good)
	for name, token := range forgeries(t) {
		t.Run(name, func(t *testing.T) {
			err := mustRefuse(t, v, token)
			if len(token) > 20 && strings.Contains(err.Error(), token[len(token)-20:]) {
				t.Errorf("the error has the token: %v", err)
			}
			if again := mustRefuse(t, v, token); again.Error() != err.Error() {
				t.Errorf("first %v, then %v", err, again)
			}
		})
	}
	mustPass(t, v, good)
	if n := p.asked(); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

// What is no signed JWT, or another issuer's, may be known to the next verifier.
// What says that it is this issuer's is refused for good.
func TestOtherKind(t *testing.T) {
	v := verifier(t, publish(publicKeys()...), jwt.Config{})
	for name, token := range map[string]string{
		"API key":        "tdm_abc_def",
		"opaque":         "0XVp3sD8cR2GyZ",
		"opaque, dotted": "v2.local.QAxIpVe",
		"encrypted":      goodToken() + ".a.b",
		"another issuer": payload(object{"iss": "https://other.example.com"}),
		"unsigned, other": encode(object{"alg": "none", "kid": "x"}.json()) + "." +
			encode(object{"iss": "https://other.example.com"}.json()) + ".",
	} {
		if err := mustRefuse(t, v, token); !errors.Is(err, auth.ErrOtherKind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, token := range map[string]string{
		"unsigned":     encode(goodHeader().with(object{"alg": "none"}).json()) + "." + encode(goodClaims().json()) + ".",
		"expired":      payload(object{"exp": 1}),
		"audience":     payload(object{"aud": "x"}),
		"iss twice":    rawClaims("", `"iss":"https://other.example.com"`),
		"ISS":          payload(object{"ISS": "https://other.example.com"}),
		"jku":          header(object{"jku": "https://other.example.com"}),
		"no key":       header(object{"kid": "unknown"}),
		"wrong signer": sign("RS256", otherRSA(), goodHeader().json(), goodClaims().json()),
	} {
		if err := mustRefuse(t, v, token); errors.Is(err, auth.ErrOtherKind) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
