package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// reported returns what is printed of these events.
func reported(t *testing.T, events ...string) string {
	t.Helper()
	var out strings.Builder
	r := newReport(&out)
	if err := r.read(strings.NewReader(strings.Join(events, "\n"))); err != nil {
		t.Fatal(err)
	}
	r.close()
	return out.String()
}

// A skipped test is named under its reason, so that nobody takes it for passed.
func TestSkippedTestsAreNamed(t *testing.T) {
	got := reported(t,
		`{"Action":"run","Package":"p","Test":"A"}`,
		`{"Action":"output","Package":"p","Test":"A","Output":"=== RUN   A\n"}`,
		`{"Action":"output","Package":"p","Test":"A","Output":"    a_test.go:7: no database\n"}`,
		`{"Action":"output","Package":"p","Test":"A","Output":"--- SKIP: A (0.00s)\n"}`,
		`{"Action":"skip","Package":"p","Test":"A"}`,
		`{"Action":"output","Package":"p","Test":"B","Output":"=== RUN   B\n"}`,
		`{"Action":"pass","Package":"p","Test":"B"}`,
		`{"Action":"output","Package":"p","Output":"PASS\n"}`,
		`{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}`,
		`{"Action":"pass","Package":"p"}`,
	)
	want := "ok  \tp\t0.1s\nskipped (no database):\n    p.A\n1 passed, 0 failed, 1 skipped\n"
	if got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

// A failed package shows what its failed tests said, also those that a panic or
// a time-out left unfinished, and nothing of those that passed.
func TestFailuresAreShown(t *testing.T) {
	got := reported(t,
		`{"Action":"output","Package":"p","Test":"Passed","Output":"    a_test.go:1: chatter\n"}`,
		`{"Action":"pass","Package":"p","Test":"Passed"}`,
		`{"Action":"output","Package":"p","Test":"Failed","Output":"=== RUN   Failed\n"}`,
		`{"Action":"output","Package":"p","Test":"Failed","Output":"    a_test.go:2: wrong\n"}`,
		`{"Action":"fail","Package":"p","Test":"Failed"}`,
		`{"Action":"output","Package":"p","Test":"Unfinished","Output":"panic: out of time\n"}`,
		`{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}`,
		`{"Action":"fail","Package":"p"}`,
	)
	want := "    a_test.go:2: wrong\npanic: out of time\nFAIL\tp\t0.1s\n1 passed, 1 failed, 0 skipped\n"
	if got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

// What the compiler says of a package that does not build is shown.
func TestBuildFailuresAreShown(t *testing.T) {
	got := reported(t,
		`{"ImportPath":"p","Action":"build-output","Output":"p/a.go:3: undefined: x\n"}`,
		`{"ImportPath":"p","Action":"build-fail"}`,
		`{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}`,
		`{"Action":"fail","Package":"p","FailedBuild":"p"}`,
	)
	if !strings.Contains(got, "undefined: x") || !strings.Contains(got, "FAIL\tp [build failed]") {
		t.Errorf("got:\n%s", got)
	}
}

// The exit status is go test's: zero only if everything passed.
func TestExitStatus(t *testing.T) {
	for body, want := range map[string]int{
		"":                         0,
		`t.Skip("not today")`:      0,
		`t.Error("wrong")`:         1,
		`panic("wrong")`:           1,
		"this does not even build": 1,
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "go.mod"), "module example.com/p\n\ngo 1.26\n")
		write(t, filepath.Join(dir, "p_test.go"), "package p\n\nimport \"testing\"\n\nfunc TestP(t *testing.T) {\n"+body+"\n}\n")
		t.Chdir(dir)
		var out strings.Builder
		got, err := run(t.Context(), []string{"./..."}, &out)
		if err != nil || got != want {
			t.Errorf("%q: exit status %d, %v, want %d\n%s", body, got, err, want, out.String())
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
