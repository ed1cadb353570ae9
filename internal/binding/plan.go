// Package binding says where a REST request carries each argument of an
// operation: path, query, header or body. The router, the OpenAPI document and
// clients in tests read the same plan, so they cannot drift apart.
package binding

import (
	"fmt"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/tandem-go/tandem/internal/schema"
)

// Place is the part of a request that carries an argument.
type Place uint8

// The places.
const (
	Path Place = iota + 1
	Query
	Header
	Body
)

// String returns the name that OpenAPI uses for the place.
func (p Place) String() string {
	return [...]string{"", "path", "query", "header", "body"}[p]
}

// Param is one argument and its place.
type Param struct {
	schema.Field
	Place Place
	// Key is its name on the wire. Path variables, query keys and members of the
	// body bear the JSON name; a header bears it in canonical form, with '-' for
	// '_': if_match travels as If-Match.
	Key  string
	Rest bool // a path variable that takes the rest of the path, {name...}
}

// Plan binds the arguments of one operation. It is made by [New] and immutable.
type Plan struct {
	Method string
	Path   string // the route such as "/products/{sku}", without a trailing slash
	Params []Param

	byName map[string]*Param
	apart  []*Param // those that are not in the body
	room   int      // bytes that their names take in an arguments object, about
}

// New plans the binding of in, a struct type. Arguments that are readOnly are
// nothing that a request carries. The error says what is wrong with the path,
// which variable has no argument, or which argument cannot be carried where it
// should.
func New(method, path string, in *schema.Type) (*Plan, error) {
	if path != "/" {
		path = strings.TrimSuffix(path, "/")
	}
	variables, err := variablesOf(path)
	if err != nil {
		return nil, err
	}
	p := &Plan{Method: method, Path: path}
	for _, f := range in.Fields() {
		if f.ReadOnly {
			continue
		}
		param, err := newParam(method, f, variables)
		if err != nil {
			return nil, fmt.Errorf("argument %q: %w", f.Name, err)
		}
		delete(variables, f.Name)
		p.Params = append(p.Params, param)
	}
	for name := range variables {
		return nil, fmt.Errorf("path variable {%s} has no argument of that JSON name", name)
	}
	return p, p.index()
}

// Pattern returns the route's pattern for net/http's ServeMux, below a prefix
// such as "/api/v1".
func (p *Plan) Pattern(prefix string) string {
	path := prefix + p.Path
	if p.Path == "/" && prefix != "" {
		path = prefix
	}
	if path == "/" {
		path = "/{$}" // a bare slash would match every path
	}
	return p.Method + " " + path
}

// TakesBody reports whether a request of the operation may have a body.
func (p *Plan) TakesBody() bool {
	return p.Method == http.MethodPost || p.Method == http.MethodPut || p.Method == http.MethodPatch
}

// index fills in what is looked up per request, and refuses headers that two
// arguments would share.
func (p *Plan) index() error {
	p.byName = make(map[string]*Param, len(p.Params))
	p.room = 2
	headers := map[string]string{}
	for i := range p.Params {
		param := &p.Params[i]
		p.byName[param.Name] = param
		if param.Place != Body {
			p.apart = append(p.apart, param)
			p.room += len(param.Name) + len(`"":"",`)
		}
		if param.Place != Header {
			continue
		}
		if other, taken := headers[param.Key]; taken {
			return fmt.Errorf("arguments %q and %q would share the header %s", other, param.Name, param.Key)
		}
		headers[param.Key] = param.Name
	}
	return nil
}

func newParam(method string, f schema.Field, variables map[string]bool) (Param, error) {
	rest, inPath := variables[f.Name]
	place, err := placeOf(method, f, inPath)
	if err != nil {
		return Param{}, err
	}
	param := Param{Field: f, Place: place, Key: f.Name, Rest: rest}
	if place == Header {
		param.Key = textproto.CanonicalMIMEHeaderKey(strings.ReplaceAll(f.Name, "_", "-"))
	}
	return param, param.check()
}

func placeOf(method string, f schema.Field, inPath bool) (Place, error) {
	switch {
	case inPath && f.In != "" && f.In != "path":
		return 0, fmt.Errorf("it is a path variable, but its tag says in:%q", f.In)
	case inPath:
		return Path, nil
	case f.In == "query":
		return Query, nil
	case f.In == "header":
		return Header, nil
	case f.In != "":
		return 0, fmt.Errorf("in:%q is not one of query, header", f.In)
	case method == http.MethodPost, method == http.MethodPut, method == http.MethodPatch:
		return Body, nil
	}
	return Query, nil
}
