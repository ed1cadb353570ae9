package schema

import (
	"fmt"
	"path"
	"reflect"
	"strings"
	"sync"
)

// Registry compiles the types of one service and names their components. It is safe for concurrent use.
type Registry struct {
	mu    sync.Mutex
	types map[typeKey]*Type
	named map[typeKey]*named
	names map[string]*named
	once  sync.Once
	inner *Registry // of types met only behind interfaces, which are no components; made when needed
}

// typeKey tells a type that refuses unknown properties from the same one that accepts them.
type typeKey struct {
	typ  reflect.Type
	open bool
}

// named is a type that stands under a name of its own: a component in OpenAPI.
type named struct {
	name      string
	codec     component
	done      bool   // its plan is whole
	recursive bool   // it contains itself, so it cannot stand in place everywhere
	schema    []byte // OpenAPI dialect
}

// NewRegistry returns an empty registry.
func NewRegistry() *Registry {
	return &Registry{types: map[typeKey]*Type{}, named: map[typeKey]*named{}, names: map[string]*named{}}
}

// Compile plans t. The error says which type and field is at fault and why. Compiling the same type again returns
// the same Type.
func (r *Registry) Compile(t reflect.Type, o Options) (*Type, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := typeKey{t, o.AllowUnknown}
	if known, ok := r.types[key]; ok {
		return known, nil
	}
	c := &compiler{registry: r, open: o.AllowUnknown}
	compiled, err := c.compile(t)
	if err != nil {
		c.forget()
		return nil, err
	}
	r.types[key] = compiled
	return compiled, nil
}

// Component returns the schema of a named component in the OpenAPI dialect.
func (r *Registry) Component(name string) ([]byte, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	n, ok := r.names[name]
	if !ok {
		return nil, false
	}
	return n.schema, true
}

// claim finds a free name for a type: its own, or one with ever more of its package's path before it, or with a number after it.
func (r *Registry) claim(key typeKey, wanted string, n *named) {
	suffix := ""
	if key.open {
		suffix = "Open"
	}
	dirs := strings.Split(key.typ.PkgPath(), "/")
	name := wanted
	for i := len(dirs) - 1; r.taken(name+suffix) && i >= 0; i-- {
		name = exported(dirs[i]) + name
	}
	if r.taken(name + suffix) {
		for i := 2; ; i++ {
			if numbered := fmt.Sprintf("%s%d", wanted, i); !r.taken(numbered + suffix) {
				name = numbered
				break
			}
		}
	}
	n.name = name + suffix
	r.names[n.name] = n
}

func (r *Registry) taken(name string) bool {
	_, ok := r.names[name]
	return ok
}

// typeName returns the name of t as a component: type arguments become part of it, without their packages.
func typeName(t reflect.Type) string {
	name, args, generic := strings.Cut(t.Name(), "[")
	if !generic {
		return exported(name)
	}
	var full strings.Builder
	full.WriteString(exported(name))
	for _, part := range strings.FieldsFunc(strings.TrimSuffix(args, "]"), isTypeSyntax) {
		full.WriteString(exported(path.Base(part)[strings.LastIndexByte(path.Base(part), '.')+1:]))
	}
	return full.String()
}

// isTypeSyntax says whether c separates the type names within a generic type's name.
func isTypeSyntax(c rune) bool {
	return strings.ContainsRune("[],*(){} ;", c)
}

// exported makes a part of a component name out of an identifier: letters, digits and '_', starting with an upper-case letter. The
// compiler's number of a local type (·1) is left out.
func exported(s string) string {
	s, _, _ = strings.Cut(s, "·")
	s = strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_':
			return c
		case c == '-', c == '.':
			return -1
		}
		return '_'
	}, s)
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// dynamic returns the registry for types that turn up behind interfaces, so that they do not become components.
func (r *Registry) dynamic() *Registry {
	r.once.Do(func() { r.inner = NewRegistry() })
	return r.inner
}
