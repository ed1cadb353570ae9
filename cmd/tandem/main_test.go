package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is the path of the program that the tests run.
var program string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "tandem-")
	if err == nil {
		program = filepath.Join(folder, "tandem")
		var output []byte
		if output, err = exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, output)
		}
	}
	status := 1
	if err == nil {
		status = m.Run()
	}
	if err := errors.Join(err, os.RemoveAll(folder)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

// result is how a run of the program ended.
type result struct {
	status         int
	stdout, stderr string
}

// shell runs the program in a folder, with nothing else in its environment.
type shell struct {
	folder string
	env    []string
	stdin  string
}

func newShell(t *testing.T, env ...string) shell {
	t.Helper()
	return shell{folder: t.TempDir(), env: env}
}

func (s shell) with(env ...string) shell {
	s.env = append(append([]string{}, s.env...), env...)
	return s
}

func (s shell) run(t *testing.T, args ...string) result {
	t.Helper()
	command := exec.CommandContext(t.Context(), program, args...)
	command.Dir, command.Env, command.Stdin = s.folder, append([]string{}, s.env...), strings.NewReader(s.stdin)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	return result{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// must runs the program and fails the test unless it succeeds.
func (s shell) must(t *testing.T, args ...string) result {
	t.Helper()
	o := s.run(t, args...)
	if o.status != statusOK {
		t.Fatalf("tandem %s: status %d\n%s%s", strings.Join(args, " "), o.status, o.stdout, o.stderr)
	}
	return o
}

// Mistakes in a command line end with status 2, what cannot be done with 1; the
// reason is on stderr, says what to do, and stdout is left alone.
func TestFailures(t *testing.T) {
	s := newShell(t)
	s.must(t, "keys", "create", "--file", "keys", "ci")
	s.must(t, "keys", "create", "--file", "keys", "ci")
	for name, text := range map[string]string{"bad": "oops\n", "token": "a b\n", "empty": "\n", "page.html": "<html>"} {
		if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args   string
		status int
		says   string
	}{
		{"", statusUsage, "keys"},
		{"nothing", statusUsage, "nothing"},
		{"keys", statusUsage, "create"},
		{"keys create", statusUsage, "--file FILE (or $API_KEYS_FILE)"},
		{"keys list", statusUsage, "--file FILE"},
		{"keys revoke x", statusUsage, "--file FILE"},
		{"keys revoke --file keys", statusUsage, "id|name"},
		{"keys create --file keys --database sqlite:db", statusUsage, "--file and --database"},
		{"keys create --file keys --expires soon", statusUsage, "90d"},
		{"keys create --file keys --expires 90", statusUsage, "90d"},
		{"keys create --file keys --expires=-1d", statusUsage, "ended already"},
		{"keys create --file keys --expires=0d", statusUsage, "ended already"},
		{"keys create --file keys --expires 99999999999d", statusUsage, "90d"},
		{"keys create --file keys --expires 2001-01-01", statusFailed, "expired already"},
		{"keys create --file keys --scopes a\"b", statusFailed, "not a scope"},
		{"keys create --file keys --scopes a,a", statusFailed, "twice"},
		{"keys create --file keys ci extra", statusUsage, "extra"},
		{"keys create --file keys --digest x", statusUsage, "--digest"},
		{"keys create --file none/keys", statusFailed, "make the folder"},
		{"keys create --file bad", statusFailed, "line 1"},
		{"keys list --file keys -o yaml", statusUsage, "yaml"},
		{"keys list --file none", statusFailed, "tandem keys create --file none"},
		{"keys list --file .", statusFailed, "not a file"},
		{"keys revoke --file keys nobody", statusFailed, "tandem keys list --file keys"},
		{"keys revoke --file keys ci", statusFailed, "by its ID"},
		{"keys revoke --file none ci", statusFailed, "no such file"},
		{"keys list --database mysql://root:hush@db/x", statusUsage, "sqlite:PATH or postgres://"},
		{"keys list --database sqlite:", statusUsage, "path of a file"},
		{"keys list --database sqlite::memory:", statusUsage, "path of a file"},
		{"keys list --database sqlite:none.db", statusFailed, "unable to open"},
		{"keys list --database postgres://me:hush@127.0.0.1:1/x", statusFailed, "refused"},
		{"keys list --database postgres://me:hush@127.0.0.1:port/x", statusUsage, "--database"},
		{"auth explain", statusUsage, "$TANDEM_TOKEN"},
		{"auth explain some-token", statusUsage, "unexpected argument"},
		{"auth explain --token-file none", statusFailed, "no such file"},
		{"auth explain --token-file token", statusUsage, "spaces"},
		{"auth explain --token-file empty", statusUsage, "empty"},
		{"auth explain --token-file -", statusUsage, "empty"},
	} {
		o := s.run(t, strings.Fields(c.args)...)
		if o.status != c.status || !strings.Contains(o.stderr, c.says) || o.stdout != "" || strings.Contains(o.stderr, "hush") {
			t.Errorf("tandem %s: status %d, want %d and %q\n%s%s", c.args, o.status, c.status, c.says, o.stdout, o.stderr)
		}
	}
}

// Help is on stdout, and names every command.
func TestHelp(t *testing.T) {
	o := newShell(t).must(t, "--help")
	for _, command := range []string{"keys create", "keys list", "keys revoke", "auth explain"} {
		if !strings.Contains(o.stdout, command) {
			t.Errorf("no %s in\n%s", command, o.stdout)
		}
		if help := newShell(t).must(t, append(strings.Fields(command), "--help")...); !strings.Contains(help.stdout, "Usage: tandem "+command) {
			t.Errorf("the help of %s is\n%s", command, help.stdout)
		}
	}
}
