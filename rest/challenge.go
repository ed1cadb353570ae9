package rest

import (
	"net/http"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/challenge"
)

// challenge returns the WWW-Authenticate value (RFC 6750 section 3) of an error,
// empty for those that better credentials would not help: a handler's own
// PermissionDenied is none about scopes.
func (h *Handler) challenge(r *http.Request, e *tandem.Error) string {
	c := challenge.Bearer{Scopes: e.Scopes, ResourceMetadata: h.cfg.ResourceMetadata}
	switch {
	case e.Code == tandem.Unauthenticated:
		if r.Header.Get("Authorization") != "" {
			c.Error = challenge.InvalidToken
		}
	case e.Code == tandem.PermissionDenied && len(e.Scopes) > 0:
		c.Error = challenge.InsufficientScope
	default:
		return ""
	}
	return c.String()
}
