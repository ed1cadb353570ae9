package server

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/rest"
)

// origins are the web pages that may call: an exact list, and the pages of the
// service itself.
type origins struct {
	exact   map[string]bool
	headers *derived[map[string]bool] // request headers that carry arguments, in lower case
}

// corsHeaders are what callers of either door send.
var corsHeaders = []string{
	"Authorization", "Content-Type", "MCP-Protocol-Version", "Mcp-Session-Id", "Mcp-Method", "Mcp-Name",
	"Last-Event-ID", "Idempotency-Key", "Traceparent", "Tracestate",
	rest.StateHeader, rest.AnswersHeader,
}

// mcpParamPrefix starts the headers of 2026-07-28 that repeat an argument.
const mcpParamPrefix = "mcp-param-"

const (
	corsMethods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
	corsExpose  = "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After, RateLimit, RateLimit-Policy, X-Request-Id, Idempotency-Replayed"
	corsMaxAge  = "600" // seconds that a browser may keep a preflight's answer
)

func newOrigins(svc *tandem.Service, c Config) (origins, error) {
	o := origins{exact: map[string]bool{}}
	if u, err := url.Parse(c.PublicURL); err == nil && u.Host != "" {
		o.exact[u.Scheme+"://"+strings.ToLower(u.Host)] = true
	}
	for _, origin := range c.AllowedOrigins {
		o.exact[origin] = true
	}
	headers, err := newDerived(svc, func() (map[string]bool, error) { return argumentHeaders(svc), nil }, nil)
	o.headers = headers
	return o, err
}

// argumentHeaders returns the headers in which operations take arguments.
func argumentHeaders(svc *tandem.Service) map[string]bool {
	headers := map[string]bool{}
	for _, op := range svc.Operations() {
		for _, p := range op.Binding().Params {
			if p.Place.String() == "header" {
				headers[strings.ToLower(p.Key)] = true
			}
		}
	}
	return headers
}

// checkOrigins accepts exact origins only. An empty list and the wildcard are
// what other servers take for everybody.
func checkOrigins(list []string) error {
	if list == nil {
		return nil
	}
	if len(list) == 0 {
		return errors.New("the list names no origin; leave it out to allow none")
	}
	for _, origin := range list {
		if !isOrigin(origin) {
			return fmt.Errorf("%q is not an exact origin", origin)
		}
	}
	return nil
}

// isOrigin reports whether s is what a browser sends as an Origin: scheme, host
// and a port that is not the scheme's own, in lower case, nothing after.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return false
	}
	return s == strings.ToLower(u.Scheme+"://"+u.Host) && !isStandardPort(u.Scheme, u.Port()) &&
		!strings.HasSuffix(s, ":") && !strings.Contains(s, "*")
}

// allows reports whether the origin is listed, or is that of the service as the
// browser addressed it under a name that is known to be the service's.
func (o origins) allows(origin string, q *request) bool {
	if o.exact[origin] {
		return true
	}
	scheme := "http"
	if q.https {
		scheme = "https"
	}
	return q.hostKnown && origin == scheme+"://"+strings.ToLower(q.host)
}

const originDetail = "web pages of this origin may not call; add it to ALLOWED_ORIGINS, " +
	"or set PUBLIC_URL if it is the service's own"

// checkOrigin answers preflights, lets allowed pages read the answers, and keeps
// others out: on MCP with a 403, as its specification demands; on REST by giving
// them no CORS headers, so that their browser does. It is outside of credentials,
// since a preflight has none and a page must be able to read a 401.
func (s *Server) checkOrigin(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		sent := r.Header["Origin"]
		q := requestFrom(r.Context())
		if len(sent) == 0 {
			if q.route.kind == kindMCP && isCrossOrigin(r) {
				writeProblem(w, tandem.Errorf(tandem.PermissionDenied, originDetail))
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		allowed := len(sent) == 1 && s.origins.allows(sent[0], q)
		if allowed {
			w.Header().Set("Access-Control-Allow-Origin", sent[0])
			w.Header().Set("Access-Control-Expose-Headers", corsExpose)
		}
		switch {
		case !allowed && (q.route.kind == kindMCP || isFormPost(r)):
			writeProblem(w, tandem.Errorf(tandem.PermissionDenied, originDetail))
		case isPreflight(r):
			s.origins.preflight(w, r, allowed)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// isCrossOrigin reports whether a browser says that a page of another origin
// causes the request. Such a page can GET without an Origin header, as an image
// does, and would open a stream although it cannot read it.
func isCrossOrigin(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return true
	}
	return false
}

func isPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// isFormPost reports whether a page can send the request without a preflight
// although it may change state: a POST without JSON.
func isFormPost(r *http.Request) bool {
	return r.Method == http.MethodPost && !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json")
}

func (o origins) preflight(w http.ResponseWriter, r *http.Request, allowed bool) {
	h := w.Header()
	h.Add("Vary", "Access-Control-Request-Method")
	h.Add("Vary", "Access-Control-Request-Headers")
	if allowed {
		h.Set("Access-Control-Allow-Methods", corsMethods)
		h.Set("Access-Control-Allow-Headers", o.allowHeaders(r.Header.Values("Access-Control-Request-Headers")))
		h.Set("Access-Control-Max-Age", corsMaxAge)
	}
	w.WriteHeader(http.StatusNoContent)
}

// allowHeaders returns the preset and those of the requested headers that repeat
// an argument, whose names no list can hold in advance.
func (o origins) allowHeaders(requested []string) string {
	allowed := strings.Join(corsHeaders, ", ")
	arguments := o.headers.get()
	for _, name := range split(strings.Join(requested, ",")) {
		name = strings.ToLower(name)
		if arguments[name] && !containsFold(corsHeaders, name) || strings.HasPrefix(name, mcpParamPrefix) && isHeaderName(name) {
			allowed += ", " + name
		}
	}
	return allowed
}

func containsFold(list []string, name string) bool {
	for _, s := range list {
		if strings.EqualFold(s, name) {
			return true
		}
	}
	return false
}

func isHeaderName(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool {
		return isEscaped(c) && !strings.ContainsRune("!#$%&'*+^`|", c)
	})
}
