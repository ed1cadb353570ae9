package server

import (
	"fmt"
	"net/http"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// wellKnown is where clients look for the metadata of a protected resource: at
// this path and then the resource's own (RFC 9728, section 3.1).
const wellKnown = "/.well-known/oauth-protected-resource"

// metadata tells clients where tokens for the service come from. There are two
// resources: REST is the service's own address, and MCP is below it, since MCP
// clients ask about the address to which they connect.
type metadata struct {
	url     string // of the document, as challenges name it
	handler *derived[http.Handler]
}

// resources are the metadata documents; nil where there is no authorization server
// to find, or PublicURL does not say what the resources are called.
type resources struct{ rest, mcp *metadata }

func (s *Server) newResources() (*resources, error) {
	if s.config.Auth.Issuer == "" || s.config.PublicURL == "" {
		return nil, nil
	}
	rest, err := s.newMetadata(s.config.PublicURL)
	if err != nil {
		return nil, err
	}
	mcp, err := s.newMetadata(s.config.PublicURL + "/mcp")
	return &resources{rest, mcp}, err
}

func (s *Server) newMetadata(resource string) (*metadata, error) {
	handler, err := newDerived(s.service, func() (http.Handler, error) { return s.metadataOf(resource).Handler() }, s.stale)
	if err != nil {
		return nil, fmt.Errorf("server: Config.Auth: PUBLIC_URL (Config.PublicURL), AUTH_ISSUER and AUTH_SCOPES_SUPPORTED are told to clients: %w", err)
	}
	address, err := s.metadataOf(resource).URL()
	return &metadata{url: address, handler: handler}, err
}

func (s *Server) metadataOf(resource string) auth.ResourceMetadata {
	m := auth.ResourceMetadata{
		Resource:             resource,
		AuthorizationServers: []string{s.config.Auth.Issuer},
		ScopesSupported:      s.config.Auth.ScopesSupported,
		ResourceName:         s.title(),
	}
	if m.ScopesSupported == nil && !s.config.HideForbidden {
		m.ScopesSupported = scopesOf(s.service)
	}
	return m
}

func (m *metadata) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.handler.get().ServeHTTP(w, r)
}

// restURL and mcpURL are what challenges name; empty without metadata.
func (r *resources) restURL() string {
	if r == nil {
		return ""
	}
	return r.rest.url
}

func (r *resources) mcpURL() string {
	if r == nil {
		return ""
	}
	return r.mcp.url
}

// of returns what the challenge of a request names.
func (r *resources) of(request *http.Request) string {
	if requestFrom(request.Context()).route.kind == kindMCP {
		return r.mcpURL()
	}
	return r.restURL()
}

// addResources serves the documents where clients look for them: between the host
// and the path of PublicURL. There a request has not come through what strips the
// base path, so below the base path they are served as well.
//
// A client of the older transport connects to /mcp/sse and derives a path from
// that; the MCP server that it finds is the one at /mcp.
func (s *Server) addResources(t *routes) {
	if s.resources == nil {
		return
	}
	rest := s.route(wellKnown, kindWellKnown, s.resources.rest)
	mcp := s.route(wellKnown+"/mcp", kindWellKnown, s.resources.mcp)
	for _, base := range []string{s.config.publicPath(), t.base} {
		t.rooted[wellKnown+base] = rest
		t.rooted[wellKnown+base+"/mcp"] = mcp
		t.rooted[wellKnown+base+"/mcp/sse"] = mcp
	}
	t.add(wellKnown, rest)
	t.add(wellKnown+"/mcp", mcp)
	t.add(wellKnown+"/mcp/sse", mcp)
}

// challengesWithoutMetadata reports that clients cannot find the authorization
// server, although there is one.
func (c Config) challengesWithoutMetadata() bool {
	return c.Auth.Issuer != "" && c.PublicURL == "" && c.Doors.Has(tandem.MCP)
}
