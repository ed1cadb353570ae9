package doctest

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// section is the part of a guide below one heading, up to the next one.
type section struct {
	heading string
	blocks  []codeBlock
}

// codeBlock is one fenced block: env has variables of a service, sh commands, and
// text what the commands before it print.
type codeBlock struct{ language, body string }

// sectionsOf cuts a page at its headings of levels 2 and 3.
func sectionsOf(t *testing.T, page string) []section {
	t.Helper()
	var all []section
	for _, part := range regexp.MustCompile(`(?m)^###? `).Split(read(t, page), -1)[1:] {
		heading, rest, _ := strings.Cut(part, "\n")
		s := section{heading: heading}
		for _, m := range fence.FindAllStringSubmatch(rest, -1) {
			s.blocks = append(s.blocks, codeBlock{m[1], m[2]})
		}
		all = append(all, s)
	}
	return all
}

// guide runs the commands of a guide in a folder of its own, as somebody does who
// reads it.
type guide struct {
	sections map[string]section
	folder   string
	address  string   // where services listen, in place of the guide's
	replace  []string // what stands for the guide's names here, old and new in turn
	env      []string // what the reader has set
	service  string   // what is started where the guide does not say
	programs map[string]string

	output []byte // of the last commands
	stop   func()
}

// start begins a folder; programs that are built are shared with g.
func (g *guide) start(t *testing.T) *guide {
	t.Helper()
	n := &guide{sections: g.sections, programs: g.programs, folder: folder(t), address: freeAddress(t), service: "./examples/inventory"}
	_, port, err := net.SplitHostPort(n.address)
	if err != nil {
		t.Fatal(err)
	}
	n.replace = []string{
		"https://inventory.example.com", "http://" + n.address,
		"127.0.0.1:8000", n.address, "0.0.0.0:8443", n.address, "localhost:8443", "localhost:" + port,
		"/run/secrets", filepath.Join(n.folder, "secrets"),
	}
	if err := os.Mkdir(filepath.Join(n.folder, "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	n.env = []string{"PATH=" + filepath.Dir(n.program(t, "./cmd/tandem")) + ":" + os.Getenv("PATH"), "ADDR=" + n.address}
	n.stop = func() {}
	t.Cleanup(func() { n.stop() })
	return n
}

// folder returns an empty folder whose name needs no quotes in a shell, as a
// subtest's own might.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "guide")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// program builds a program of this module, once.
func (g *guide) program(t *testing.T, target string) string {
	t.Helper()
	if g.programs[target] == "" {
		t.Fatalf("%s is not built", target)
	}
	return g.programs[target]
}

// here returns the guide's text with what stands for its names.
func (g *guide) here(text string) string { return strings.NewReplacer(g.replace...).Replace(text) }

// play goes through a section from top to bottom.
func (g *guide) play(t *testing.T, heading string) {
	t.Helper()
	s, ok := g.sections[heading]
	if !ok {
		t.Fatalf("there is no section %q", heading)
	}
	for _, b := range s.blocks {
		switch b.language {
		case "env":
			g.configure(t, b.body)
		case "sh":
			g.command(t, b.body)
		case "text":
			g.check(t, b.body)
		}
	}
}

// configure sets the variables and starts the service with them.
func (g *guide) configure(t *testing.T, variables string) {
	t.Helper()
	for line := range strings.Lines(g.here(variables)) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "ADDR=") {
			g.env = append(g.env, line)
		}
	}
	g.launch(t, g.service, nil)
}

var startCommand = regexp.MustCompile(`^((?:[A-Z_]+=\S+ )*)go run (\./\S+)\n$`)

// usualAddress finds the calls of explain that leave out where the service is.
var usualAddress = regexp.MustCompile(`(?m)(--operation \S+)( \|\| true)?$`)

// command runs commands, or starts the service that they are to start.
func (g *guide) command(t *testing.T, script string) {
	t.Helper()
	if m := startCommand.FindStringSubmatch(script); m != nil {
		g.launch(t, m[2], strings.Fields(g.here(m[1])))
		return
	}
	script = g.here(script)
	script = usualAddress.ReplaceAllString(script, "$1 --openapi http://"+g.address+"/openapi.json$2")
	command := exec.CommandContext(t.Context(), "sh", "-e", "-c", script+"\nenv >variables\n")
	command.Dir, command.Env = g.folder, append(os.Environ(), g.env...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s%s", err, script, output, stderr.Bytes())
	}
	g.output = output
	g.keep(t)
}

// keep keeps what the commands exported for those that follow, as a shell does.
func (g *guide) keep(t *testing.T) {
	t.Helper()
	for line := range strings.Lines(read(t, filepath.Join(g.folder, "variables"))) {
		if strings.HasPrefix(line, "TANDEM_TOKEN=") {
			g.env = append(g.env, strings.TrimSpace(line))
		}
	}
}

// check demands each line of the output that the guide shows; … is anything.
func (g *guide) check(t *testing.T, lines string) {
	t.Helper()
	for line := range strings.Lines(g.here(lines)) {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(line)), "…", ".*")
		if !regexp.MustCompile(pattern).Match(g.output) {
			t.Errorf("the guide shows this line:\n%s\nthe commands print:\n%s", line, g.output)
		}
	}
}

// launch starts a program in the guide's folder, in place of the one before.
func (g *guide) launch(t *testing.T, target string, env []string) {
	t.Helper()
	g.stop()
	command := exec.Command(g.program(t, target))
	command.Dir, command.Env = g.folder, append(append(os.Environ(), g.env...), env...)
	log, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	var text bytes.Buffer
	go func() {
		_, readErr := io.Copy(&text, bufio.NewReader(log))
		ended <- cmp.Or(command.Wait(), readErr)
	}()
	g.stop = func() {
		g.stop = func() {}
		if err := command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("stop %s: %v", target, err)
		}
		if err := <-ended; err != nil && !bySignal(command) {
			t.Errorf("%s ended: %v\n%s", target, err, text.Bytes())
		}
	}
	g.wait(t, ended, &text)
}

// bySignal reports whether the program ended by the signal, as one does that has
// nothing to drain.
func bySignal(command *exec.Cmd) bool {
	status, ok := command.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGTERM
}

// wait waits until the program listens, which it does once it is ready.
func (g *guide) wait(t *testing.T, ended chan error, text *bytes.Buffer) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", g.address)
		if err == nil {
			_ = conn.Close() // it was only to see
			return
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the service ended: %v\n%s", err, text.Bytes())
		default:
		}
	}
	t.Fatal("the service does not listen")
}
