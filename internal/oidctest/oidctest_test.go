package oidctest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

const resource = "http://127.0.0.1:9/mcp"

// The tokens are what an access token of RFC 9068 is, or cannot be read at all.
func TestTokens(t *testing.T) {
	s := Start(t, "notes:read", "notes:write")
	for format, alg := range map[string]string{RS256: "RS256", ES256: "ES256"} {
		header, claims := decode(t, s.Token(t, format, resource, "notes:read"))
		if header["alg"] != alg || header["typ"] != "at+jwt" || header["kid"] == nil {
			t.Errorf("%s: header %v", format, header)
		}
		if claims["iss"] != s.Issuer() || claims["aud"] != resource || claims["scope"] != "notes:read" || claims["sub"] != format {
			t.Errorf("%s: claims %v", format, claims)
		}
	}
	if token := s.Token(t, Opaque, resource, "notes:read"); strings.Contains(token, ".") {
		t.Errorf("an opaque token reads %s", token)
	}
}

// An opaque token is active until it is revoked.
func TestIntrospection(t *testing.T) {
	s := Start(t, "notes:read")
	token := s.Token(t, Opaque, resource, "notes:read")
	if got := introspect(t, s, token); got["active"] != true || got["scope"] != "notes:read" || got["aud"] != resource {
		t.Errorf("introspected %v", got)
	}
	s.Revoke(t, token)
	if got := introspect(t, s, token); got["active"] != false {
		t.Errorf("after its revocation: %v", got)
	}
	if n := s.Requests(t)["/token/introspection"]; n != 2 {
		t.Errorf("%d introspections were counted", n)
	}
}

// New keys sign at once, and former ones are published until they are withdrawn.
func TestRotation(t *testing.T) {
	s := Start(t, "notes:read")
	first, _ := decode(t, s.Token(t, RS256, resource, "notes:read"))
	s.Rotate(t)
	second, _ := decode(t, s.Token(t, RS256, resource, "notes:read"))
	if published := kids(t, s); first["kid"] == second["kid"] || !published[first["kid"]] || !published[second["kid"]] {
		t.Errorf("kids %v, then %v; published: %v", first["kid"], second["kid"], published)
	}
	s.Withdraw(t)
	if published := kids(t, s); published[first["kid"]] || !published[second["kid"]] {
		t.Errorf("after the withdrawal of %v: %v", first["kid"], published)
	}
}

// An outage refuses connections; tokens and keys outlive it.
func TestOutage(t *testing.T) {
	s := Start(t, "notes:read")
	token, before := s.Token(t, Opaque, resource, "notes:read"), kids(t, s)
	s.Stop(t)
	if _, err := http.Get(s.JWKSURL()); err == nil {
		t.Error("a stopped server answered")
	}
	s.Restart(t)
	if got := introspect(t, s, token); got["active"] != true {
		t.Errorf("a token of before the outage: %v", got)
	}
	if after := kids(t, s); len(after) != len(before) {
		t.Errorf("keys %v, before %v", after, before)
	}
}

// An authorization needs no person: the code comes by redirects alone.
func TestAuthorizationCode(t *testing.T) {
	s := Start(t, "notes:read")
	const verifier, challenge = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" // RFC 7636, appendix B
	redirect := "http://127.0.0.1:4321/callback"
	query := url.Values{
		"response_type": {"code"}, "client_id": {PublicClient}, "redirect_uri": {redirect}, "scope": {"notes:read"},
		"resource": {resource}, "state": {"s"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	callback := follow(t, s.Issuer()+"/auth?"+query.Encode(), redirect)
	if callback.Get("state") != "s" || callback.Get("code") == "" || callback.Get("iss") != s.Issuer() {
		t.Fatalf("came back with %v", callback)
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {PublicClient}, "code": {callback.Get("code")},
		"redirect_uri": {redirect}, "code_verifier": {verifier}, "resource": {resource},
	}
	response, err := http.PostForm(s.Issuer()+"/token", form)
	if err != nil {
		t.Fatal(err)
	}
	var granted map[string]any
	read(t, response, &granted)
	token, _ := granted["access_token"].(string)
	if _, claims := decode(t, token); claims["sub"] != Account || claims["aud"] != resource || claims["scope"] != "notes:read" {
		t.Errorf("claims %v", claims)
	}
}

// A missing program skips the test, or fails it where services are required.
func TestMissing(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // outside of the module nothing is installed
	for _, required := range []string{"", "1"} {
		t.Setenv("TANDEM_REQUIRE_SERVICES", required)
		var skipped, failed bool
		done := make(chan struct{})
		go func() { // since the recorder ends it as the test's own goroutine would be
			defer close(done)
			probe := &recorder{TB: t, skipped: &skipped, failed: &failed}
			Start(probe, "notes:read")
		}()
		<-done
		if failed != (required == "1") || skipped == failed {
			t.Errorf("TANDEM_REQUIRE_SERVICES=%q in place of %s: failed %v, skipped %v", required, wd, failed, skipped)
		}
	}
}

// A client that registers itself may ask for more than it registered with.
func TestRegistration(t *testing.T) {
	s := Start(t, "notes:read", "notes:write")
	metadata := `{"redirect_uris":["http://127.0.0.1:4321/callback"],"application_type":"native","token_endpoint_auth_method":"none",` +
		`"grant_types":["authorization_code"],"response_types":["code"],"scope":"notes:read"}`
	response, err := http.Post(s.Issuer()+"/reg", "application/json", strings.NewReader(metadata))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var client map[string]any
	if err := json.NewDecoder(response.Body).Decode(&client); err != nil || response.StatusCode != http.StatusCreated {
		t.Fatalf("%s: %v", response.Status, err)
	}
	if client["client_id"] == "" || client["scope"] != nil || client["application_type"] != "native" {
		t.Errorf("registered %v", client)
	}
}
