package introspection_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth/introspection"
)

// Only an answer that is beyond doubt is believed; whatever is not an answer is no
// verdict (security case 20), and what is a verdict against the token is no outage.
func TestAnswers(t *testing.T) {
	now := time.Now().Unix()
	in := func(name string, seconds int64) string { return fmt.Sprintf(`,%q:%d`, name, now+seconds) }
	for name, c := range map[string]struct {
		reply reply
		want  string
	}{
		"active":                          {active(""), "good"},
		"inactive":                        {inactive, "401"},
		"inactive, whatever else it says": {reply{body: `{"active":false,"sub":"ann","aud":"` + audience + `"}`}, "401"},

		"down":               {reply{err: errRefused}, "503"},
		"500":                {reply{status: 500, body: `{"active":true,"sub":"ann"}`}, "503"},
		"503":                {reply{status: 503}, "503"},
		"429":                {reply{status: 429}, "503"},
		"wrong credentials":  {reply{status: 401, body: `{"error":"invalid_client"}`}, "503"},
		"404":                {reply{status: 404}, "503"},
		"another kind":       {reply{status: 400, body: `{"error":"unsupported_token_type"}`}, "401"},
		"another kind, 401":  {reply{status: 401, body: `{"error":"unsupported_token_type"}`}, "503"},
		"another error":      {reply{status: 400, body: `{"error":"invalid_request"}`}, "503"},
		"201":                {reply{status: 201, body: active("").body}, "503"},
		"redirect":           {reply{status: 302, body: active("").body}, "503"},
		"permanent redirect": {reply{status: 308, body: active("").body}, "503"},
		"HTML":               {reply{contentType: "text/html", body: "<html>"}, "503"},
		"HTML as JSON":       {reply{body: "<html>"}, "503"},
		"JSON as text":       {reply{contentType: "text/plain", body: active("").body}, "503"},
		"empty":              {reply{}, "503"},
		"cut off":            {reply{body: `{"active":true,"sub":"ann"`}, "503"},
		"two documents":      {reply{body: active("").body + `{"active":false}`}, "503"},
		"a list":             {reply{body: `[{"active":true,"sub":"ann"}]`}, "503"},
		"true":               {reply{body: `true`}, "503"},
		"null":               {reply{body: `null`}, "503"},
		"too large":          {active(`,"x":"` + strings.Repeat("x", 64<<10) + `"`), "503"},
		"nested deep":        {active(`,"x":` + strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000)), "503"},
		"invalid UTF-8":      {active(`,"x":"` + "\xff" + `"`), "503"},

		"active is a string":   {reply{body: `{"active":"true","sub":"ann","aud":"` + audience + `"}`}, "503"},
		"active is 1":          {reply{body: `{"active":1,"sub":"ann","aud":"` + audience + `"}`}, "503"},
		"active is null":       {reply{body: `{"active":null,"sub":"ann","aud":"` + audience + `"}`}, "503"},
		"active is a list":     {reply{body: `{"active":[true],"sub":"ann","aud":"` + audience + `"}`}, "503"},
		"active is missing":    {reply{body: `{"sub":"ann","aud":"` + audience + `"}`}, "503"},
		"active in other case": {reply{body: `{"Active":true,"sub":"ann","aud":"` + audience + `"}`}, "503"},
		"active twice":         {reply{body: `{"active":false,"active":true,"sub":"ann","aud":"` + audience + `"}`}, "503"},

		"exp to come":    {active(in("exp", 60)), "good"},
		"exp in leeway":  {active(in("exp", -20)), "good"},
		"expired":        {active(in("exp", -31)), "401"},
		"exp fractional": {active(fmt.Sprintf(`,"exp":%d.5`, now+60)), "good"},
		"exp a string":   {active(`,"exp":"99999999999"`), "503"},
		"exp 1e400":      {active(`,"exp":1e400`), "503"},
		"exp 1e300":      {active(`,"exp":1e300`), "503"},
		"exp zero":       {active(`,"exp":0`), "503"},
		"exp negative":   {active(`,"exp":-1`), "503"},
		"exp null":       {active(`,"exp":null`), "503"},
		"nbf in leeway":  {active(in("nbf", 20)), "good"},
		"nbf to come":    {active(in("nbf", 60)), "401"},
		"nbf a string":   {active(`,"nbf":"1"`), "503"},
		"iat to come":    {active(in("iat", 60)), "401"},
		"iat past":       {active(in("iat", -600)), "good"},

		"iss right":           {active(`,"iss":"` + issuer + `"`), "good"},
		"iss of another":      {active(`,"iss":"https://evil.example"`), "401"},
		"iss trailing slash":  {active(`,"iss":"` + issuer + `/"`), "401"},
		"iss empty":           {active(`,"iss":""`), "401"},
		"iss a list":          {active(`,"iss":["` + issuer + `"]`), "503"},
		"aud in a list":       {reply{body: `{"active":true,"sub":"ann","aud":["https://other.example","` + audience + `"]}`}, "good"},
		"aud of another":      {reply{body: `{"active":true,"sub":"ann","aud":"https://other.example"}`}, "401"},
		"aud prefix":          {reply{body: `{"active":true,"sub":"ann","aud":"` + audience[:len(audience)-1] + `"}`}, "401"},
		"aud trailing slash":  {reply{body: `{"active":true,"sub":"ann","aud":"` + audience + `/"}`}, "401"},
		"aud in other case":   {reply{body: `{"active":true,"sub":"ann","aud":"` + strings.ToUpper(audience) + `"}`}, "401"},
		"aud missing":         {reply{body: `{"active":true,"sub":"ann"}`}, "401"},
		"aud empty list":      {reply{body: `{"active":true,"sub":"ann","aud":[]}`}, "401"},
		"aud null":            {reply{body: `{"active":true,"sub":"ann","aud":null}`}, "503"},
		"aud a number":        {reply{body: `{"active":true,"sub":"ann","aud":[1]}`}, "503"},
		"aud as its elements": {reply{body: `{"active":true,"sub":"ann","aud":"https://other.example ` + audience + `"}`}, "401"},

		"bearer":                {active(`,"token_type":"Bearer"`), "good"},
		"bearer in lower case":  {active(`,"token_type":"bearer"`), "good"},
		"DPoP":                  {active(`,"token_type":"DPoP"`), "401"},
		"N_A":                   {active(`,"token_type":"N_A"`), "401"},
		"token_type null":       {active(`,"token_type":null`), "503"},
		"Keycloak's bearer":     {active(`,"typ":"Bearer"`), "good"},
		"at+jwt":                {active(`,"typ":"at+jwt"`), "good"},
		"Keycloak's refresh":    {active(`,"typ":"Refresh"`), "401"},
		"Keycloak's ID token":   {active(`,"typ":"ID"`), "401"},
		"Hydra's access token":  {active(`,"token_type":"Bearer","token_use":"access_token"`), "good"},
		"Hydra's refresh token": {active(`,"token_type":"Bearer","token_use":"refresh_token"`), "401"},

		"client only":     {reply{body: `{"active":true,"client_id":"job","aud":"` + audience + `"}`}, "good"},
		"nobody":          {reply{body: `{"active":true,"username":"ann","aud":"` + audience + `"}`}, "401"},
		"sub empty":       {reply{body: `{"active":true,"sub":"","aud":"` + audience + `"}`}, "401"},
		"sub a number":    {reply{body: `{"active":true,"sub":1,"aud":"` + audience + `"}`}, "503"},
		"sub null":        {reply{body: `{"active":true,"sub":null,"client_id":"job","aud":"` + audience + `"}`}, "503"},
		"scope a number":  {active(`,"scope":1`), "503"},
		"scope of nulls":  {active(`,"scope":[null]`), "503"},
		"scope in a list": {active(`,"scope":["a","b c"]`), "good"},
	} {
		t.Run(name, func(t *testing.T) {
			a := always(c.reply)
			v, log := verifier(t, a, nil)
			p, err := v.Verify(t.Context(), "opaque-hush-token")
			if got := kindOf(p, err); got != c.want {
				t.Errorf("got %s (%v), want %s", got, err, c.want)
			}
			if a.questions.Load() != 1 {
				t.Errorf("it was asked %d times", a.questions.Load())
			}
			if err != nil && strings.Contains(err.Error(), "hush") || strings.Contains(log.String(), "hush") {
				t.Errorf("the token or the secret shows: %v\n%s", err, log)
			}
		})
	}
}

// The principal is whom the answer names, with its scopes and claims; a scope that
// is called like the one that grants all grants nothing.
func TestPrincipal(t *testing.T) {
	v, _ := verifier(t, always(active(`,"client_id":"app","username":"Ann","scope":"items:read * items:write","exp":4102444800,"org":9007199254740993,"cnf":{"x5t#S256":"abc"}`)), nil)
	got, err := v.Verify(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	want := &tandem.Principal{
		Subject: "ann", Issuer: issuer, ClientID: "app", Scopes: []string{"items:read", "items:write"}, Expires: time.Unix(4102444800, 0),
		Claims: map[string]any{
			"sub": "ann", "aud": audience, "client_id": "app", "username": "Ann", "scope": "items:read * items:write",
			"exp": json.Number("4102444800"), "org": json.Number("9007199254740993"), "cnf": map[string]any{"x5t#S256": "abc"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The configuration says who vouches, where scopes are, and whether audiences
// matter.
func TestPrincipalAsConfigured(t *testing.T) {
	body := reply{body: `{"active":true,"client_id":"job","iss":"https://anybody.example","scp":["a","b"],"scope":"c"}`}
	v, _ := verifier(t, always(body), func(c *introspection.Config) {
		c.Issuer, c.Audiences, c.ScopeClaim = "", nil, "scp"
	})
	p, err := v.Verify(t.Context(), "x")
	if err != nil || p.Issuer != issuer || p.Subject != "job" || !cmp.Equal(p.Scopes, []string{"a", "b"}) || !p.Expires.IsZero() {
		t.Errorf("got %+v, %v", p, err)
	}
}

// The token travels in the body of a POST, with the service's credentials in the
// form of RFC 6749, section 2.3.1, and nowhere else.
func TestQuestion(t *testing.T) {
	a := always(active(""))
	v, _ := verifier(t, a, func(c *introspection.Config) { c.ClientID, c.ClientSecret = "a:b", "p%ss+w:rd" })
	if _, err := v.Verify(t.Context(), "token/with+all="); err != nil {
		t.Fatal(err)
	}
	id, secret, _ := a.last.BasicAuth()
	if a.last.Method != http.MethodPost || a.last.URL.String() != address || id != "a%3Ab" || secret != "p%25ss%2Bw%3Ard" {
		t.Errorf("%s %s as %q, %q", a.last.Method, a.last.URL, id, secret)
	}
	if a.form.Get("token") != "token/with+all=" || a.form.Get("token_type_hint") != "access_token" || len(a.form) != 2 {
		t.Errorf("form %v", a.form)
	}
}

// What the operator has to mend is logged once, and that it is mended.
func TestOutageLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := always(reply{status: 500})
		v, log := verifier(t, a, nil)
		for i := range 3 {
			_, _ = v.Verify(t.Context(), fmt.Sprint("x", i))
		}
		if got := strings.Count(log.String(), "introspection fails"); got != 1 || !strings.Contains(log.String(), "status 500") {
			t.Errorf("%d lines: %s", got, log)
		}
		a.answer = func(string) reply { return active("") }
		_, _ = v.Verify(t.Context(), "y")
		if !strings.Contains(log.String(), "works again") {
			t.Errorf("log: %s", log)
		}
	})
}
