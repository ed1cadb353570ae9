package main

import (
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// event is a line of go test -json; see go doc test2json.
type event struct {
	Action  string
	Package string
	Test    string // empty for the package itself
	Output  string
}

// report gathers the events of a run.
type report struct {
	out     io.Writer
	outputs map[string]map[string]*strings.Builder // by package, then test
	reasons map[string][]string                    // skipped tests by their reason

	passed, failed, skipped int
}

func newReport(out io.Writer) *report {
	return &report{out: out, outputs: map[string]map[string]*strings.Builder{}, reasons: map[string][]string{}}
}

func (r *report) print(text string) { fmt.Fprint(r.out, text) }

func (r *report) add(e event) {
	switch e.Action {
	case "build-output":
		r.print(e.Output)
	case "output":
		r.output(e.Package, e.Test).WriteString(e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.endPackage(e)
		} else {
			r.endTest(e)
		}
	}
}

// output returns the buffer of a test's output.
func (r *report) output(pkg, test string) *strings.Builder {
	if r.outputs[pkg] == nil {
		r.outputs[pkg] = map[string]*strings.Builder{}
	}
	if r.outputs[pkg][test] == nil {
		r.outputs[pkg][test] = &strings.Builder{}
	}
	return r.outputs[pkg][test]
}

// endTest counts a test; only a failed one's output is kept.
func (r *report) endTest(e event) {
	switch e.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
		return
	case "skip":
		r.skipped++
		why := reason(r.output(e.Package, e.Test).String())
		r.reasons[why] = append(r.reasons[why], e.Package+"."+e.Test)
	}
	delete(r.outputs[e.Package], e.Test)
}

// endPackage prints the package's line, and where it failed what its failed and
// unfinished tests said.
func (r *report) endPackage(e event) {
	outputs := r.outputs[e.Package]
	delete(r.outputs, e.Package)
	own := ""
	if b := outputs[""]; b != nil {
		own = b.String()
	}
	switch e.Action {
	case "pass":
		r.print(okLine(own))
	case "fail":
		for _, test := range slices.Sorted(maps.Keys(outputs)) {
			if test != "" {
				r.print(withoutNoise(outputs[test].String()))
			}
		}
		r.print(own)
		if own == "" { // it did not build
			r.print("FAIL\t" + e.Package + "\n")
		}
	}
}

// close prints the skipped tests by their reason, and the sums.
func (r *report) close() {
	for _, why := range slices.Sorted(maps.Keys(r.reasons)) {
		r.print(fmt.Sprintf("skipped (%s):\n", why))
		for _, test := range r.reasons[why] {
			r.print("    " + test + "\n")
		}
	}
	r.print(fmt.Sprintf("%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped))
}

// okLine returns the line of a package that passed.
func okLine(output string) string {
	for line := range strings.Lines(output) {
		if strings.HasPrefix(line, "ok ") {
			return line
		}
	}
	return ""
}

// noise are lines that tell nothing of a failure.
var noise = regexp.MustCompile(`^=== (RUN|PAUSE|CONT|NAME) `)

func withoutNoise(output string) string {
	var kept strings.Builder
	for line := range strings.Lines(output) {
		if !noise.MatchString(line) {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// logged is where and what a test logged.
var logged = regexp.MustCompile(`^\s+\S+\.go:\d+: (.*)`)

// reason returns the last thing that a skipped test logged.
func reason(output string) string {
	why := "no reason given"
	for line := range strings.Lines(output) {
		if match := logged.FindStringSubmatch(line); match != nil {
			why = strings.TrimSpace(match[1])
		}
	}
	return why
}
