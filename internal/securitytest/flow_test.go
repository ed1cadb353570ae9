package securitytest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	sdkauth "github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth/introspection"
	"github.com/tandem-go/tandem/auth/jwt"
	"github.com/tandem-go/tandem/internal/oidctest"
	"github.com/tandem-go/tandem/server"
)

// issued serves the service with the tokens of a real authorization server, JWTs
// and opaque ones.
func issued(t testing.TB, as *oidctest.Server, configure ...func(*server.Config)) *world {
	t.Helper()
	return newWorld(t, append([]func(*server.Config){func(c *server.Config) {
		c.PublicURL = "http://" + c.Listener.Addr().String()
		c.Verifier = nil
		c.Auth = server.Auth{
			Issuer: as.Issuer(), IntrospectionURL: as.IntrospectionURL(),
			ClientID: oidctest.Introspector, ClientSecret: tandem.Secret(as.Secret()),
		}
	}}, configure...)...)
}

// The tokens of a real authorization server, of each format that it has, pass on
// every door with what they grant, and no further.
func TestIssuedTokens(t *testing.T) {
	as := oidctest.Start(t, read, write, admin)
	foreign := bearer(newForge(t).good())
	for _, format := range []string{oidctest.RS256, oidctest.ES256, oidctest.Opaque} {
		w := issued(t, as) // a new one forgets who failed
		for _, d := range httpDoors {
			t.Run(format+"/"+d.name, func(t *testing.T) {
				p := &probe{T: t, door: d}
				narrow := bearer(as.Token(t, format, w.url+"/mcp", read))
				wide := bearer(as.Token(t, format, w.url+"/mcp", read, write))
				elsewhere := bearer(as.Token(t, format, "https://other.example/mcp", read, write))
				c := p.open(w, narrow)
				p.accepts("what is granted", c.call(narrow, "read_note", `{}`))
				o := c.call(narrow, "edit_note", `{}`)
				p.refuses("what is not", o, http.StatusForbidden)
				p.refused(insufficient(o, read+" "+write), "the challenge of %s", o)
				p.accepts("a wider token of the same subject", c.call(wide, "edit_note", `{}`))
				p.unauthorized(w, "a token for another resource", c.call(elsewhere, "read_note", `{}`))
				p.unauthorized(w, "another issuer's token", c.call(foreign, "read_note", `{}`))
				p.unauthorized(w, "no token of anybody's", c.call(bearer("nobody"), "read_note", `{}`))
			})
		}
	}
}

// A revoked token is refused within the time for which its introspection is
// remembered; the authorization server is asked seldom meanwhile.
func TestIssuedTokenIsRevoked(t *testing.T) {
	as := oidctest.Start(t, read)
	v, err := introspection.New(introspection.Config{
		URL: as.IntrospectionURL(), ClientID: oidctest.Introspector, ClientSecret: tandem.Secret(as.Secret()), CacheTTL: 200 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	w := issued(t, as, func(c *server.Config) { c.Auth, c.Verifier = server.Auth{}, v })
	p := &probe{T: t, door: november}
	token := as.Token(t, oidctest.Opaque, w.url+"/mcp", read)
	other := bearer(as.Token(t, oidctest.Opaque, w.url+"/mcp", read))
	c := p.open(w, bearer(token))
	as.Forget(t)
	for range 20 {
		p.accepts("before", c.call(bearer(token), "read_note", `{}`))
	}
	if n := as.Requests(t)["/token/introspection"]; n > 10 {
		t.Errorf("20 calls cost %d introspections", n)
	}
	as.Revoke(t, token)
	var last outcome
	eventually(t, "the revoked token is refused", func() bool {
		last = c.call(bearer(token), "read_note", `{}`)
		return !last.ok()
	})
	p.refuses("the revoked token", last, http.StatusUnauthorized)
	p.accepts("another token of the same client", c.call(other, "read_note", `{}`))
}

// Tokens of new keys pass at once or after the gap; those of withdrawn ones do not
// outlive the next look at the keys; an outage changes nothing for a while, but
// for opaque tokens, about which there is nobody to ask.
func TestIssuerRotatesAndFails(t *testing.T) {
	as := oidctest.Start(t, read)
	const quick = 200 * time.Millisecond
	w := issued(t, as, func(c *server.Config) {
		v, err := jwt.New(jwt.Config{Issuer: as.Issuer(), Audiences: []string{c.PublicURL + "/mcp"}, Gap: quick / 2, RefreshEvery: quick})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(v.Close)
		c.Auth.Issuer, c.Verifier = "", v
	})
	p := &probe{T: t, door: modernDoor}
	c := p.open(w, credentials{})
	resource := w.url + "/mcp"
	first := bearer(as.Token(t, oidctest.RS256, resource, read))
	p.accepts("the first key", c.call(first, "read_note", `{}`))

	as.Rotate(t)
	second := bearer(as.Token(t, oidctest.ES256, resource, read))
	eventually(t, "the new key is accepted", func() bool { return c.call(second, "read_note", `{}`).ok() })
	p.accepts("the former key", c.call(first, "read_note", `{}`))

	as.Withdraw(t)
	eventually(t, "the withdrawn key is refused", func() bool {
		return c.call(first, "read_note", `{}`).status == http.StatusUnauthorized
	})
	p.refuses("the withdrawn key", c.call(first, "read_note", `{}`), http.StatusUnauthorized)

	opaque := bearer(as.Token(t, oidctest.Opaque, resource, read))
	as.Stop(t)
	p.refuses("an opaque token in the outage", c.call(opaque, "read_note", `{}`), http.StatusServiceUnavailable)
	for end := time.Now().Add(5 * quick); time.Now().Before(end); time.Sleep(quick / 4) {
		p.accepts("a known key in the outage", c.call(second, "read_note", `{}`))
	}
	as.Restart(t)
	eventually(t, "an opaque token passes again", func() bool { return c.call(opaque, "read_note", `{}`).ok() })
}

// go-sdk's client finds the authorization server by the challenge, gets a token,
// calls, is told which scopes it lacks, gets them and calls again.
func TestGoSDKFindsItsWay(t *testing.T) {
	as := oidctest.Start(t, read, write, admin)
	w := issued(t, as, func(c *server.Config) { c.Auth.ScopesSupported = []string{read} }) // to begin with
	for name, registration := range map[string]func(*sdkauth.AuthorizationCodeHandlerConfig){
		"registered before": func(c *sdkauth.AuthorizationCodeHandlerConfig) {
			c.PreregisteredClient = &oauthex.ClientCredentials{ClientID: oidctest.PublicClient}
		},
		"registers itself": func(c *sdkauth.AuthorizationCodeHandlerConfig) {
			c.DynamicClientRegistrationConfig = &sdkauth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
				RedirectURIs: []string{c.RedirectURL}, ClientName: "flow", GrantTypes: []string{"authorization_code"}, TokenEndpointAuthMethod: "none",
			}}
		},
	} {
		for _, version := range []string{rev20251125, rev20260728} {
			t.Run(name+"/"+version, func(t *testing.T) { w.goSDKFlow(t, version, registration) })
		}
	}
}

func (w *world) goSDKFlow(t *testing.T, version string, registration func(*sdkauth.AuthorizationCodeHandlerConfig)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var asked []string // the scopes of each authorization
	config := &sdkauth.AuthorizationCodeHandlerConfig{
		RedirectURL: "http://127.0.0.1:4321/callback",
		AuthorizationCodeFetcher: func(_ context.Context, a *sdkauth.AuthorizationArgs) (*sdkauth.AuthorizationResult, error) {
			asked = append(asked, must(url.Parse(a.URL)).Query().Get("scope"))
			back, err := consent(a.URL)
			return &sdkauth.AuthorizationResult{Code: back.Get("code"), State: back.Get("state"), Iss: back.Get("iss")}, err
		},
	}
	registration(config)
	handler, err := sdkauth.NewAuthorizationCodeHandler(config)
	if err != nil {
		t.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "flow", Version: "1"}, nil)
	transport := &mcp.StreamableClientTransport{Endpoint: w.url + "/mcp", OAuthHandler: handler}
	session, err := client.Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer session.Close()
	for _, operation := range []string{"read_note", "edit_note", "purge", "edit_note"} {
		result, err := session.CallTool(ctx, &mcp.CallToolParams{Name: operation, Arguments: json.RawMessage(`{"id":"7"}`)})
		if err != nil || result.IsError {
			t.Fatalf("%s: %v %+v", operation, err, result)
		}
	}
	for i, want := range [][]string{{read}, {read, write}, {read, write, admin}} {
		if i >= len(asked) {
			t.Fatalf("authorizations for %q", asked)
		}
		for _, scope := range want {
			if !slices.Contains(strings.Fields(asked[i]), scope) {
				t.Errorf("authorization %d asked for %q, without %s", i+1, asked[i], scope)
			}
		}
	}
	if e := w.ledger.all(); e[len(e)-1].subject != oidctest.Account {
		t.Errorf("the calls were made by %q", e[len(e)-1].subject)
	}
}

var errBack = errors.New("back at the client")

// consent follows the redirects of an authorization until they lead back to the
// client, as a browser of somebody who agrees would.
func consent(from string) (url.Values, error) {
	var back url.Values
	browser := http.Client{Jar: must(cookiejar.New(nil)), CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/callback") {
			back = r.URL.Query()
			return errBack
		}
		return nil
	}}
	response, err := browser.Get(from)
	if errors.Is(err, errBack) {
		return back, nil
	}
	if err == nil {
		defer response.Body.Close()
		page, _ := io.ReadAll(response.Body)
		err = errors.New("no redirect came: " + string(page))
	}
	return nil, err
}
