package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-go/tandem/examples/conformance/fixtures"
	"github.com/tandem-go/tandem/internal/nodetools"
	"github.com/tandem-go/tandem/server"
)

// suite is the program of the official conformance suite.
const suite = "@modelcontextprotocol/conformance/dist/index.js"

// run is one run of the suite.
type run struct {
	name   string
	args   []string
	scored int // how many scenarios count
}

var runs = []run{
	{"2025-03-26", []string{"--suite", "all", "--spec-version", "2025-03-26"}, 1},
	{"2025-06-18", []string{"--suite", "all", "--spec-version", "2025-06-18"}, 27},
	{"2025-11-25", []string{"--suite", "all", "--spec-version", "2025-11-25"}, 33},
	{"2026-07-28", []string{"--suite", "all", "--spec-version", "2026-07-28"}, 40},
	{"required by 2025-11-25", []string{"--requirements", "2025-11-25"}, 30},
	{"required by 2026-07-28", []string{"--requirements", "2026-07-28"}, 37},
}

// The official suite passes in every revision, at one URL: each scored scenario
// runs, has a check that succeeded, and none that failed or warned.
func TestOfficialSuite(t *testing.T) {
	program := nodetools.File(t, suite)
	url := serve(t)
	for _, r := range runs {
		t.Run(r.name, func(t *testing.T) {
			o := r.against(t, program, url)
			for _, problem := range r.problems(o) {
				t.Error(problem)
			}
			t.Logf("%d/%d scored scenarios", o.passed(), r.scored)
		})
	}
}

// The suite exits with success where nobody answers, so that this test must not.
func TestDeadServerFails(t *testing.T) {
	program := nodetools.File(t, suite)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String() + "/mcp"
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for _, r := range []run{runs[0], runs[len(runs)-1]} {
		o := r.against(t, program, url)
		if len(r.problems(o)) == 0 || o.passed() != 0 {
			t.Errorf("%s: %d scenarios passed against a dead server", r.name, o.passed())
		}
	}
}

// serve serves the fixtures and returns the URL of the MCP endpoint.
func serve(t *testing.T) string {
	t.Helper()
	svc := fixtures.New()
	svc.Logger = slog.New(slog.DiscardHandler)
	s, err := server.New(svc, server.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		listening.CloseClientConnections()
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
		listening.Close()
	})
	return listening.URL + "/mcp"
}

// check is one check of a scenario as the suite records it.
type check struct {
	ID           string `json:"id"`
	Status       string `json:"status"`
	Description  string `json:"description"`
	ErrorMessage string `json:"errorMessage"`
}

// outcome is what came of one run: the checks of each scored scenario.
type outcome map[string][]check

var (
	summaryLine  = regexp.MustCompile(`(?m)^[✓✗] ([^\s:]+): \d+ passed, \d+ failed`)
	unscoredLine = regexp.MustCompile(`(?m)^\s+[✓✗] (\S+) \(`)
	folderName   = regexp.MustCompile(`^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$`)
)

// against runs the suite and reads what it has recorded. That it exits with an
// error shows in the checks.
func (r run) against(t *testing.T, program, url string) outcome {
	t.Helper()
	folder := t.TempDir()
	args := slices.Concat([]string{"server", "--url", url, "-o", folder}, r.args)
	report, err := nodetools.Script(t.Context(), t, 22, program, args...).CombinedOutput()
	if len(report) == 0 {
		t.Fatalf("the suite says nothing: %v", err)
	}
	_, summary, _ := strings.Cut(string(report), "=== SUMMARY ===")
	found := outcome{}
	for _, m := range summaryLine.FindAllStringSubmatch(summary, -1) {
		found[m[1]] = nil
	}
	for _, m := range unscoredLine.FindAllStringSubmatch(summary, -1) {
		delete(found, m[1])
	}
	found.read(t, folder)
	return found
}

// read adds the recorded checks to the scenarios.
func (o outcome) read(t *testing.T, folder string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		m := folderName.FindStringSubmatch(entry.Name())
		if m == nil {
			continue
		}
		if _, scored := o[m[1]]; !scored {
			continue
		}
		recorded, err := os.ReadFile(filepath.Join(folder, entry.Name(), "checks.json"))
		if err != nil {
			t.Fatal(err)
		}
		var checks []check
		if err := json.Unmarshal(recorded, &checks); err != nil {
			t.Fatal(err)
		}
		o[m[1]] = append(o[m[1]], checks...)
	}
}

// problems returns why the outcome is not what it should be.
func (r run) problems(o outcome) []string {
	var all []string
	if len(o) != r.scored {
		all = append(all, fmt.Sprintf("%d scored scenarios ran, not %d", len(o), r.scored))
	}
	for name, checks := range o {
		all = append(all, problemsOf(name, checks)...)
	}
	slices.Sort(all)
	return all
}

func problemsOf(scenario string, checks []check) []string {
	var all []string
	succeeded := false
	for _, c := range checks {
		switch c.Status {
		case "SUCCESS":
			succeeded = true
		case "FAILURE", "WARNING", "SKIPPED":
			all = append(all, fmt.Sprintf("%s: %s %s: %s (%s)", scenario, c.Status, c.ID, c.ErrorMessage, c.Description))
		}
	}
	if !succeeded {
		all = append(all, scenario+": no check succeeded")
	}
	return all
}

// passed returns how many scenarios have no problem.
func (o outcome) passed() int {
	n := 0
	for name, checks := range o {
		if len(problemsOf(name, checks)) == 0 {
			n++
		}
	}
	return n
}
