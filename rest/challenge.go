package rest

import (
	"net/http"
	"strings"

	"github.com/tandem-go/tandem"
)

// challenge returns the WWW-Authenticate value (RFC 6750 section 3) of an error,
// empty for those that better credentials would not help: a handler's own
// PermissionDenied is none about scopes.
func (h *Handler) challenge(r *http.Request, e *tandem.Error) string {
	var params []string
	switch {
	case e.Code == tandem.Unauthenticated:
		if r.Header.Get("Authorization") != "" {
			params = append(params, `error="invalid_token"`)
		}
	case e.Code == tandem.PermissionDenied && len(e.Scopes) > 0:
		params = append(params, `error="insufficient_scope"`, "scope="+quote(strings.Join(e.Scopes, " ")))
	default:
		return ""
	}
	if h.cfg.ResourceMetadata != "" {
		params = append(params, "resource_metadata="+quote(h.cfg.ResourceMetadata))
	}
	return strings.TrimSuffix("Bearer "+strings.Join(params, ", "), " ")
}

var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// quote returns text as a quoted-string (RFC 9110 section 5.6.4).
func quote(text string) string { return `"` + quoted.Replace(text) + `"` }
