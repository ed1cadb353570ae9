package auth

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever a header holds, a token comes out only of the form "Bearer b64token":
// of the characters that it may have, as it was sent, and never too long.
func FuzzBearer(f *testing.F) {
	for _, seed := range []string{"", "Bearer", "Bearer ", "Bearer x", "bEARER a.b-c~d+e/f==", "Bearer  x", "Bearer x ", "Bearer x, Bearer y",
		"Basic YTpi", "Bearer x\x00", "Bearer\tx", "Bearer =", "Bearer a=b", "BearerX y", "Bearer ü"} {
		f.Add(seed, "")
		f.Add(seed, "a=b&access%5Ftoken=x")
	}
	f.Fuzz(func(t *testing.T, header, query string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["Authorization"] = []string{header}
		r.URL.RawQuery = query
		token, err := bearer(r)
		if (err == nil) != (token != "") {
			t.Fatalf("%q, %v", token, err)
		}
		if r.URL.Query().Has("access_token") && err == nil {
			t.Fatalf("the query %q was overlooked", query)
		}
		if err != nil {
			if len(header) > 7 && strings.Contains(err.Error(), header) {
				t.Fatalf("the error shows the header: %v", err)
			}
			return
		}
		if len(token) > maxToken || len(header) != len("Bearer ")+len(token) || !strings.HasSuffix(header, token) || !strings.EqualFold(header[:7], "bearer ") {
			t.Fatalf("%q gives the token %q", header, token)
		}
		for i := range len(token) {
			if token[i] <= ' ' || token[i] > '~' || strings.IndexByte(`",;:\<>()[]{}?@`, token[i]) >= 0 {
				t.Fatalf("%q gives the token %q", header, token)
			}
		}
	})
}
