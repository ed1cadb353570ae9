// Package binding says where a REST request carries each argument of an
// operation: path, query, header or body. The router and the OpenAPI document
// both read the same plan, so they cannot drift apart.
package binding

import (
	"fmt"
	"net/http"
	"regexp"
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
	Key   string // its name on the wire: the path variable, the query key, the header
	Rest  bool   // a path variable that takes the rest of the path, {name...}
}

// Plan binds the arguments of one operation.
type Plan struct {
	Method string
	Path   string // the route's pattern, such as "/products/{sku}"
	Params []Param
}

var variable = regexp.MustCompile(`\{([^{}]*?)(\.\.\.)?\}`)

// New plans the binding of in, a struct type. The error says which path
// variable has no argument or which argument cannot be carried where it should.
func New(method, path string, in *schema.Type) (*Plan, error) {
	if !strings.HasPrefix(path, "/") {
		return nil, fmt.Errorf("path %q must start with a slash", path)
	}
	variables := map[string]bool{} // name → takes the rest
	for _, m := range variable.FindAllStringSubmatch(path, -1) {
		variables[m[1]] = m[2] != ""
	}
	p := &Plan{Method: method, Path: path}
	for _, f := range in.Fields() {
		rest, inPath := variables[f.Name]
		delete(variables, f.Name)
		place, err := placeOf(method, f, inPath)
		if err != nil {
			return nil, fmt.Errorf("argument %q: %w", f.Name, err)
		}
		p.Params = append(p.Params, Param{Field: f, Place: place, Key: f.Name, Rest: rest})
	}
	for name := range variables {
		return nil, fmt.Errorf("path variable {%s} has no argument of that JSON name", name)
	}
	return p, nil
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
