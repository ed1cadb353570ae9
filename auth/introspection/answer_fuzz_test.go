package introspection

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

// Whatever an authorization server answers, a token is good only if the answer
// says so beyond doubt: active is true, and the audience is right.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"active":true,"sub":"ann","aud":"me"}`, `{"active":true,"client_id":"a","aud":["x","me"],"exp":4102444800.5,"scope":"a *"}`,
		`{"active":"true","sub":"ann","aud":"me"}`, `{"active":false}`, `{}`, `null`, `[]`, `{"active":true,"sub":"ann","aud":"me","exp":1e400}`,
		`{"Active":true,"sub":"ann","aud":"me"}`, `{"active":true,"sub":"ann","aud":"me","nbf":4102444800}`, `{"active":true,"aud":"me","sub":""}`,
		`{"active":true,"sub":"ann","aud":"me","token_type":"DPoP"}`, `{"active":true,"sub":"ann","aud":"me","cnf":{"jkt":"x"}}`,
	} {
		f.Add([]byte(seed))
	}
	c := Config{URL: "https://login.example.com/introspect", Audiences: []string{"me"}, ScopeClaim: "scope"}
	now := time.Unix(1_800_000_000, 0)
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := c.judge(body, now)
		if (err == nil) != (p != nil) {
			t.Fatalf("%v, %v", p, err)
		}
		if err != nil {
			return
		}
		if p.Subject == "" || p.Issuer != "https://login.example.com" || slices.Contains(p.Scopes, "*") {
			t.Fatalf("principal %+v", p)
		}
		var said map[string]any
		if err := json.Unmarshal(body, &said); err != nil {
			t.Fatalf("it is not even JSON: %v", err)
		}
		list, _ := said["aud"].([]any)
		if said["active"] != true || said["aud"] != "me" && !slices.Contains(list, any("me")) {
			t.Fatalf("%s is taken for good", body)
		}
		if exp, told := said["exp"].(float64); told && exp+leeway.Seconds() < float64(now.Unix()) {
			t.Fatalf("%s is taken for good", body)
		}
		if cnf, told := said["cnf"]; told && (cnf == nil) != (p.Claims["cnf"] == nil) {
			t.Fatalf("the binding is lost: %+v", p.Claims)
		}
	})
}
