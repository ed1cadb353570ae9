package archtest

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// row is a row of the design's table: the room, its purpose, what it may import.
var row = regexp.MustCompile("(?m)^\\| `([^`]+)`[^|]*\\|[^|]*\\| ([^|]+) \\|$")

// The design's table says what the import table says; it may leave rows out.
func TestDesignSaysTheTable(t *testing.T) {
	page, err := os.ReadFile("../../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(page), "## Rooms")
	section, _, _ := strings.Cut(after, "\n## ")
	found := row.FindAllStringSubmatch(section, -1)
	if len(found) < 10 {
		t.Fatalf("only %d rows were found", len(found))
	}
	for _, m := range found {
		i := slices.IndexFunc(rooms, func(r room) bool { return r.path == m[1] })
		if i < 0 {
			t.Errorf("the design has a row for %s, which the import table has not", m[1])
			continue
		}
		says := strings.Split(m[2], ", ")
		if m[2] == "–" {
			says = nil
		}
		if may := slices.Sorted(slices.Values(rooms[i].may)); !slices.Equal(slices.Sorted(slices.Values(says)), may) {
			t.Errorf("the design lets %s import %v, the import table %v", m[1], says, may)
		}
	}
}
