package openapi

import (
	"maps"
	"slices"

	"github.com/tandem-go/tandem"
)

// Security says by which credentials callers may come. The zero value says that
// they need none, and then the document asks for none, whatever scopes its
// operations have.
type Security struct {
	// Bearer says that API keys or access tokens are accepted, sent as bearer tokens
	// (RFC 6750).
	Bearer bool
	// Issuer is the authorization server whose access tokens are among them, an
	// OpenID provider; empty names none.
	Issuer string
	// Certificates says that client certificates are accepted.
	Certificates bool
}

// The names of the security schemes; the page's script knows the first two.
const (
	bearer      = "bearer"
	openID      = "openid"
	certificate = "certificate"
)

func (s Security) needed() bool { return s.Bearer || s.Issuer != "" || s.Certificates }

// alternatives lists the credentials of which a caller needs one. Scopes are in
// x-scopes alone: a requirement of openIdConnect may list them, but linters look for
// them in the scheme, which has none.
func (s Security) alternatives() []object {
	list := []object{}
	if s.Bearer || s.Issuer != "" {
		list = append(list, object{{bearer, []string{}}})
	}
	if s.Issuer != "" {
		list = append(list, object{{openID, []string{}}})
	}
	if s.Certificates {
		list = append(list, object{{certificate, []string{}}})
	}
	return list
}

// securitySchemes describes the credentials, and which scopes imply others.
func (b *builder) securitySchemes() object {
	s := b.cfg.Security
	var all object
	add := func(name, kind, description string, more ...member) {
		o := append(object{{"type", kind}}, more...)
		o.set("description", description)
		o.object("x-tandem-implies", implied(b.svc))
		all.set(name, o)
	}
	if s.Bearer || s.Issuer != "" {
		add(bearer, "http", "An API key or an access token, sent as `Authorization: Bearer …`.", member{"scheme", "bearer"})
	}
	if s.Issuer != "" {
		add(openID, "openIdConnect", "An access token of "+s.Issuer+", sent as `Authorization: Bearer …`.",
			member{"openIdConnectUrl", s.Issuer + "/.well-known/openid-configuration"})
	}
	if s.Certificates {
		add(certificate, "mutualTLS", "A client certificate that the service knows.")
	}
	return all
}

// implied lists, for each broad scope, those that it implies directly.
func implied(svc *tandem.Service) object {
	scopes := svc.ImpliedScopes()
	var all object
	for _, broad := range slices.Sorted(maps.Keys(scopes)) {
		narrow := slices.Clone(scopes[broad])
		slices.Sort(narrow)
		all.set(broad, slices.Compact(narrow))
	}
	return all
}
