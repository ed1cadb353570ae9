package jwt_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem/auth/jwt"
)

// A configuration that is not safe, or makes no sense, is refused, with a word of what
// is wrong.
func TestConfig(t *testing.T) {
	good := jwt.Config{Issuer: issuerName, Audiences: []string{audience}}
	for name, c := range map[string]struct {
		change func(*jwt.Config)
		want   string // "" passes
	}{
		"good":                     {func(*jwt.Config) {}, ""},
		"issuer by name":           {func(c *jwt.Config) { c.Issuer, c.JWKSURL = "accounts", "https://a.example/keys" }, ""},
		"issuer with a slash":      {func(c *jwt.Config) { c.Issuer += "/" }, ""},
		"on loopback":              {func(c *jwt.Config) { c.Issuer = "http://127.0.0.1:1" }, ""},
		"every algorithm":          {func(c *jwt.Config) { c.Algorithms = []string{"PS512", "ES512"} }, ""},
		"no issuer":                {func(c *jwt.Config) { c.Issuer = "" }, "Issuer"},
		"no issuer, but keys":      {func(c *jwt.Config) { c.Issuer, c.JWKSURL = "", "https://a.example/keys" }, "Issuer"},
		"issuer in plain":          {func(c *jwt.Config) { c.Issuer = "http://login.example.com" }, "https"},
		"issuer in plain, keys":    {func(c *jwt.Config) { c.Issuer, c.JWKSURL = "http://login.example.com", "https://a.example/keys" }, "https"},
		"issuer with a query":      {func(c *jwt.Config) { c.Issuer += "?a=b" }, "query"},
		"issuer by name, no keys":  {func(c *jwt.Config) { c.Issuer = "accounts" }, "absolute"},
		"issuer with a line break": {func(c *jwt.Config) { c.Issuer, c.JWKSURL = "a\nb", "https://a.example/keys" }, "control"},
		"keys in plain":            {func(c *jwt.Config) { c.JWKSURL = "http://login.example.com/keys" }, "https"},
		"no audience":              {func(c *jwt.Config) { c.Audiences = nil }, "Audiences"},
		"an empty audience":        {func(c *jwt.Config) { c.Audiences = []string{audience, ""} }, "Audiences"},
		"none":                     {func(c *jwt.Config) { c.Algorithms = []string{"RS256", "none"} }, `"none"`},
		"HS256":                    {func(c *jwt.Config) { c.Algorithms = []string{"HS256"} }, `"HS256"`},
		"algorithm in lower case":  {func(c *jwt.Config) { c.Algorithms = []string{"rs256"} }, `"rs256"`},
		"empty algorithm":          {func(c *jwt.Config) { c.Algorithms = []string{""} }, `""`},
		"no algorithms":            {func(c *jwt.Config) { c.Algorithms = []string{} }, "Algorithms"},
		"no types":                 {func(c *jwt.Config) { c.Types = []string{} }, "Types"},
		"an empty scope claim":     {func(c *jwt.Config) { c.ScopeClaims = []string{""} }, "ScopeClaims"},
		"large leeway":             {func(c *jwt.Config) { c.Leeway = time.Hour }, "Leeway"},
		"negative leeway":          {func(c *jwt.Config) { c.Leeway = -1 }, "Leeway"},
		"negative gap":             {func(c *jwt.Config) { c.Gap = -1 }, "negative"},
		"gap beyond refresh":       {func(c *jwt.Config) { c.Gap = time.Hour }, "Gap"},
		"refresh beyond stale":     {func(c *jwt.Config) { c.RefreshEvery = 2 * time.Hour }, "MaxStale"},
	} {
		t.Run(name, func(t *testing.T) {
			config := good
			c.change(&config)
			v, err := jwt.New(config)
			if err == nil {
				v.Close()
			}
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want a word of %q", err, c.want)
			}
		})
	}
}

// The verifier is named by its issuer.
func TestName(t *testing.T) {
	if name := verifier(t, publish(), jwt.Config{}).Name(); name != issuerName {
		t.Errorf("%q", name)
	}
}
