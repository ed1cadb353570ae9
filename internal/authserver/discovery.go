package authserver

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
)

// maxMetadata bounds a metadata document, in bytes. The large ones of the field
// have some 10 KB.
const maxMetadata = 256 << 10

var errNotFound = errors.New("status 404")

// Metadata is what an authorization server says of itself (RFC 8414, section 2;
// OpenID Connect Discovery 1.0, section 3). Every address in it passed [CheckURL].
type Metadata struct {
	Issuer                string   `json:"issuer"`
	JWKSURI               string   `json:"jwks_uri"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	IntrospectionEndpoint string   `json:"introspection_endpoint"`
	RevocationEndpoint    string   `json:"revocation_endpoint"`
	RegistrationEndpoint  string   `json:"registration_endpoint"`
	ScopesSupported       []string `json:"scopes_supported"`
	CodeChallengeMethods  []string `json:"code_challenge_methods_supported"`
}

// Discover returns the metadata of an issuer. It looks where RFC 8414 puts them,
// then where OpenID does, in the order of the MCP specification, and takes the
// first document that is this very issuer's.
func (c *Client) Discover(ctx context.Context, issuer string) (Metadata, error) {
	if err := CheckIssuer(issuer); err != nil {
		return Metadata{}, fmt.Errorf("%w: %w", ErrBadAnswer, err)
	}
	var failures []error
	for _, address := range wellKnown(issuer) {
		m, err := c.metadata(ctx, issuer, address)
		if err == nil {
			return m, nil
		}
		failures = append(failures, err)
		if ctx.Err() != nil {
			break
		}
	}
	return Metadata{}, failure(issuer, failures)
}

// failure sums up why no place had the metadata. If one of them gave no answer,
// the metadata may be there.
func failure(issuer string, failures []error) error {
	for _, err := range failures {
		if errors.Is(err, ErrNoAnswer) {
			return fmt.Errorf("metadata of %s: %w", issuer, err)
		}
	}
	for _, err := range failures {
		if !errors.Is(err, errNotFound) {
			return fmt.Errorf("metadata of %s: %w", issuer, err)
		}
	}
	return fmt.Errorf("metadata of %s: %w", issuer, errors.Join(failures...))
}

// wellKnown returns where an issuer's metadata may be. A slash at its end is no
// path (RFC 8414, section 3.1).
func wellKnown(issuer string) []string {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil
	}
	path := strings.TrimSuffix(u.EscapedPath(), "/")
	origin := u.Scheme + "://" + u.Host
	places := []string{
		origin + "/.well-known/oauth-authorization-server" + path,
		origin + "/.well-known/openid-configuration" + path,
	}
	if path != "" {
		places = append(places, origin+path+"/.well-known/openid-configuration")
	}
	return places
}

func (c *Client) metadata(ctx context.Context, issuer, address string) (Metadata, error) {
	body, _, err := c.Get(ctx, address, maxMetadata)
	if err != nil {
		return Metadata{}, err
	}
	var m Metadata
	if err := json.Unmarshal(body, &m); err != nil {
		return Metadata{}, fmt.Errorf("GET %s: %w: %w", address, ErrBadAnswer, err)
	}
	if m.Issuer != issuer {
		return Metadata{}, fmt.Errorf("GET %s: %w: it is of the issuer %.200q: configure the issuer exactly so, the slash at its end included, if that is the one", address, ErrBadAnswer, m.Issuer)
	}
	if err := m.check(); err != nil {
		return Metadata{}, fmt.Errorf("GET %s: %w: %w", address, ErrBadAnswer, err)
	}
	return m, nil
}

// check refuses addresses that must not be asked: those of CheckURL, and loopback
// ones unless the issuer is there too.
func (m Metadata) check() error {
	secure := strings.HasPrefix(m.Issuer, "https:")
	for name, address := range map[string]string{
		"jwks_uri": m.JWKSURI, "authorization_endpoint": m.AuthorizationEndpoint, "token_endpoint": m.TokenEndpoint,
		"introspection_endpoint": m.IntrospectionEndpoint, "revocation_endpoint": m.RevocationEndpoint,
		"registration_endpoint": m.RegistrationEndpoint,
	} {
		if address == "" {
			continue
		}
		u, err := parse(address)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if secure && u.Scheme != "https" {
			return fmt.Errorf("%s: %q is not encrypted, though the issuer is", name, address)
		}
	}
	return nil
}
