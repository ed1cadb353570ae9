package introspection_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem/auth/introspection"
)

// A configuration that cannot work, or not safely, is refused with the name of
// what is wrong, and the error shows no secret.
func TestConfigInvalid(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*introspection.Config)
		want   string
	}{
		"nowhere":           {func(c *introspection.Config) { c.URL, c.Issuer = "", "" }, "URL or Issuer"},
		"http":              {func(c *introspection.Config) { c.URL = "http://login.example.com/introspect" }, "URL:"},
		"user in the URL":   {func(c *introspection.Config) { c.URL = "https://a:hush@login.example.com/" }, "URL:"},
		"issuer http":       {func(c *introspection.Config) { c.Issuer = "http://login.example.com" }, "Issuer:"},
		"issuer query":      {func(c *introspection.Config) { c.Issuer = "https://login.example.com?x" }, "Issuer:"},
		"no client":         {func(c *introspection.Config) { c.ClientID = "" }, "ClientID"},
		"no secret":         {func(c *introspection.Config) { c.ClientSecret = "" }, "ClientSecret"},
		"empty audience":    {func(c *introspection.Config) { c.Audiences = []string{""} }, "Audiences"},
		"negative TTL":      {func(c *introspection.Config) { c.CacheTTL = -1 }, "CacheTTL"},
		"negative, refused": {func(c *introspection.Config) { c.NegativeTTL = -1 }, "NegativeTTL"},
		"negative entries":  {func(c *introspection.Config) { c.MaxEntries = -1 }, "MaxEntries"},
		"negative flight":   {func(c *introspection.Config) { c.MaxInFlight = -1 }, "MaxInFlight"},
		"negative burst":    {func(c *introspection.Config) { c.UnknownBurst = -1 }, "UnknownBurst"},
		"no rate":           {func(c *introspection.Config) { c.UnknownPerSecond = math.NaN() }, "UnknownPerSecond"},
		"negative timeout":  {func(c *introspection.Config) { c.Timeout = -1 }, "Timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			config := introspection.Config{URL: address, ClientID: "service", ClientSecret: "hush"}
			c.change(&config)
			v, err := introspection.New(config)
			if v != nil || err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hush") {
				t.Errorf("got %v", err)
			}
			if strings.Contains(fmt.Sprintf("%+v", config.ClientSecret), "hush") {
				t.Error("the secret shows")
			}
		})
	}
}

// metadata answers with an authorization server's metadata where RFC 8414 has them, and
// with good tokens at the address that these give.
func metadata(introspection string) *authority {
	return &authority{answer: func(token string) reply {
		if token == "" {
			return reply{body: fmt.Sprintf(`{"issuer":%q%s}`, issuer, introspection)}
		}
		return active("")
	}}
}

// The issuer's metadata say where to ask; they are read at the first token and
// again after an hour, and what was found outlasts an outage of them.
func TestDiscovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := metadata(`,"introspection_endpoint":"` + issuer + `/found"`)
		v, _ := verifier(t, a, func(c *introspection.Config) { c.URL = "" })
		ask(t, v, "x", "good")
		ask(t, v, "y", "good")
		asked(t, a, 3)
		if got := a.last.URL.String(); got != issuer+"/found" {
			t.Errorf("asked at %s", got)
		}
		a.answer = func(token string) reply {
			if token == "" {
				return reply{status: 500}
			}
			return active("")
		}
		time.Sleep(time.Hour + time.Second)
		ask(t, v, "z", "good")
	})
}

// Without metadata that say where to ask, there is no verdict, and the server is
// not asked for them by every request.
func TestDiscoveryFails(t *testing.T) {
	for name, members := range map[string]string{
		"no address":       ``,
		"insecure address": `,"introspection_endpoint":"http://login.example.com/found"`,
		"another issuer":   `,"issuer":"https://evil.example"`,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := metadata(members)
				v, _ := verifier(t, a, func(c *introspection.Config) { c.URL = "" })
				ask(t, v, "x", "503")
				first := a.questions.Load()
				for i := range 20 {
					ask(t, v, fmt.Sprint(i), "503")
				}
				asked(t, a, first)
				a.answer = metadata(`,"introspection_endpoint":"` + issuer + `/found"`).answer
				time.Sleep(3 * time.Second)
				ask(t, v, "x", "good")
			})
		})
	}
}
