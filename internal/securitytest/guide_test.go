package securitytest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// guideRow is a row of the tables in the guide: the number of a case, and its test.
var guideRow = regexp.MustCompile("(?m)^\\| (\\d+) \\|.*\\| (?:`(\\d\\d_\\w+)`|–) \\|$")

// guideTest is a test that the guide names outside of its tables.
var guideTest = regexp.MustCompile("`(Test\\w+)`")

// Tests that the guide names in its text are there.
func TestGuideNamesTests(t *testing.T) {
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	var code bytes.Buffer
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code.Write(text)
	}
	names := guideTest.FindAllSubmatch(page, -1)
	for _, m := range names {
		if !bytes.Contains(code.Bytes(), []byte("func "+string(m[1])+"(t *testing.T)")) {
			t.Errorf("there is no %s", m[1])
		}
	}
	if len(names) == 0 {
		t.Error("no test was found: this one checks nothing")
	}
}

// The guide to security has a row for each case with the name of its test, and for
// each number that this table leaves out.
func TestGuideHasEveryCase(t *testing.T) {
	page, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, m := range guideRow.FindAllStringSubmatch(string(page), -1) {
		name := m[2]
		if name == "" {
			name = m[1]
		} else if name[:2] != fmt.Sprintf("%02s", m[1]) {
			t.Errorf("row %s names the test %s", m[1], name)
		}
		told = append(told, name)
	}
	var there []string
	for _, c := range cases() {
		there = append(there, fmt.Sprintf("%02d_%s", c.number, c.name))
	}
	for n := range elsewhere {
		there = append(there, fmt.Sprint(n))
	}
	slices.Sort(told)
	slices.Sort(there)
	if !slices.Equal(told, there) {
		t.Errorf("the guide has the rows\n%q\nand the table has\n%q", told, there)
	}
}
