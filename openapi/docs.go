package openapi

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tandem-go/tandem"
)

//go:embed ui
var ui embed.FS

// docsPath is where the pages hang below the service's base path.
const docsPath = "/docs"

// DocsConfig says what the docs pages show. URLs may be absolute, or relative to
// the service's base path, the folder in which /docs lies.
type DocsConfig struct {
	Title   string // the service's name for people; empty means "Service"
	Version string // empty shows none
	SpecURL string // the OpenAPI document; empty means "openapi.json"
	YAMLURL string // the same in YAML; empty means "openapi.yaml"
	MCPURL  string // Streamable HTTP; empty means "mcp"
	// Doors are the doors that are open. With one of them alone, /docs shows its
	// view and nothing links to the other. Zero means both.
	Doors tandem.Doors
	// Connect lists further origins that the pages may send requests to, such as
	// the one in the document's server URL if people reach the pages by another.
	// Those of the URLs above are included.
	Connect []string
	// Personal says that the document shows a caller what it may use, so that the
	// page reads it again once a key is entered.
	Personal bool
}

func (c DocsConfig) withDefaults() DocsConfig {
	setDefault(&c.Title, "Service")
	setDefault(&c.SpecURL, "openapi.json")
	setDefault(&c.YAMLURL, "openapi.yaml")
	setDefault(&c.MCPURL, "mcp")
	if !c.Doors.Has(tandem.REST) {
		c.SpecURL, c.YAMLURL = "", ""
	}
	if !c.Doors.Has(tandem.MCP) {
		c.MCPURL = ""
	}
	return c
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// Docs returns the handler of /docs, Swagger UI on the service's OpenAPI
// document, and of /docs/mcp, a page on which a person lists and calls the tools
// as an agent would. Everything they need is embedded, their content security
// policy lets no request leave the host, and all their links are relative, so
// that they work below any base path, with a trailing slash or without.
func Docs(c DocsConfig) http.Handler {
	c = c.withDefaults()
	assets, err := loadAssets()
	if err != nil { // not reachable: the files are part of the program
		panic("tandem: docs assets: " + err.Error())
	}
	d := &docs{assets: assets, policy: c.policy(), pages: map[string]*asset{}}
	for _, tail := range []string{"", "/", "/mcp", "/mcp/"} {
		if page := c.page(tail, assets); page != nil {
			d.pages[tail] = page
		}
	}
	return d
}

type docs struct {
	assets map[string]*asset
	pages  map[string]*asset // by the path's tail after /docs
	policy string
}

func (d *docs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	found := d.find(r.URL.Path)
	if found == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", d.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	found.serve(w, r)
}

// find returns what is served at a path, whatever base path is before /docs.
func (d *docs) find(path string) *asset {
	if _, name, ok := strings.Cut(path, docsPath+"/assets/"); ok {
		return d.assets[name]
	}
	for tail, page := range d.pages {
		if strings.HasSuffix(path, docsPath+tail) {
			return page
		}
	}
	return nil
}

// policy is the content security policy: scripts and styles from this host
// alone, none of them inline, and requests to this host and the configured
// origins.
func (c DocsConfig) policy() string {
	connect := []string{"'self'"}
	for _, address := range append([]string{c.SpecURL, c.MCPURL}, c.Connect...) {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			connect = append(connect, u.Scheme+"://"+u.Host)
		}
	}
	slices.Sort(connect)
	return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src data:; connect-src " +
		strings.Join(slices.Compact(connect), " ") + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

var templates = template.Must(template.ParseFS(ui, "ui/*.html"))

// pageData is what a template sees. All its URLs are relative to the page.
type pageData struct {
	DocsConfig
	View          string // "rest" or "mcp"
	Docs, DocsMCP string

	folder string // the docs folder, seen from the page
	assets map[string]*asset
}

// Asset returns the URL of an asset, which changes when its content does.
func (p pageData) Asset(name string) (string, error) {
	a, ok := p.assets[name]
	if !ok {
		return "", fmt.Errorf("no asset %q", name)
	}
	return p.folder + "assets/" + name + "?v=" + a.version, nil
}

// page renders the page at a tail of the path; nil if there is none.
func (c DocsConfig) page(tail string, assets map[string]*asset) *asset {
	view := "rest"
	if strings.HasPrefix(tail, "/mcp") || !c.Doors.Has(tandem.REST) {
		view = "mcp"
	}
	if view == "mcp" && !c.Doors.Has(tandem.MCP) {
		return nil
	}
	service := map[string]string{"": "./", "/": "../", "/mcp": "../", "/mcp/": "../../"}[tail]
	data := pageData{
		DocsConfig: c.below(service),
		View:       view,
		Docs:       service + "docs",
		DocsMCP:    service + "docs/mcp",
		folder:     service + "docs/",
		assets:     assets,
	}
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, view+".html", data); err != nil { // not reachable: the templates are part of the program
		panic("tandem: docs page: " + err.Error())
	}
	return newAsset("page.html", page.Bytes())
}

// below returns the config with its URLs as seen from a page that reaches the
// service's base path by this prefix.
func (c DocsConfig) below(service string) DocsConfig {
	for _, address := range []*string{&c.SpecURL, &c.YAMLURL, &c.MCPURL} {
		u, err := url.Parse(*address)
		if *address != "" && err == nil && !u.IsAbs() && u.Host == "" && !strings.HasPrefix(*address, "/") {
			*address = service + *address
		}
	}
	return c
}
