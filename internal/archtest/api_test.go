package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The exported API of a public package mentions only types of the standard
// library and of this module, unless foreignAPI says otherwise: a dependency can
// then be replaced without breaking anybody.
func TestPublicAPI(t *testing.T) {
	found := sources(t)
	var public []string
	for name, s := range found {
		if isPublic(s) {
			public = append(public, name)
		}
	}
	slices.Sort(public)
	load := newLoader(t, public)
	for _, name := range public {
		t.Run(name, func(t *testing.T) {
			w := &walker{self: path.Join(module, name), allowed: foreignAPI[name], used: map[string]bool{}, seen: map[types.Type]bool{}}
			w.walk(load.check(t, found[name]))
			for _, problem := range w.problems {
				t.Error(problem)
			}
			for _, allowed := range w.allowed {
				if !w.used[allowed] {
					t.Errorf("foreignAPI lets %s mention %s, which it does not: take it out", name, allowed)
				}
			}
		})
	}
	for name := range foreignAPI {
		if !slices.Contains(public, name) {
			t.Errorf("foreignAPI has a row for %s, which is no public package", name)
		}
	}
}

// isPublic reports whether others can import the package.
func isPublic(s *source) bool {
	for _, element := range strings.Split(s.path, "/") {
		if element == "internal" || element == "examples" {
			return false
		}
	}
	return slices.ContainsFunc(s.files, func(f file) bool { return !f.main && !f.test })
}

// loader type-checks packages of the module on the compiler's export data.
type loader struct {
	root    string
	fset    *token.FileSet
	imports types.Importer
}

// newLoader has the go command compile what the packages import.
func newLoader(t *testing.T, packages []string) *loader {
	t.Helper()
	root := moduleRoot(t)
	args := []string{"list", "-export", "-deps", "-f", "{{if .Export}}{{.ImportPath}}={{.Export}}{{end}}"}
	for _, name := range packages {
		args = append(args, path.Join(module, name))
	}
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Dir = root
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(output)) {
		imported, export, _ := strings.Cut(strings.TrimSpace(line), "=")
		exports[imported] = export
	}
	fset := token.NewFileSet()
	return &loader{root, fset, importer.ForCompiler(fset, "gc", func(imported string) (io.ReadCloser, error) {
		export, ok := exports[imported]
		if !ok {
			return nil, fmt.Errorf("no export data of %s", imported)
		}
		return os.Open(export)
	})}
}

// check returns the package's exported objects.
func (l *loader) check(t *testing.T, s *source) *types.Package {
	t.Helper()
	imported, err := l.imports.Import(path.Join(module, s.path))
	if err != nil {
		t.Fatal(err)
	}
	return imported
}

// walker visits the types that an API mentions.
type walker struct {
	self     string // the package's path
	allowed  []string
	used     map[string]bool // of allowed
	seen     map[types.Type]bool
	at       string // the object that is being visited
	problems []string
}

func (w *walker) walk(p *types.Package) {
	for _, name := range p.Scope().Names() {
		object := p.Scope().Lookup(name)
		if !object.Exported() {
			continue
		}
		w.at = name
		w.visit(object.Type())
		if named, ok := object.Type().(*types.Named); ok && object.Pkg() == named.Obj().Pkg() {
			w.inside(named)
		}
	}
}

// visit visits a type that the API mentions.
func (w *walker) visit(t types.Type) {
	switch t := t.(type) {
	case *types.Alias:
		w.mention(t.Obj())
		w.visit(types.Unalias(t))
	case *types.Named:
		w.mention(t.Obj())
		for i := range t.TypeArgs().Len() {
			w.visit(t.TypeArgs().At(i))
		}
		if !t.Obj().Exported() {
			w.inside(t) // its exported methods are within reach all the same
		}
	case *types.TypeParam:
		w.once(t, func() { w.visit(t.Constraint()) })
	case *types.Signature:
		w.tuple(t.Params())
		w.tuple(t.Results())
		for i := range t.TypeParams().Len() {
			w.visit(t.TypeParams().At(i))
		}
	case *types.Struct:
		for i := range t.NumFields() {
			if field := t.Field(i); field.Exported() || field.Embedded() {
				w.visit(field.Type())
			}
		}
	case *types.Interface:
		w.once(t, func() { w.methods(t) })
	case *types.Union:
		for i := range t.Len() {
			w.visit(t.Term(i).Type())
		}
	case *types.Map:
		w.visit(t.Key())
		w.visit(t.Elem())
	case interface{ Elem() types.Type }: // pointer, slice, array, channel
		w.visit(t.Elem())
	}
}

// inside visits what a type of this package is made of.
func (w *walker) inside(named *types.Named) {
	if named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != w.self {
		return
	}
	w.once(named, func() {
		w.visit(named.Underlying())
		for i := range named.TypeParams().Len() {
			w.visit(named.TypeParams().At(i))
		}
		for i := range named.NumMethods() {
			if method := named.Method(i); method.Exported() {
				w.visit(method.Type())
			}
		}
	})
}

func (w *walker) methods(t *types.Interface) {
	for i := range t.NumExplicitMethods() {
		w.visit(t.ExplicitMethod(i).Type())
	}
	for i := range t.NumEmbeddeds() {
		w.visit(t.EmbeddedType(i))
	}
}

func (w *walker) tuple(t *types.Tuple) {
	for i := range t.Len() {
		w.visit(t.At(i).Type())
	}
}

func (w *walker) once(t types.Type, visit func()) {
	if !w.seen[t] {
		w.seen[t] = true
		visit()
	}
}

// mention judges the package of a type.
func (w *walker) mention(object *types.TypeName) {
	if object.Pkg() == nil { // error, any
		return
	}
	from := object.Pkg().Path()
	if _, ours := below(from); ours || standard(from) {
		return
	}
	for _, allowed := range w.allowed {
		if within(from, allowed) {
			w.used[allowed] = true
			return
		}
	}
	w.problems = append(w.problems, fmt.Sprintf("%s mentions %s.%s", w.at, from, object.Name()))
}

// The walker finds a foreign type wherever an API can hide one.
func TestWalkerFindsForeignTypes(t *testing.T) {
	for _, declaration := range []string{
		"func F(f.T) {}",
		"func F() (x []*f.T) { return }",
		"func F[P f.I](P) {}",
		"var V = f.New()",
		"var V map[string]chan f.T",
		"type A = f.T",
		"type T struct { X f.T }",
		"type T struct { f.T }",
		"type T struct { inner }; type inner struct { X f.T }",
		"type T struct{}; func (T) M() f.T { return f.T{} }",
		"type I interface { M(func(f.T)) }",
		"type I interface { f.I }",
		"type T[P f.I] struct{}",
		"type G[P any] struct{}; var V G[f.T]",
		"func F() *hidden { return nil }; type hidden struct{}; func (*hidden) M(f.T) {}",
	} {
		if problems := walkText(t, declaration); len(problems) == 0 {
			t.Errorf("not found in: %s", declaration)
		}
	}
	for _, declaration := range []string{
		"type T struct { x f.T }",
		"type T struct{}; func (T) m(f.T) {}",
		"func f2(f.T) {}",
		"func F(error, any, T) {}; type T struct { Next *T }",
	} {
		if problems := walkText(t, declaration); len(problems) > 0 {
			t.Errorf("%v, in: %s", problems, declaration)
		}
	}
}

// walkText walks a package with the declarations, where f is a foreign package.
func walkText(t *testing.T, declarations string) []string {
	t.Helper()
	foreign := check(t, "example.com/f", "package f; type T struct{}; type I interface { M() }; func New() T { return T{} }", nil)
	self := module + "/x"
	p := check(t, self, "package x; import \"example.com/f\"; var _ f.T; "+declarations, foreign)
	w := &walker{self: self, used: map[string]bool{}, seen: map[types.Type]bool{}}
	w.walk(p)
	return w.problems
}

func check(t *testing.T, name, text string, imported *types.Package) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, filepath.Base(name)+".go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	config := types.Config{Importer: importerFunc(func(string) (*types.Package, error) { return imported, nil })}
	checked, err := config.Check(name, fset, []*ast.File{parsed}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return checked
}

type importerFunc func(string) (*types.Package, error)

func (f importerFunc) Import(name string) (*types.Package, error) { return f(name) }
