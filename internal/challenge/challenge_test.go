package challenge

import "testing"

// The parameters come in one order, each a quoted-string, and what a header
// cannot carry is left out instead of splitting it.
func TestBearer(t *testing.T) {
	const metadata = "https://api.example.com/.well-known/oauth-protected-resource/mcp"
	for name, c := range map[string]struct {
		challenge Bearer
		want      string
	}{
		"zero":     {Bearer{}, `Bearer`},
		"error":    {Bearer{Error: InvalidToken}, `Bearer error="invalid_token"`},
		"metadata": {Bearer{ResourceMetadata: metadata}, `Bearer resource_metadata="` + metadata + `"`},
		"all": {
			Bearer{Error: InsufficientScope, Scopes: []string{"items:read", "items:write"}, ResourceMetadata: metadata},
			`Bearer error="insufficient_scope", scope="items:read items:write", resource_metadata="` + metadata + `"`,
		},
		"escaped":    {Bearer{ResourceMetadata: `https://a.example/"\`}, `Bearer resource_metadata="https://a.example/\"\\"`},
		"line break": {Bearer{Error: InvalidToken, ResourceMetadata: "https://a.example/\r\nSet-Cookie: a=b"}, `Bearer error="invalid_token"`},
		"not ASCII":  {Bearer{Scopes: []string{"größe"}}, `Bearer`},
	} {
		if got := c.challenge.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
	}
}
