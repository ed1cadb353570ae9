package securitytest

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"testing"
)

// guideRow is a row of the tables in the guide: the number of a case, and its test.
var guideRow = regexp.MustCompile("(?m)^\\| (\\d+) \\|.*\\| (?:`(\\d\\d_\\w+)`|–) \\|$")

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
