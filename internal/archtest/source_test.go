package archtest

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/tandem-go/tandem"

// source is a package's files, whatever system they are for.
type source struct {
	path  string // below the module's path
	files []file
}

type file struct {
	name    string // below the module's root
	test    bool
	imports []string
	doc     string // the package comment
	main    bool   // package main
}

// sources returns every package of the module by its path.
func sources(t *testing.T) map[string]*source {
	t.Helper()
	root := moduleRoot(t)
	found := map[string]*source{}
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return skipFolder(name, root, entry.Name())
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		below, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		return add(found, name, filepath.ToSlash(below))
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// skipFolder skips folders whose Go files, if any, are not the module's.
func skipFolder(name, root, folder string) error {
	if name == root {
		return nil
	}
	if folder == "testdata" || folder == "node_modules" || strings.HasPrefix(folder, ".") || strings.HasPrefix(folder, "_") {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(name, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

// add enters the file into its package.
func add(found map[string]*source, name, below string) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return err
	}
	folder := path.Dir(below)
	if parked(parsed) {
		return nil
	}
	if found[folder] == nil {
		found[folder] = &source{path: folder}
	}
	f := file{name: below, test: strings.HasSuffix(below, "_test.go"), doc: parsed.Doc.Text(), main: parsed.Name.Name == "main"}
	for _, spec := range parsed.Imports {
		f.imports = append(f.imports, importPath(spec))
	}
	found[folder].files = append(found[folder].files, f)
	return nil
}

// parked reports whether no build has the file: it keeps modules in go.mod, or
// is a program to be run by its name.
func parked(parsed *ast.File) bool {
	for _, group := range parsed.Comments {
		for _, line := range group.List {
			if group.Pos() > parsed.Package || !constraint.IsGoBuild(line.Text) {
				continue
			}
			expression, err := constraint.Parse(line.Text)
			if err == nil && !expression.Eval(func(tag string) bool { return !slices.Contains(parkedTags, tag) }) {
				return true
			}
		}
	}
	return false
}

// parkedTags are those that no build sets.
var parkedTags = []string{"deps", "ignore", "tools"}

func importPath(spec *ast.ImportSpec) string {
	unquoted, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value // the parser accepts no such thing
	}
	return unquoted
}

// moduleRoot returns the nearest folder above this one that holds go.mod.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}

// below returns the path of an imported package below the module's path, and
// whether it belongs to the module.
func below(imported string) (string, bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

// standard reports whether the package is of the standard library.
func standard(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

// within reports whether the package is prefix or lies below it; a prefix of a
// third-party module takes in its later major versions.
func within(imported, prefix string) bool {
	if standard(prefix) {
		return imported == prefix
	}
	return imported == prefix || strings.HasPrefix(imported, prefix+"/")
}
