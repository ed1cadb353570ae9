package server

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/openapi"
)

// The prefixes that Config.Middleware knows.
const (
	prefixAPI = "/api"
	prefixMCP = "/mcp"
)

// kind is which rules a route is under.
type kind uint8

const (
	kindPage    kind = iota // documents for people and programs: open
	kindHealth              // open, served while draining, quiet in the log
	kindMetrics             // behind credentials, served while draining
	kindREST
	kindMCP
	kindWellKnown // metadata: open, to pages of every origin too
	kindNone      // what no route matches
)

// route is one path, or one subtree, with everything that is in front of it.
type route struct {
	name    string // low-cardinality, such as "/docs/"
	kind    kind
	handler http.Handler // all layers included
}

// routes finds the route of a path. Requests are judged by the route that they
// match, never by what their path begins with.
type routes struct {
	base   string // the base path; empty for none
	strict bool   // paths outside of base match nothing
	exact  map[string]*route
	rooted map[string]*route // by whole paths, base path included or not
	trees  []tree
	none   *route
}

type tree struct {
	prefix string // without a trailing slash
	route  *route
}

// add serves path, with a trailing slash and without.
func (t *routes) add(path string, r *route) { t.exact[path] = r }

// addTree serves everything at and below prefix.
func (t *routes) addTree(prefix string, r *route) {
	t.trees = append(t.trees, tree{prefix, r})
}

// ServeHTTP cuts the base path and hands on to the route. It never redirects.
func (t *routes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if rooted := t.rooted[strings.TrimSuffix(r.URL.Path, "/")]; rooted != nil {
		rooted.handler.ServeHTTP(w, r)
		return
	}
	inner, ok := t.below(r)
	if !ok {
		t.none.handler.ServeHTTP(w, r)
		return
	}
	t.find(inner.URL.Path).handler.ServeHTTP(w, inner)
}

func (t *routes) find(path string) *route {
	if r, ok := t.exact[path]; ok {
		return r
	}
	if r, ok := t.exact[strings.TrimSuffix(path, "/")]; ok {
		return r
	}
	for _, tree := range t.trees {
		if rest, ok := strings.CutPrefix(path, tree.prefix); ok && (rest == "" || rest[0] == '/') {
			return tree.route
		}
	}
	return t.none
}

// below returns the request as it looks below the base path.
func (t *routes) below(r *http.Request) (*http.Request, bool) {
	if t.base == "" {
		return r, true
	}
	path, ok := cutBase(r.URL.Path, t.base)
	if !ok {
		return r, !t.strict
	}
	inner := *r
	inner.URL = new(url.URL)
	*inner.URL = *r.URL
	inner.URL.Path = path
	inner.URL.RawPath, _ = cutBase(r.URL.RawPath, t.base)
	return &inner, true
}

func cutBase(path, base string) (string, bool) {
	rest, ok := strings.CutPrefix(path, base)
	if ok && rest == "" {
		return "/", true
	}
	return rest, ok && rest[0] == '/'
}

// basePath returns the path below which everything hangs, and whether a request
// outside of it is refused: behind a proxy that strips the path of PublicURL,
// requests come without it.
func (c Config) basePath() (base string, strict bool) {
	if c.BasePath != "" {
		return strings.TrimSuffix(c.BasePath, "/"), true
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		return "", false
	}
	return strings.TrimSuffix(u.Path, "/"), false
}

// newRoutes mounts what the configured doors serve.
func (s *Server) newRoutes(d doors) *routes {
	t := &routes{exact: map[string]*route{}, rooted: map[string]*route{}}
	t.base, t.strict = s.config.basePath()
	t.none = s.route("", kindNone, http.HandlerFunc(notFound))
	t.add("", s.route("/", kindPage, only(http.HandlerFunc(s.serveIndex), http.MethodGet, http.MethodHead)))
	s.addDocuments(t, d)
	s.addHealth(t)
	s.addResources(t)
	if s.config.MetricsAddr == "" {
		t.add("/metrics", s.route("/metrics", kindMetrics, only(s.metrics.handler(), http.MethodGet, http.MethodHead)))
	}
	if d.rest != nil {
		t.addTree(s.config.RESTPrefix, s.route(s.config.RESTPrefix+"/", kindREST, s.hooked(prefixAPI, d.rest)))
	}
	if d.mcp != nil {
		t.add("/mcp", s.route("/mcp", kindMCP, s.hooked(prefixMCP, d.mcp)))
		t.add("/mcp/sse", s.route("/mcp/sse", kindMCP, s.hooked(prefixMCP, d.mcp.SSE())))
		t.add("/mcp/messages", s.route("/mcp/messages", kindMCP, s.hooked(prefixMCP, d.mcp.Messages())))
	}
	return t
}

func (s *Server) addDocuments(t *routes, d doors) {
	page := func(path, name string, h http.Handler) {
		t.add(path, s.route(name, kindPage, only(s.identify(h), http.MethodGet, http.MethodHead)))
	}
	t.addTree("/docs", s.route("/docs/", kindPage, only(d.docs, http.MethodGet, http.MethodHead)))
	if d.rest != nil {
		page("/openapi.json", "/openapi.json", s.serveDocument(d.document, "application/json", (*openapi.Document).JSON))
		page("/openapi.yaml", "/openapi.yaml", s.serveDocument(d.document, "application/yaml", (*openapi.Document).YAML))
	}
}

func (s *Server) addHealth(t *routes) {
	health := func(path string, h http.Handler) {
		t.add(path, s.route(path, kindHealth, only(h, http.MethodGet, http.MethodHead)))
	}
	health("/health", s.readiness)
	health("/health/live", s.live)
	if s.protocol != nil {
		health("/health/mcp", s.protocol)
	}
}

// hooked puts the program's own middleware around a door.
func (s *Server) hooked(prefix string, h http.Handler) http.Handler {
	hooks := s.config.Middleware[prefix]
	for i := len(hooks) - 1; i >= 0; i-- {
		h = hooks[i](h)
	}
	return h
}

// route puts the layers of its kind around a handler.
func (s *Server) route(name string, k kind, h http.Handler) *route {
	rt := &route{name: name, kind: k}
	switch k {
	case kindREST, kindMCP:
		h = s.checkHost(s.checkOrigin(s.throughGate(s.authenticate(s.limitRate(s.limitShare(s.whenStarted(h)))))))
	case kindMetrics:
		h = s.checkHost(s.authenticate(h))
	case kindWellKnown:
		h = s.checkHost(s.throughGate(h))
	case kindPage, kindNone:
		h = s.checkHost(s.checkOrigin(s.throughGate(h)))
	case kindHealth: // for probes, which come by address and without credentials
	}
	rt.handler = s.observe(rt, h)
	return rt
}

// whenStarted refuses work while the managed resources are not started, which a
// program that mounts the handler itself could forget.
func (s *Server) whenStarted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.started.Load() && len(s.service.Managed()) > 0 {
			writeProblem(w, tandem.Errorf(tandem.Unavailable, "the service's resources are not started; "+
				"the program must call Server.Start or Server.Run").WithRetryAfter(gateRetry))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func notFound(w http.ResponseWriter, r *http.Request) {
	writeProblem(w, tandem.Errorf(tandem.NotFound, "there is nothing at %s", clip(r.URL.EscapedPath(), 256)))
}
