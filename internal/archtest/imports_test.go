package archtest

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Every package imports of the module what the table allows, and no more; and
// the table allows no more than what is imported.
func TestImportTable(t *testing.T) {
	found := sources(t)
	listed := map[string]bool{}
	for _, r := range rooms {
		if listed[r.path] {
			t.Errorf("%s has two rows in the table", r.path)
		}
		listed[r.path] = true
		if found[r.path] == nil {
			t.Errorf("the table has a row for %s, which does not exist: take the row out", r.path)
			continue
		}
		r.check(t, found[r.path])
	}
	for path := range found {
		if !listed[path] {
			t.Errorf("%s has no row in the table: add one that says what of the module it may import", path)
		}
	}
}

// check compares the row with the package.
func (r room) check(t *testing.T, s *source) {
	t.Helper()
	used := map[string]bool{}
	for _, f := range s.files {
		if f.test {
			continue
		}
		for _, imported := range f.imports {
			target, ours := below(imported)
			if !ours {
				continue
			}
			used[target] = true
			if !slices.Contains(r.may, target) {
				t.Errorf("%s: %s may not import %s; it may import %v", f.name, r.path, target, r.may)
			}
		}
	}
	for _, target := range r.may {
		if !used[target] {
			t.Errorf("the table lets %s import %s, which it does not: take the allowance out", r.path, target)
		}
	}
}

// The doors never import each other, in tests neither: what is the same in both
// lives at the waist. Tests from outside may use tandemtest and server, which
// hold both.
func TestDoorsStayApart(t *testing.T) {
	found := sources(t)
	for from, to := range map[string]string{"rest": "mcp", "mcp": "rest", "openapi": "mcp"} {
		if found[from] == nil {
			t.Errorf("%s does not exist", from)
			continue
		}
		for _, f := range found[from].files {
			if slices.Contains(f.imports, module+"/"+to) {
				t.Errorf("%s imports %s", f.name, to)
			}
		}
	}
}

// ban is an import that only some packages may have. Tests are exempt.
type ban struct {
	path   string // a package, or a module with all its packages
	only   []string
	reason string
}

// No package has a banned import, and no ban is stale.
func TestBans(t *testing.T) {
	found := sources(t)
	required := requirements(t)
	for _, b := range bans {
		if b.reason == "" {
			t.Errorf("the ban of %s has no reason", b.path)
		}
		if !standard(b.path) && !slices.ContainsFunc(required, func(m string) bool { return within(b.path, m) || within(m, b.path) }) {
			t.Errorf("go.mod does not require %s any more: take its ban out", b.path)
		}
		used := map[string]bool{}
		for path, s := range found {
			for _, f := range s.files {
				if f.test || !slices.ContainsFunc(f.imports, func(imported string) bool { return within(imported, b.path) }) {
					continue
				}
				used[path] = true
				if !slices.Contains(b.only, path) {
					t.Errorf("%s imports %s: %s", f.name, b.path, b.reason)
				}
			}
		}
		for _, path := range b.only {
			if !used[path] {
				t.Errorf("the ban of %s exempts %s, which does not import it: take the exemption out", b.path, path)
			}
		}
	}
}

// requirements returns the modules that go.mod requires.
func requirements(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(moduleRoot(t), "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	var modules []string
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) >= 2 && strings.HasPrefix(fields[1], "v") {
			modules = append(modules, fields[0])
		}
	}
	return modules
}

// Every package but the examples' programs has one comment that says what it is
// for; where a package has tests only, one of them has it.
func TestPackageComments(t *testing.T) {
	for path, s := range sources(t) {
		if s.isMain() && strings.HasPrefix(path, "examples/") {
			continue
		}
		var docs []string
		for _, f := range s.files {
			if f.doc != "" && (!f.test || s.testsOnly()) {
				docs = append(docs, f.doc)
			}
		}
		if start := s.commentStart(); len(docs) != 1 || !strings.HasPrefix(docs[0], start+" ") {
			t.Errorf("%s has %d package comments; it needs one that starts with %q", path, len(docs), start)
		}
	}
}

// commentStart returns the first words of the package's comment, as godoc has it.
func (s *source) commentStart() string {
	name := path.Base(s.path)
	switch {
	case s.path == ".":
		return "Package " + path.Base(module)
	case s.isMain():
		return "Command " + name
	}
	return "Package " + name
}

func (s *source) isMain() bool {
	return slices.ContainsFunc(s.files, func(f file) bool { return f.main })
}

func (s *source) testsOnly() bool {
	return !slices.ContainsFunc(s.files, func(f file) bool { return !f.test })
}
