package nodetools

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every tool that package.json pins can be started.
func TestToolsRun(t *testing.T) {
	for _, tool := range []string{"redocly", "spectral"} {
		out, err := Command(t.Context(), t, tool, "--version").Output()
		if err != nil || strings.TrimSpace(string(out)) == "" {
			t.Errorf("%s --version: %q, %v", tool, out, err)
		}
	}
}

// A script anywhere finds the packages, under a node that is new enough.
func TestScript(t *testing.T) {
	script := filepath.Join(t.TempDir(), "probe.cjs")
	program := `require("playwright-core"); console.log(process.versions.node)`
	if err := os.WriteFile(script, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := Script(t.Context(), t, 22, script).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) < "22" {
		t.Fatalf("%q, %v", out, err)
	}
}

// A missing program skips the test by default and fails it where services are
// required.
func TestMissing(t *testing.T) {
	for required, wantFailed := range map[string]bool{"": false, "1": true} {
		t.Setenv("TANDEM_REQUIRE_SERVICES", required)
		probe := &outcome{TB: t}
		missing(probe, os.ErrNotExist)
		if probe.failed != wantFailed || probe.skipped == wantFailed {
			t.Errorf("required %q: failed %v, skipped %v", required, probe.failed, probe.skipped)
		}
	}
}

// outcome records how a test was ended without ending it.
type outcome struct {
	testing.TB
	failed, skipped bool
}

func (o *outcome) Helper()      {}
func (o *outcome) Fatal(...any) { o.failed = true }
func (o *outcome) Skip(...any)  { o.skipped = true }
