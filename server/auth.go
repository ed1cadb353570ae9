package server

import (
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/authserver"
)

// Auth says which tokens of an authorization server are accepted. The zero value
// accepts none.
type Auth struct {
	// Issuer is the authorization server, exactly as its tokens name it, whose JWTs
	// are accepted. It turns on the protected-resource metadata (RFC 9728) by which
	// clients find it. Empty means that no JWTs are accepted.
	Issuer string
	// Audiences are those of which a token must have one, exactly. Nil means
	// PublicURL followed by "/mcp", and PublicURL.
	Audiences []string
	// JWKSURL is where the issuer's keys are; empty means where its metadata says.
	JWKSURL string
	// Algorithms are the signature algorithms to accept; nil means RS256, ES256 and
	// EdDSA.
	Algorithms []string
	// Types are the values of a JWT's header "typ" to accept; nil means those of
	// access tokens.
	Types []string

	// ScopeClaims are the claims of a JWT that have scopes, such as "roles" with Entra
	// ID or "permissions" with Auth0; nil means "scope" and "scp".
	ScopeClaims []string

	// IntrospectionURL is where tokens that are no JWTs of the issuer are asked about
	// (RFC 7662). Empty means where the issuer's metadata says, if there is a ClientID,
	// else that nobody is asked.
	IntrospectionURL string
	// ClientID and ClientSecret are the service's own credentials for that.
	ClientID     string
	ClientSecret tandem.Secret

	// ScopesSupported are the scopes that the metadata tells clients to ask for. Nil
	// means those of all operations, or none if HideForbidden hides them.
	ScopesSupported []string
}

func (a Auth) introspects() bool { return a.IntrospectionURL != "" || a.ClientID != "" }

func (a Auth) isZero() bool { return a.Issuer == "" && !a.introspects() }

// checkAuth refuses what is half set, or would accept tokens that were made for
// somebody else.
func (c Config) checkAuth() error {
	a := c.Auth
	switch {
	case a.Issuer == "" && (a.JWKSURL != "" || len(a.Algorithms)+len(a.Types)+len(a.ScopeClaims)+len(a.ScopesSupported) > 0):
		return errors.New("keys, algorithms and scopes are those of an issuer: set AUTH_ISSUER (Config.Auth.Issuer)")
	case a.isZero() && len(a.Audiences) > 0:
		return errors.New("an audience is that of tokens: set AUTH_ISSUER (Config.Auth.Issuer) or AUTH_INTROSPECTION_URL (Config.Auth.IntrospectionURL)")
	case a.introspects() && (a.ClientID == "" || a.ClientSecret == ""):
		return errors.New("an authorization server answers only those that it knows: set both AUTH_CLIENT_ID and AUTH_CLIENT_SECRET " +
			"(Config.Auth.ClientID and ClientSecret)")
	case a.ClientSecret != "" && a.ClientID == "":
		return errors.New("a client's secret needs its id: set AUTH_CLIENT_ID (Config.Auth.ClientID)")
	case a.introspects() && a.IntrospectionURL == "" && a.Issuer == "":
		return errors.New("a client id is of no use alone: set AUTH_INTROSPECTION_URL (Config.Auth.IntrospectionURL), or AUTH_ISSUER to find it")
	case !a.isZero() && len(c.audiences()) == 0:
		return errors.New("a token must be made for this service: set PUBLIC_URL (Config.PublicURL) to the service's address, " +
			"or AUTH_AUDIENCE (Config.Auth.Audiences) to what its tokens have in aud")
	case slices.Contains(a.Audiences, ""):
		return errors.New("an audience is empty")
	}
	return a.checkURLs()
}

// checkURLs refuses what cannot be trusted to come from the authorization server.
func (a Auth) checkURLs() error {
	for _, f := range []struct {
		variable, value string
		check           func(string) error
	}{
		{"AUTH_ISSUER", a.Issuer, authserver.CheckIssuer},
		{"AUTH_JWKS_URL", a.JWKSURL, authserver.CheckURL},
		{"AUTH_INTROSPECTION_URL", a.IntrospectionURL, authserver.CheckURL},
	} {
		if err := f.check(f.value); f.value != "" && err != nil {
			return fmt.Errorf("%s: %w", f.variable, err)
		}
	}
	return nil
}

// audiences returns those of which a token must have one.
func (c Config) audiences() []string {
	if c.Auth.Audiences != nil || c.PublicURL == "" {
		return c.Auth.Audiences
	}
	return []string{c.PublicURL + "/mcp", c.PublicURL}
}

// scopesOf lists, in order, every scope that something in the service needs.
func scopesOf(svc *tandem.Service) []string {
	var scopes []string
	for _, op := range svc.Operations() {
		scopes = append(scopes, op.Scopes...)
	}
	for _, r := range svc.Resources() {
		scopes = append(scopes, r.Operation().Scopes...)
	}
	for _, p := range svc.Prompts() {
		scopes = append(scopes, p.Operation().Scopes...)
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}

// publicPath returns the path of PublicURL, without a final slash.
func (c Config) publicPath() string {
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}
