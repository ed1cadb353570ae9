package auth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/tandem-go/tandem/internal/authserver"
)

// ResourceMetadata describes a protected resource to those who look for the
// authorization server that issues its tokens (RFC 9728, section 2).
type ResourceMetadata struct {
	// Resource is the URL that identifies the resource and that its tokens have as
	// their audience; it is what clients ask for, so it must be exactly the URL
	// that they use. It has the scheme https, or http on loopback, and no fragment.
	Resource string `json:"resource"`
	// AuthorizationServers are the issuer identifiers (RFC 8414, section 2) of those
	// whose tokens are accepted; at least one, as MCP demands.
	AuthorizationServers []string `json:"authorization_servers"`
	// ScopesSupported are the scopes to ask for; nil says nothing.
	ScopesSupported []string `json:"scopes_supported,omitempty"`
	// BearerMethodsSupported is where a token may be sent. Nil means "header", which
	// is the only method that this package accepts.
	BearerMethodsSupported []string `json:"bearer_methods_supported"`
	// ResourceName is for people; empty says nothing.
	ResourceName string `json:"resource_name,omitempty"`
	// ResourceDocumentation, ResourcePolicyURI and ResourceTermsURI are URLs of pages
	// for people; empty says nothing.
	ResourceDocumentation string `json:"resource_documentation,omitempty"`
	ResourcePolicyURI     string `json:"resource_policy_uri,omitempty"`
	ResourceTermsURI      string `json:"resource_tos_uri,omitempty"`
	// TLSClientCertificateBoundAccessTokens says that tokens are bound to the
	// client's certificate (RFC 8705, section 3).
	TLSClientCertificateBoundAccessTokens bool `json:"tls_client_certificate_bound_access_tokens,omitempty"`
}

// wellKnown is where the metadata of a resource without a path is (RFC 9728,
// section 3).
const wellKnown = "/.well-known/oauth-protected-resource"

// metadataPath is the path of a resource's metadata: that of the resource behind
// the well-known one (RFC 9728, section 3.1).
func metadataPath(resource *url.URL) string {
	return wellKnown + strings.TrimSuffix(resource.EscapedPath(), "/")
}

// WellKnownPath returns the path at which clients look for the metadata, such as
// "/.well-known/oauth-protected-resource/mcp". They ask at the same path without
// the resource's own too, if it is the only resource of its host.
func (m ResourceMetadata) WellKnownPath() (string, error) {
	u, err := m.resourceURL()
	if err != nil {
		return "", fmt.Errorf("resource metadata: %w", err)
	}
	return metadataPath(u), nil
}

// URL returns the address of the metadata, for [Options.ResourceMetadata].
func (m ResourceMetadata) URL() (string, error) {
	u, err := m.resourceURL()
	if err != nil {
		return "", fmt.Errorf("resource metadata: %w", err)
	}
	address := u.Scheme + "://" + u.Host + metadataPath(u)
	if u.RawQuery != "" {
		address += "?" + u.RawQuery
	}
	return address, nil
}

// Handler returns a handler of GET and HEAD that answers with the document,
// wherever it is mounted. It is public: pages of every origin may read it, and it
// may be cached for five minutes. The error names the member that is wrong.
func (m ResourceMetadata) Handler() (http.Handler, error) {
	if len(m.BearerMethodsSupported) == 0 {
		m.BearerMethodsSupported = []string{"header"}
	}
	if err := m.validate(); err != nil {
		return nil, fmt.Errorf("resource metadata: %w", err)
	}
	document, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("resource metadata: %w", err)
	}
	return metadataHandler(document), nil
}

func (m ResourceMetadata) validate() error {
	if _, err := m.resourceURL(); err != nil {
		return err
	}
	if len(m.AuthorizationServers) == 0 {
		return errors.New("authorization_servers: there must be one")
	}
	for _, issuer := range m.AuthorizationServers {
		if err := authserver.CheckIssuer(issuer); err != nil {
			return fmt.Errorf("authorization_servers: %w", err)
		}
	}
	for _, scope := range m.ScopesSupported {
		if !isScope(scope) {
			return fmt.Errorf("scopes_supported: %q is not one scope", scope)
		}
	}
	if !slices.Equal(m.BearerMethodsSupported, []string{"header"}) {
		return errors.New(`bearer_methods_supported: only "header" is supported`)
	}
	return m.validatePages()
}

func (m ResourceMetadata) validatePages() error {
	for name, page := range map[string]string{
		"resource_documentation": m.ResourceDocumentation,
		"resource_policy_uri":    m.ResourcePolicyURI,
		"resource_tos_uri":       m.ResourceTermsURI,
	} {
		if u, err := url.Parse(page); page != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
			return fmt.Errorf("%s: %q must be an http or https URL", name, page)
		}
	}
	return nil
}

func (m ResourceMetadata) resourceURL() (*url.URL, error) {
	if err := authserver.CheckURL(m.Resource); err != nil {
		return nil, fmt.Errorf("resource: %w", err)
	}
	return url.Parse(m.Resource)
}

// isScope reports whether s is a scope-token (RFC 6749, section 3.3).
func isScope(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return s != ""
}

// metadataHandler serves an encoded document.
type metadataHandler []byte

func (document metadataHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("Content-Length", strconv.Itoa(len(document)))
		_, _ = w.Write(document) // fails only if the caller is gone
	case http.MethodOptions: // MCP clients send MCP-Protocol-Version, so browsers ask first
		h.Set("Access-Control-Allow-Methods", "GET, HEAD")
		h.Set("Access-Control-Allow-Headers", "*")
		h.Set("Access-Control-Max-Age", "300")
		w.WriteHeader(http.StatusNoContent)
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		http.Error(w, "this document can only be read", http.StatusMethodNotAllowed)
	}
}
