// Package doctest keeps the guides true: what they show is what compiles.
package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

var fence = regexp.MustCompile("(?ms)^```([a-z]+)\n(.*?)^```$")

// Each Go block of the README and the guides stands to the letter in an example,
// which go vet compiles, but for its indentation.
func TestGoBlocksStandInExamples(t *testing.T) {
	code := exampleCode(t)
	blocks := 0
	for _, page := range pages(t) {
		for _, block := range blocksOf(t, page, "go") {
			blocks++
			if !strings.Contains(code, dedent(block)) {
				t.Errorf("%s: this block stands in no file below examples/:\n%s", page, block)
			}
		}
	}
	if blocks == 0 {
		t.Error("no Go block was found: the test checks nothing")
	}
}

// Links between the pages and into the repository lead to something.
func TestLinksLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	for _, page := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, page), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", page, m[1], err)
			}
		}
	}
}

func pages(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob(root + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	top, err := filepath.Glob(root + "/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append(docs, top...)
}

func blocksOf(t *testing.T, page, language string) []string {
	t.Helper()
	var blocks []string
	for _, m := range fence.FindAllStringSubmatch(read(t, page), -1) {
		if m[1] == language {
			blocks = append(blocks, m[2])
		}
	}
	return blocks
}

// exampleCode returns the code of all examples without its indentation.
func exampleCode(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(root+"/examples", func(path string, _ os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") {
			all.WriteString(dedent(read(t, path)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// dedent strips the white space at the start of each line.
func dedent(code string) string {
	lines := strings.SplitAfter(code, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimLeft(line, "\t ")
	}
	return strings.Join(lines, "")
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
