package server

import (
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

	"github.com/tandem-go/tandem"
)

// link is one line of the index.
type link struct {
	Path string `json:"path"`
	What string `json:"what"`
	Page bool   `json:"-"` // something that a browser can open
}

// index is what the root of the service shows.
type index struct {
	Service string `json:"service"`
	Version string `json:"version"`
	Routes  []link `json:"routes"`
}

// newIndex lists what is served, with paths relative to the root.
func newIndex(svc *tandem.Service, c Config) index {
	i := index{Service: svc.Name(), Version: svc.Version()}
	add := func(path, what string, page bool) {
		i.Routes = append(i.Routes, link{Path: path, What: what, Page: page})
	}
	if c.Doors.Has(tandem.REST) {
		add(c.RESTPrefix, "REST", false)
		add("/openapi.json", "OpenAPI 3.1, JSON", true)
		add("/openapi.yaml", "OpenAPI 3.1, YAML", true)
		add("/docs", "the operations as people call them", true)
	}
	if c.Doors.Has(tandem.MCP) {
		add("/mcp", "MCP, Streamable HTTP", false)
		add("/mcp/sse", "MCP, HTTP+SSE of 2024-11-05", false)
		add("/docs/mcp", "the operations as agents call them", true)
		add("/health/mcp", "self-check of MCP in each era", true)
	}
	add("/health", "readiness and each component", true)
	add("/health/live", "liveness", true)
	if c.Auth.Issuer != "" && c.PublicURL != "" {
		add(wellKnown, "where tokens come from (RFC 9728)", true)
		add(wellKnown+"/mcp", "the same for MCP", true)
	}
	if c.MetricsAddr == "" {
		add("/metrics", "Prometheus metrics", false)
	}
	return i
}

var indexPage = template.Must(template.New("index").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Service}}</title></head>
<body><h1>{{.Service}} {{.Version}}</h1>
<dl>{{range .Routes}}
<dt>{{if .Page}}<a href="{{.Path}}">{{.Path}}</a>{{else}}<code>{{.Path}}</code>{{end}}</dt><dd>{{.What}}</dd>{{end}}
</dl></body></html>
`))

// serveIndex lists the routes, as a page for browsers and as JSON for others.
// Its paths are those of the request, so they are right below any mount.
func (s *Server) serveIndex(w http.ResponseWriter, r *http.Request) {
	shown := s.index
	full, _, _ := strings.Cut(r.RequestURI, "?")
	shown.Routes = make([]link, len(s.index.Routes))
	for i, l := range s.index.Routes {
		l.Path = strings.TrimSuffix(full, "/") + l.Path
		shown.Routes[i] = l
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Add("Vary", "Accept")
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		_ = indexPage.Execute(w, shown) // fails only if the caller is gone
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(shown) // likewise
}
