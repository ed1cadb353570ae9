package server

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/openapi"
)

// publicHost returns the host under which clients reach the service; empty if
// that is not known.
func (c Config) publicHost() string {
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		return ""
	}
	return u.Host
}

// publicOrigins returns the origin of PublicURL, which the docs pages may call
// although somebody reads them under another name.
func (c Config) publicOrigins() []string {
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == "" {
		return nil
	}
	return []string{u.Scheme + "://" + u.Host}
}

// document describes the operations of now that are visible; nil means all. Without
// a PublicURL its addresses are relative to the document, so that they are right
// below any mount.
func (s *Server) document(visible func(*tandem.Registered) bool) (*openapi.Document, error) {
	document, err := openapi.Build(s.service, openapi.Config{
		ServerURL: s.config.restURL(),
		Security:  s.config.security(),
		DocsURL:   s.config.docsURL(),
		Visible:   visible,
	})
	if err != nil {
		return nil, fmt.Errorf("server: OpenAPI document: %w", err)
	}
	return document, nil
}

// security says which credentials callers may come with.
func (c Config) security() openapi.Security {
	return openapi.Security{Bearer: c.hasTokens(), Certificates: c.Certificates != nil, Issuer: c.Auth.Issuer}
}

// stale says that the document does not show the operations of now.
func (s *Server) stale(err error) {
	s.config.Logger.Error("the OpenAPI document stays as it was before operations changed", "error", err)
}

func (c Config) restURL() string {
	if c.PublicURL != "" {
		return c.PublicURL + c.RESTPrefix
	}
	return strings.TrimPrefix(c.RESTPrefix, "/")
}

// docsURL returns where the tools are shown, relative to restURL.
func (c Config) docsURL() string {
	switch {
	case !c.Doors.Has(tandem.MCP):
		return ""
	case c.PublicURL != "":
		return c.PublicURL + "/docs/mcp"
	}
	return strings.Repeat("../", strings.Count(c.RESTPrefix, "/")-1) + "docs/mcp"
}
