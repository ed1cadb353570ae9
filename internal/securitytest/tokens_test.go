package securitytest

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/tandem-go/tandem/server"
)

var tokenCases = []securityCase{
	{1, "alg_none", httpDoors, forged(algNone, nil)},
	{2, "public_key_as_secret", httpDoors, forged(publicKeyAsSecret, nil)},
	{3, "oct_key", httpDoors, forged(octKey, nil)},
	{4, "kid", httpDoors, forged(strangeKids, nil)},
	{5, "keys_that_the_token_brings", httpDoors, forged(broughtKeys, nil)},
	{6, "crit_and_b64", httpDoors, forged(criticalHeaders, nil)},
	{7, "unfit_keys", httpDoors, forged(unfitKeys, fitKeys)},
	{8, "typ", httpDoors, forged(otherTypes, sameTypes)},
	{9, "expired", httpDoors, forged(expired, notYetExpired)},
	{10, "not_yet_valid", httpDoors, forged(notYetValid, validByNow)},
	{11, "audience", httpDoors, forged(otherAudiences, sameAudience)},
	{12, "issuer", httpDoors, forged(otherIssuers, nil)},
	{13, "duplicate_claims", httpDoors, forged(duplicateClaims, nil)},
	{14, "serialization", httpDoors, forged(otherForms, otherAlgorithms)},
	{15, "places", httpDoors, testPlaces},
}

// acceptTokens makes the forge's tokens the credentials of a server.
func acceptTokens(f *forge) func(*server.Config) {
	return func(c *server.Config) {
		c.Verifier = nil
		c.PublicURL = "http://" + c.Listener.Addr().String()
		f.audience = c.PublicURL + "/mcp"
		c.Auth = server.Auth{Issuer: f.server.URL, JWKSURL: f.server.URL + keyPath, Audiences: []string{f.audience}}
	}
}

// tokens are made by a forge, each under a name.
type tokens func(f *forge) map[string]string

// forged returns the test of tokens that are refused, and of those beside them
// that are not.
func forged(bad, good tokens) func(p *probe) {
	return func(p *probe) {
		f := newForge(p)
		w := newWorld(p, acceptTokens(f))
		wrong := bad(f) // which may publish further keys
		right := map[string]string{"a good token": f.good()}
		if good != nil {
			right = good(f)
		}
		c := p.open(w, bearer(f.good()))
		for name, token := range right {
			p.accepts(name, c.call(bearer(token), "read_note", `{}`))
		}
		fetched, ran := f.fetches(), len(w.ledger.all())
		for name, token := range wrong {
			p.unauthorized(w, name, c.call(bearer(token), "read_note", `{}`))
		}
		for name, token := range wrong { // any one of them
			p.unauthorized(w, "to begin with "+name, w.strangerOn(p, bearer(token)))
			break
		}
		p.refused(len(w.ledger.all()) == ran, "a handler ran")
		p.refused(f.fetches() == fetched && f.others() == 0, "requests went out: %d for keys, %d others", f.fetches()-fetched, f.others())
		for name, token := range wrong {
			p.refused(!strings.Contains(w.journal.String(), token), "%s: the token is in the log", name)
		}
	}
}

const fixedDetail = "the request needs valid credentials: send them as Authorization: Bearer TOKEN"

// unauthorized demands a 401 that tells the way to better credentials, and no
// cause.
func (p *probe) unauthorized(w *world, what string, o outcome) {
	p.Helper()
	p.refuses(what, o, http.StatusUnauthorized)
	challenge := o.header.Get("WWW-Authenticate")
	told := strings.HasPrefix(challenge, "Bearer ") && strings.Contains(challenge, `error="invalid_token"`) &&
		strings.Contains(challenge, `resource_metadata="`+w.url+"/.well-known/oauth-protected-resource")
	p.refused(told && !strings.Contains(challenge, "error_description"), "%s: the challenge is %s", what, challenge)
	p.refused(o.problem.Detail == fixedDetail && len(o.problem.Errors) == 0, "%s: the caller reads %s", what, o.body)
}

// altered makes tokens by changing members of the header and of the claims, which
// are pairs of a name and JSON, empty for none.
func (f *forge) altered(header, claims []string) string {
	return sign(f.header().with(header...).json(), f.claims().with(claims...).json(), withRSA(keys().rsa))
}

func algNone(f *forge) map[string]string {
	all := map[string]string{}
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "none ", ""} {
		header := f.header().with("alg", quote(alg)).json()
		all["unsigned "+alg] = sign(header, f.claims().json(), unsigned)
		all["signed "+alg] = sign(header, f.claims().json(), withRSA(keys().rsa))
	}
	all["no alg"] = f.altered([]string{"alg", ""}, nil)
	all["alg null"] = f.altered([]string{"alg", "null"}, nil)
	all["alg and no signature"] = sign(f.header().json(), f.claims().json(), unsigned)
	return all
}

func publicKeyAsSecret(f *forge) map[string]string {
	public := &keys().rsa.PublicKey
	pkix, pkcs1 := must(x509.MarshalPKIXPublicKey(public)), x509.MarshalPKCS1PublicKey(public)
	all := map[string]string{}
	for name, secret := range map[string][]byte{
		"PKIX DER": pkix, "PKCS 1 DER": pkcs1,
		"PKIX PEM":                     pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix}),
		"PKCS 1 PEM":                   pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: pkcs1}),
		"PEM without its last newline": []byte(strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pkix})))),
		"the modulus":                  public.N.Bytes(), "nothing": {},
	} {
		all[name] = sign(f.header().with("alg", `"HS256"`).json(), f.claims().json(), withSecret(secret))
	}
	return all
}

func octKey(f *forge) map[string]string {
	secret := []byte("a secret of thirty-two bytes, or so")
	oct := jwk{"kty": "oct", "kid": "oct-1", "alg": "HS256", "k": encode(secret)}
	f.publish(append(f.publicKeys(), oct, oct.with("kid", nil), oct.with("kid", "oct-2").with("use", "sig"))...)
	all := map[string]string{}
	for _, kid := range []string{`"oct-1"`, `"oct-2"`, ""} {
		all["kid "+kid] = sign(f.header().with("alg", `"HS256"`, "kid", kid).json(), f.claims().json(), withSecret(secret))
	}
	return all
}

func strangeKids(f *forge) map[string]string {
	all := map[string]string{}
	for name, kid := range map[string]string{
		"path traversal": quote("../../../etc/passwd"), "a file": quote("file:///dev/null"), "a URL": quote(f.server.URL + "/evil"),
		"SQL": quote("' OR '1'='1' --"), "a command": quote("|id"), "huge": quote(strings.Repeat("k", 8<<10)), "NUL": quote(rsaKey + "\x00"),
		"a number": "1", "a list": `[` + quote(rsaKey) + `]`, "null": "null", "empty": `""`, "absent": "", "another case": quote(strings.ToUpper(rsaKey)), "another key's": quote(ecKey),
	} {
		all[name] = f.altered([]string{"kid", kid}, nil)
	}
	return all
}

// broughtKeys are signed by a key that the token itself points to.
func broughtKeys(f *forge) map[string]string {
	mallory := keys().other
	embedded := fmt.Sprintf(`{"kty":"RSA","kid":"mallory","n":%q,"e":"AQAB"}`, encode(mallory.N.Bytes()))
	certificate := `["` + base64.StdEncoding.EncodeToString(must(x509.MarshalPKIXPublicKey(&mallory.PublicKey))) + `"]`
	all := map[string]string{}
	for name, value := range map[string]string{
		"jku": quote(f.server.URL + "/evil"), "x5u": quote(f.server.URL + "/evil.pem"), "jwk": embedded, "x5c": certificate,
	} {
		for _, kid := range []string{`"mallory"`, quote(rsaKey)} {
			header := f.header().with(name, value, "kid", kid)
			all[name+" with kid "+kid] = sign(header.json(), f.claims().json(), withRSA(mallory))
		}
	}
	return all
}

func criticalHeaders(f *forge) map[string]string {
	header := func(pairs ...string) string { return f.altered(pairs, nil) }
	plain := encode([]byte(f.header().with("b64", "false", "crit", `["b64"]`).json())) + "." + "eyJzdWIiOiJhbGljZSJ9"
	return map[string]string{
		"unknown":              header("crit", `["urn:example:policy"]`, "urn:example:policy", `1`),
		"exp":                  header("crit", `["exp"]`, "exp", "1"),
		"empty":                header("crit", `[]`),
		"no list":              header("crit", `"b64"`),
		"b64":                  header("crit", `["b64"]`, "b64", "false"),
		"b64 that is not crit": header("b64", "false"),
		"b64 true":             header("crit", `["b64"]`, "b64", "true"),
		"an unencoded payload": plain + "." + encode(withRSA(keys().rsa)(plain)),
		"a name of the header": header("crit", `["alg"]`),
	}
}

// unfitKeys are signed well, by keys that are published for something else or are
// too weak.
func unfitKeys(f *forge) map[string]string {
	public := rsaJWK("", &keys().other.PublicKey)
	weak := keys().weak
	f.publish(append(f.publicKeys(),
		public.with("kid", "enc").with("use", "enc"),
		public.with("kid", "wrap").with("use", nil).with("key_ops", []string{"encrypt", "wrapKey"}),
		public.with("kid", "sign").with("key_ops", []string{"sign"}),
		public.with("kid", "other alg").with("alg", "PS256"),
		public.with("kid", "verify").with("key_ops", []string{"verify"}).with("alg", "RS256"),
		rsaJWK("weak", weak.public()),
		ecJWK("as ES512").with("alg", "ES512"),
	)...)
	all := map[string]string{"weak": sign(f.header().with("kid", `"weak"`).json(), f.claims().json(), weak.sign)}
	for _, kid := range []string{"enc", "wrap", "sign", "other alg"} {
		all[kid] = sign(f.header().with("kid", quote(kid)).json(), f.claims().json(), withRSA(keys().other))
	}
	all["as ES512"] = sign(f.header().with("kid", `"as ES512"`, "alg", `"ES256"`).json(), f.claims().json(), withEC)
	return all
}

func fitKeys(f *forge) map[string]string {
	return map[string]string{"for verification": sign(f.header().with("kid", `"verify"`).json(), f.claims().json(), withRSA(keys().other))}
}

func otherTypes(f *forge) map[string]string {
	all := map[string]string{}
	for _, typ := range []string{
		"dpop+jwt", "logout+jwt", "secevent+jwt", "token-introspection+jwt", "oauth-authz-req+jwt", "client-authentication+jwt",
		"rt+jwt", "id+jwt", "at+jwt;x", "at+jwt ", "text/at+jwt", "JOSE", "JOSE+JSON",
	} {
		all[typ] = f.altered([]string{"typ", quote(typ)}, nil)
	}
	all["a number"] = f.altered([]string{"typ", "1"}, nil)
	all["a list"] = f.altered([]string{"typ", `["at+jwt"]`}, nil)
	return all
}

func sameTypes(f *forge) map[string]string {
	return map[string]string{
		"upper case": f.altered([]string{"typ", `"AT+JWT"`}, nil),
		"in full":    f.altered([]string{"typ", `"application/at+jwt"`}, nil),
	}
}

// after is a moment of a claim.
func after(d time.Duration) string { return fmt.Sprint(time.Now().Add(d).Unix()) }

func expired(f *forge) map[string]string {
	all := map[string]string{}
	for name, exp := range map[string]string{
		"40 s ago": after(-40 * time.Second), "an hour ago": after(-time.Hour), "absent": "", "text": quote(after(time.Hour)), "1e400": "1e400", "-1": "-1",
		"zero": "0", "null": "null", "true": "true", "a list": "[" + after(time.Hour) + "]", "an object": "{}", "1e30": "1e30", "9223372036854775807": "9223372036854775807",
	} {
		all[name] = f.altered(nil, []string{"exp", exp})
	}
	return all
}

func notYetExpired(f *forge) map[string]string {
	return map[string]string{
		"within the leeway": f.altered(nil, []string{"exp", after(-10 * time.Second)}),
		"with a fraction":   f.altered(nil, []string{"exp", after(time.Minute) + ".5"}),
	}
}

func notYetValid(f *forge) map[string]string {
	all := map[string]string{}
	for name, at := range map[string]string{"in 50 s": after(50 * time.Second), "in an hour": after(time.Hour), "text": quote(after(-time.Hour)), "1e400": "1e400", "a list": "[]"} {
		all["nbf "+name] = f.altered(nil, []string{"nbf", at})
		all["iat "+name] = f.altered(nil, []string{"iat", at})
	}
	return all
}

func validByNow(f *forge) map[string]string {
	return map[string]string{
		"nbf within the leeway": f.altered(nil, []string{"nbf", after(10 * time.Second)}),
		"iat within the leeway": f.altered(nil, []string{"iat", after(10 * time.Second)}),
		"nbf of the past":       f.altered(nil, []string{"nbf", after(-time.Hour)}),
	}
}

func otherAudiences(f *forge) map[string]string {
	all := map[string]string{}
	for name, aud := range map[string]string{
		"another": `"https://other.example/mcp"`, "a prefix": quote(strings.TrimSuffix(f.audience, "/mcp")), "longer": quote(f.audience + "x"),
		"a final slash": quote(f.audience + "/"), "absent": "", "empty": `""`, "an empty list": `[]`, "another case": quote(strings.ToUpper(f.audience)),
		"a list of others": `["https://other.example/mcp","x"]`, "null": "null", "a number": "1", "a list in a list": "[[" + quote(f.audience) + "]]",
		"a list with a number": "[" + quote(f.audience) + ",1]", "an object": "{" + quote(f.audience) + ":1}", "words": quote("x " + f.audience), "a query": quote(f.audience + "?x"),
	} {
		all[name] = f.altered(nil, []string{"aud", aud})
	}
	return all
}

func sameAudience(f *forge) map[string]string {
	return map[string]string{"one of a list": f.altered(nil, []string{"aud", `["https://other.example/mcp",` + quote(f.audience) + `]`})}
}

func otherIssuers(f *forge) map[string]string {
	all := map[string]string{}
	issuer := f.server.URL
	for name, iss := range map[string]string{
		"another": `"https://evil.example"`, "a final slash": quote(issuer + "/"), "absent": "", "empty": `""`, "longer": quote(issuer + "0"), "a path": quote(issuer + "/x"),
		"another scheme": quote(strings.Replace(issuer, "http:", "https:", 1)), "another case": quote(strings.ToUpper(issuer)), "a list": "[" + quote(issuer) + "]", "null": "null", "white space": quote(issuer + " "),
	} {
		all[name] = f.altered(nil, []string{"iss", iss})
	}
	return all
}

// duplicateClaims have a member that readers could see in two ways.
func duplicateClaims(f *forge) map[string]string {
	all := map[string]string{}
	for _, more := range []string{
		`"sub":"root"`, `"exp":9999999999`, `"scope":"` + admin + `"`, `"aud":` + quote(f.audience), `"iss":` + quote(f.server.URL), `"\u0073ub":"root"`,
		`"Sub":"root"`, `"SUB":"root"`, `"Exp":9999999999`, `"AUD":` + quote(f.audience), `"ISS":` + quote(f.server.URL), `"Nbf":1`, `"\u017fub":"root"`,
	} {
		all["claim "+more] = sign(f.header().json(), f.claims().json(more), withRSA(keys().rsa))
	}
	for _, more := range []string{`"alg":"none"`, `"alg":"RS256"`, `"Alg":"none"`, `"kid":` + quote(rsaKey), `"KID":"x"`, `"typ":"at+jwt"`} {
		all["header "+more] = sign(f.header().json(more), f.claims().json(), withRSA(keys().rsa))
	}
	return all
}

// otherForms are a good token in forms other than the one compact form that it has.
func otherForms(f *forge) map[string]string {
	token := f.good()
	parts := strings.Split(token, ".")
	header, claims, signature := parts[0], parts[1], parts[2]
	flat := fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, header, claims, signature)
	return map[string]string{
		"flattened JSON": flat, "JSON in base64": encode([]byte(flat)),
		"general JSON": fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, claims, header, signature),
		"2 segments":   header + "." + claims, "1 segment": header, "4 segments": token + "." + signature, "5 segments": token + "." + signature + "." + signature, "an empty segment more": token + ".",
		"padding": token + "=", "padding of the header": pad(header) + "." + claims + "." + signature,
		"the detached form": header + ".." + signature, "a space": header + ". " + claims + "." + signature,
		"standard base64":                   header + "." + claims + "." + base64.RawStdEncoding.EncodeToString(withRSA(keys().rsa)(header+"."+claims)) + "+/",
		"a signature that is not canonical": header + "." + claims + "." + nonCanonical(signature), "a header before it": "." + token, "the token twice": token + "," + token,
	}
}

func pad(segment string) string {
	for len(segment)%4 != 0 {
		segment += "="
	}
	return segment + "="
}

// nonCanonical changes the bits of the last character that decode to nothing. A
// signature of 256 bytes has such bits.
func nonCanonical(segment string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, segment[len(segment)-1])
	return segment[:len(segment)-1] + string(alphabet[last^1])
}

func otherAlgorithms(f *forge) map[string]string {
	return map[string]string{
		"RS256": f.good(),
		"ES256": sign(f.header().with("alg", `"ES256"`, "kid", quote(ecKey)).json(), f.claims().json(), withEC),
		"EdDSA": sign(f.header().with("alg", `"EdDSA"`, "kid", quote(edKey)).json(), f.claims().json(), withEd),
	}
}

// A token counts in one header and nowhere else, and stands in no log.
func testPlaces(p *probe) {
	f := newForge(p)
	w := newWorld(p, acceptTokens(f))
	token := f.good()
	c := p.open(w, bearer(token))
	p.accepts("in the header", c.call(bearer(token), "read_note", `{}`))
	ran := len(w.ledger.all())
	for name, by := range map[string]credentials{
		"in the query":                 {query: "access_token=" + token},
		"in the query and the header":  {header: bearer(token).header, query: "access_token=" + token},
		"escaped in the query":         {header: bearer(token).header, query: "access%5Ftoken=" + token},
		"in two headers":               {header: http.Header{"Authorization": {"Bearer " + token, "Bearer " + token}}},
		"in two headers of two kinds":  {header: http.Header{"Authorization": {"Bearer " + token, "Basic eDp5"}}},
		"in a list":                    {header: http.Header{"Authorization": {"Bearer " + token + ", Bearer " + token}}},
		"as Basic":                     {header: http.Header{"Authorization": {"Basic " + token}}},
		"without a scheme":             {header: http.Header{"Authorization": {token}}},
		"in X-Api-Key":                 {header: http.Header{"X-Api-Key": {token}}},
		"in a cookie":                  {header: http.Header{"Cookie": {"access_token=" + token}}},
		"as a parameter of the scheme": {header: http.Header{"Authorization": {"Bearer token=" + token}}},
	} {
		o := c.call(by, "read_note", `{}`)
		p.refuses(name, o, http.StatusUnauthorized, http.StatusBadRequest)
	}
	form := w.newRequest(http.MethodPost, p.formPath(), "access_token="+token)
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	p.refuses("in the body", w.send(form, credentials{}), http.StatusUnauthorized, http.StatusBadRequest)
	p.refused(len(w.ledger.all()) == ran, "a handler ran")
	signature := token[strings.LastIndexByte(token, '.')+1:]
	p.refused(!strings.Contains(w.journal.String(), signature), "the token is in the log: %s", w.journal.String())
}

// formPath is where a form of the door would be sent.
func (p *probe) formPath() string {
	switch {
	case p.door.is(restDoors):
		return "/api/v1/read_note"
	case p.door.name == sseDoor.name:
		return "/mcp/messages"
	}
	return "/mcp"
}
