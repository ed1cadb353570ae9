package jwt_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	josejwt "github.com/go-jose/go-jose/v4/jwt"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/jwt"
)

// oracle is what another library reads in a token that it accepts in its strictest
// setting.
func oracle(token string) (map[string]any, error) {
	algorithms := []jose.SignatureAlgorithm{jose.RS256, jose.ES256, jose.EdDSA}
	signed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return nil, err
	}
	keys := map[string]any{"rsa": rsaKey().Public(), "ec": ecKey().Public(), "ed": edKey().Public()}
	key, ok := keys[signed.Signatures[0].Protected.KeyID]
	if !ok {
		return nil, errors.New("no such key")
	}
	parsed, err := josejwt.ParseSigned(token, algorithms)
	if err != nil {
		return nil, err
	}
	var registered josejwt.Claims
	if err := parsed.Claims(key, &registered); err != nil {
		return nil, err
	}
	expected := josejwt.Expected{Issuer: issuerName, AnyAudience: josejwt.Audience{audience}, Time: time.Now()}
	if err := registered.ValidateWithLeeway(expected, 30*time.Second); err != nil {
		return nil, err
	}
	payload, err := signed.Verify(key)
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	d := json.NewDecoder(strings.NewReader(string(payload)))
	d.UseNumber()
	return claims, d.Decode(&claims)
}

// checkAccepted holds a principal against what the other library reads.
func checkAccepted(t *testing.T, p *tandem.Principal, token string) {
	claims, err := oracle(token)
	switch {
	case err != nil:
		t.Fatalf("accepted, but go-jose says: %v", err)
	case !reflect.DeepEqual(claims, p.Claims):
		t.Fatalf("claims %v, go-jose reads %v", p.Claims, claims)
	case p.Subject != claims["sub"] || p.Subject == "" || p.Issuer != issuerName:
		t.Fatalf("the principal is %+v", p)
	case p.Has(tandem.AllScopes):
		t.Fatalf("the token has every scope: %v", p.Scopes)
	case p.Expires.IsZero() || time.Now().After(p.Expires.Add(30*time.Second)):
		t.Fatalf("it expires at %v", p.Expires)
	}
}

// FuzzToken: of all texts, only those are accepted that another library accepts too;
// and a text that is accepted is spelled in the one way in which it may be.
func FuzzToken(f *testing.F) {
	good := goodToken()
	f.Add(good)
	f.Add(sign("ES256", ecKey(), object{"alg": "ES256", "kid": "ec"}.json(), goodClaims().json()))
	f.Add(sign("EdDSA", edKey(), object{"alg": "EdDSA", "kid": "ed"}.json(), goodClaims().json()))
	f.Add(good + "=")
	f.Add(good[:40] + "\n" + good[40:])
	f.Add("..")
	v := verifier(f, publish(publicKeys()...), jwt.Config{})
	f.Fuzz(func(t *testing.T, token string) {
		p, err := v.Verify(t.Context(), token)
		if err != nil {
			if tandem.CodeOf(err) == tandem.Unavailable {
				t.Fatal(err)
			}
			return
		}
		if strings.Count(token, ".") != 2 || strings.ContainsAny(token, "=+/ \r\n\t") {
			t.Fatalf("accepted %q", token)
		}
		checkAccepted(t, p, token)
	})
}

// FuzzSigned: whatever an issuer's key has signed, header and claims are read as
// another library reads them, or refused. What is refused for being of another kind
// does not say that it is this issuer's.
func FuzzSigned(f *testing.F) {
	header, claims := goodHeader().json(), goodClaims().json()
	f.Add(header, claims)
	for _, h := range []string{
		`{"alg":"RS256","kid":"rsa","typ":"JWT"}`, `{"alg":"RS256","kid":"rsa"}`, `{"alg":"RS256","alg":"none","kid":"rsa"}`, `{"alg":"RS256","kid":"rsa","crit":["b64"],"b64":false}`,
		`{"alg":"RS256","kid":"rsa","jwk":{}}`, `{"ALG":"RS256","kid":"rsa"}`, `{"alg":"RS256","kid":"\u0072sa"}`, " " + header + "\n", `[]`, `{`,
	} {
		f.Add(h, claims)
	}
	for _, c := range []string{
		`{"iss":"` + issuerName + `","aud":["` + audience + `"],"sub":"a","exp":4e9,"scp":["a","*"]}`, claims[:len(claims)-1] + `,"sub":"b"}`, claims[:len(claims)-1] + `,"Sub":"b"}`,
		claims[:len(claims)-1] + `,"x":1e400}`, claims[:len(claims)-1] + `,"nbf":1.5}`, claims + claims, claims + " ", "\uFEFF" + claims,
		`{"iss":"` + issuerName + `","aud":"` + audience + `","sub":"a","exp":1e400}`, `{}`, `null`,
	} {
		f.Add(header, c)
	}
	v := verifier(f, publish(publicKeys()...), jwt.Config{MaxEntries: -1})
	f.Fuzz(func(t *testing.T, header, claims string) {
		token := sign("RS256", rsaKey(), header, claims)
		p, err := v.Verify(t.Context(), token)
		if err == nil {
			checkAccepted(t, p, token)
			return
		}
		if errors.Is(err, auth.ErrOtherKind) {
			var members map[string]any
			_ = json.Unmarshal([]byte(claims), &members)
			isObject := strings.HasPrefix(strings.TrimLeft(header, " \t\r\n"), "{")
			if isObject && members["iss"] == issuerName && json.Valid([]byte(header)) {
				t.Fatalf("passed on to the next verifier: %v", err)
			}
		}
	})
}

// The oracle accepts what is good, so that it can object to anything.
func TestOracle(t *testing.T) {
	claims, err := oracle(goodToken())
	if err != nil || claims["sub"] != "ann" {
		t.Errorf("%v %v", claims, err)
	}
	var accepted []string
	for name, token := range forgeries(t) {
		if _, err := oracle(token); err == nil {
			accepted = append(accepted, name)
		}
	}
	slices.Sort(accepted)
	t.Logf("go-jose alone accepts %d of the forgeries: %q", len(accepted), accepted)
	if len(accepted) == 0 {
		t.Error("the library became stricter: is our own reading still needed?")
	}
}
