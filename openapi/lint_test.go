package openapi_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/tandem-go/tandem/internal/nodetools"
	"github.com/tandem-go/tandem/openapi"
	"github.com/tandem-go/tandem/server"
)

// The linters that API teams use find nothing to say about the reference
// service's document, in JSON and in YAML, with and without credentials, nor
// about a service that has everything a service can have.
func TestLint(t *testing.T) {
	dir := t.TempDir()
	files := []string{
		fetch(t, dir, "served", serve(t, inventory(t), server.Config{})),
		save(t, dir, "closed", build(t, inventory(t), openapi.Config{ServerURL: "https://inventory.tandem.dev/api/v1", DocsURL: "https://inventory.tandem.dev/docs/mcp", Security: openapi.Security{Bearer: true}})),
		save(t, dir, "issuer", build(t, everything(t), openapi.Config{Security: openapi.Security{Bearer: true, Issuer: "https://id.example.com", Certificates: true}})),
		save(t, dir, "everything", build(t, everything(t), openapi.Config{Security: openapi.Security{Bearer: true}})),
	}
	for _, file := range files {
		files = append(files, strings.TrimSuffix(file, ".json")+".yaml")
	}
	if out, clean := redocly(t, dir, files...); !clean {
		t.Errorf("redocly:\n%s", out)
	}
	if out, clean := spectral(t, dir, files...); !clean {
		t.Errorf("spectral:\n%s", out)
	}
}

// A document that lacks what the linters look for is not called clean.
func TestLintComplains(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.json")
	doc := build(t, inventory(t), openapi.Config{}).JSON()
	write(t, bad, regexp.MustCompile(`"(summary|description)": "[^"]*",`).ReplaceAll(doc, nil))
	if out, clean := redocly(t, dir, bad); clean {
		t.Errorf("redocly:\n%s", out)
	}
	if out, clean := spectral(t, dir, bad); clean {
		t.Errorf("spectral:\n%s", out)
	}
}

// redocly reports whether its recommended rules find nothing, and what it said.
func redocly(t *testing.T, dir string, files ...string) (string, bool) {
	t.Helper()
	config := filepath.Join(dir, "redocly.yaml")
	write(t, config, []byte("extends:\n  - recommended\n"))
	args := append([]string{"lint", "--config", config, "--format", "json"}, files...)
	out, err := nodetools.Command(t.Context(), t, "redocly", args...).Output()
	return string(out), err == nil && strings.Count(string(out), `"problems": []`) == len(files)
}

// spectral reports whether its rules for OpenAPI find nothing, and what it said.
func spectral(t *testing.T, dir string, files ...string) (string, bool) {
	t.Helper()
	ruleset := filepath.Join(dir, "ruleset.yaml")
	write(t, ruleset, []byte("extends: spectral:oas\n"))
	args := append([]string{"lint", "--ruleset", ruleset, "--fail-severity", "hint"}, files...)
	out, err := nodetools.Command(t.Context(), t, "spectral", args...).CombinedOutput()
	return string(out), err == nil
}

// fetch writes both forms of the document that a server serves, and returns the
// name of the JSON one.
func fetch(t *testing.T, dir, name, url string) string {
	t.Helper()
	for _, form := range []string{".yaml", ".json"} {
		response, err := http.Get(url + "/openapi" + form)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name+form), []byte(read(t, response.Body)))
		if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", form, response.Status, err)
		}
	}
	return filepath.Join(dir, name+".json")
}

// save writes both forms of the document and returns the name of the JSON one.
func save(t *testing.T, dir, name string, doc *openapi.Document) string {
	t.Helper()
	write(t, filepath.Join(dir, name+".yaml"), doc.YAML())
	file := filepath.Join(dir, name+".json")
	write(t, file, doc.JSON())
	return file
}

func write(t testing.TB, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
