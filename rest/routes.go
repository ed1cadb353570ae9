package rest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/tandem-go/tandem"
)

// routes finds the operation of a request. The ServeMux only matches: what it
// would answer itself, redirects above all, goes nowhere.
type routes struct {
	revision uint64
	prefix   string
	mux      *http.ServeMux
	ops      []*tandem.Registered
	hidden   hiddenRoutes
}

func newRoutes(svc *tandem.Service, prefix string) *routes {
	rs := &routes{revision: svc.Revision(), prefix: prefix, mux: http.NewServeMux()} // the revision first: what is added meanwhile counts as later
	for _, op := range svc.Operations() {
		if op.Doors.Has(tandem.REST) {
			rs.add(op)
		}
	}
	return rs
}

func (rs *routes) add(op *tandem.Registered) {
	rs.ops = append(rs.ops, op)
	rs.mux.Handle(op.Binding().Pattern(rs.prefix), matched{op})
}

// match is what the ServeMux found. It poses as a ResponseWriter to learn it.
type match struct {
	op     *tandem.Registered // nil if no route matched
	header http.Header
	status int
	// wavered says that another operation matched as well, and gave way.
	wavered bool
}

func (m *match) Write(p []byte) (int, error) { return len(p), nil }
func (m *match) WriteHeader(status int)      { m.status = status }
func (m *match) Header() http.Header {
	if m.header == nil {
		m.header = http.Header{}
	}
	return m.header
}

// allow returns the methods of the path, empty if no route has it.
func (m *match) allow() string { return m.header.Get("Allow") }

// matched stands for an operation in the ServeMux.
type matched struct{ op *tandem.Registered }

func (h matched) ServeHTTP(w http.ResponseWriter, _ *http.Request) { w.(*match).op = h.op }

// find returns the match of r and the request that has its path values: r itself,
// or a copy with another trailing slash.
func (rs *routes) find(r *http.Request) (*match, *http.Request) {
	m := &match{}
	rs.mux.ServeHTTP(m, r)
	if m.op != nil && !emptyRest(m.op, r) {
		return m, r
	}
	other, ok := otherSlash(r, m.status)
	if !ok {
		return m, r
	}
	m.wavered = m.op != nil
	second := &match{wavered: m.wavered}
	rs.mux.ServeHTTP(second, other)
	switch {
	case second.op != nil:
		r.Pattern = other.Pattern // for whoever logs the request
		return second, other
	case m.op == nil && second.allow() != "":
		return second, r
	}
	return m, r
}

// emptyRest reports whether {name...} took nothing, as for /files/ of /files/{name...}:
// then an operation at /files goes first.
func emptyRest(op *tandem.Registered, r *http.Request) bool {
	if !strings.HasSuffix(r.URL.Path, "/") {
		return false
	}
	for _, p := range op.Binding().Params {
		if p.Rest {
			return r.PathValue(p.Name) == ""
		}
	}
	return false
}

// otherSlash returns r without its trailing slash, or with one where the
// ServeMux would redirect there: {name...} then takes the empty rest of the path.
func otherSlash(r *http.Request, status int) (*http.Request, bool) {
	u := *r.URL
	switch path := u.EscapedPath(); {
	case path == "/", strings.HasSuffix(path, "//"):
		return nil, false
	case strings.HasSuffix(path, "/"):
		u.Path = strings.TrimSuffix(u.Path, "/")
		u.RawPath = strings.TrimSuffix(u.RawPath, "/")
	case status >= 300 && status < 400:
		u.Path = withSlash(u.Path)
		u.RawPath = withSlash(u.RawPath)
	default:
		return nil, false
	}
	other := *r
	other.URL = &u
	return &other, true
}

func withSlash(path string) string {
	if path == "" {
		return ""
	}
	return path + "/"
}

// refuseRoute answers a request that no operation matches.
func refuseRoute(w http.ResponseWriter, r *http.Request, m *match) {
	allow := m.allow()
	if allow == "" {
		writeProblem(w, problem(http.StatusNotFound, "no operation has the path "+displayPath(r.URL)))
		return
	}
	allow += ", " + http.MethodOptions
	w.Header().Set("Allow", allow)
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	writeProblem(w, problem(http.StatusMethodNotAllowed, "the path takes the methods "+allow))
}

// displayPath returns the path in escaped form, cut to a length that is read.
func displayPath(u *url.URL) string {
	const most = 200
	path := u.EscapedPath()
	if len(path) > most {
		return path[:most] + "…"
	}
	return path
}
