package archtest

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// private are texts that belong to the machine on which somebody works. They
// are put together here so that this file does not hold them.
var private = []*regexp.Regexp{
	regexp.MustCompile(`(?:^|[^\w.$*-])/(?:wo` + `rk|ro` + `ot)/\w`),
	regexp.MustCompile(`(?:^|[^\w.$*-])/ho` + `me/[a-z]\w*/`),
	regexp.MustCompile(`(?:^|[^\w.$*-])/Us` + `ers/[A-Za-z]\w*/`),
	regexp.MustCompile(`\b[A-Z]:\\Us` + `ers\\`),
	regexp.MustCompile(`regis` + `try\.(?:npmjs|yarnpkg)\.`),
	regexp.MustCompile(`(?:pro` + `xy|sum)\.golang\.org`),
	regexp.MustCompile(`(?:deb|security|archive)\.(?:deb` + `ian\.org|ubuntu\.com)`),
	regexp.MustCompile(`\bpy` + `pi\.org`),
}

// No file names a folder of somebody's machine or the host of a package
// registry: both differ elsewhere.
func TestNothingPrivate(t *testing.T) {
	root := moduleRoot(t)
	for _, name := range tracked(t, root) {
		text, err := os.ReadFile(filepath.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted but not yet committed
		}
		if err != nil {
			t.Error(err)
			continue
		}
		for _, found := range findPrivate(text) {
			t.Errorf("%s: %s", name, found)
		}
	}
}

// findPrivate returns the lines that hold a private text, cut short.
func findPrivate(text []byte) []string {
	if bytes.IndexByte(text, 0) >= 0 {
		return nil // not text
	}
	var found []string
	for _, pattern := range private {
		for _, at := range pattern.FindAllIndex(text, 3) {
			found = append(found, string(text[max(0, at[0]-40):min(len(text), at[1]+40)]))
		}
	}
	return found
}

// tracked returns the names of the files in the repository.
func tracked(t *testing.T, root string) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "git", "ls-files", "-z")
	command.Dir = root
	output, err := command.Output()
	if err != nil {
		t.Skipf("this is not a git checkout, or git is missing: %v", err)
	}
	return strings.Split(strings.TrimSuffix(string(output), "\x00"), "\x00")
}

// The patterns find what they are for and leave ordinary text alone.
func TestFindPrivate(t *testing.T) {
	for _, text := range []string{
		"cd /wo" + "rk/main", "\"/ro" + "ot/go/pkg\"", "/ho" + "me/ann/src", "see /Us" + "ers/ann/src",
		"https://regis" + "try.npmjs.org/x", "GOPROXY=https://pro" + "xy.golang.org", "http://deb.deb" + "ian.org/debian",
	} {
		if len(findPrivate([]byte(text))) == 0 {
			t.Errorf("not found: %s", text)
		}
	}
	for _, text := range []string{
		"https://example.com/wo" + "rk/1", "$HOME/ro" + "ot/x", "/products/{sku}", "the /ro" + "ot of", "pkg.go.dev/x", "go.example/ho" + "me/x/",
	} {
		if found := findPrivate([]byte(text)); len(found) > 0 {
			t.Errorf("found %q in %s", found, text)
		}
	}
}
