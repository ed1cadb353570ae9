package openapi_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tandem-go/tandem/internal/nodetools"
	"github.com/tandem-go/tandem/openapi"
)

// The linters that API teams use find nothing to say about the reference
// service's document, in JSON and in YAML, with and without credentials.
func TestLint(t *testing.T) {
	for name, cfg := range map[string]openapi.Config{
		"open":   {ServerURL: "/api/v1"},
		"closed": {ServerURL: "https://inventory.tandem.dev/api/v1", Auth: true},
	} {
		t.Run(name, func(t *testing.T) {
			doc := build(t, inventory(t), cfg)
			dir := t.TempDir()
			inJSON, inYAML := filepath.Join(dir, "openapi.json"), filepath.Join(dir, "openapi.yaml")
			write(t, inJSON, doc.JSON())
			write(t, inYAML, doc.YAML())
			ruleset := filepath.Join(dir, "ruleset.yaml")
			write(t, ruleset, []byte("extends: spectral:oas\n"))
			config := filepath.Join(dir, "redocly.yaml")
			write(t, config, []byte("extends:\n  - recommended\n"))
			lint(t, "redocly", "lint", "--config", config, "--max-problems", "50", "--format", "json", inJSON, inYAML)
			lint(t, "spectral", "lint", "--ruleset", ruleset, "--fail-severity", "hint", inJSON, inYAML)
		})
	}
}

// lint fails if the linter does, or if it says anything about the documents.
func lint(t *testing.T, tool string, args ...string) {
	t.Helper()
	cmd := nodetools.Command(t.Context(), t, tool, args...)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("%s: %v\n%s", tool, err, out)
	}
}

func write(t testing.TB, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
