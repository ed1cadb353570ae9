package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
)

// childVariable makes the test binary a service of its own, with real signals.
const childVariable = "TANDEM_SERVER_TEST_CHILD"

type lifecycleResource struct{}

func (lifecycleResource) Start(context.Context) error { fmt.Println("resource started"); return nil }
func (lifecycleResource) Close() error                { fmt.Println("resource stopped"); return nil }

// runChild is the program of the child process. It tells on stdout which calls
// have run.
func runChild() {
	svc := tandem.New("child", "1")
	svc.Manage("resource", lifecycleResource{})
	tandem.Register(svc, tandem.Operation{Name: "echo", Summary: "Echo", Path: "/echo"}, func(ctx context.Context, in echoIn) (echoOut, error) {
		fmt.Println("ran " + in.Text)
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
		}
		return echo(ctx, in)
	})
	tandem.Register(svc, tandem.Operation{Name: "hang", Summary: "Hang", Path: "/hang"}, func(context.Context, none) (none, error) {
		fmt.Println("ran hang")
		select {} // deaf to its context
	})
	Main(svc)
	fmt.Println("main returned")
	os.Exit(0)
}

// child is a running service.
type child struct {
	command *exec.Cmd
	url     string
	stdin   io.WriteCloser
	stdout  syncBuffer
	stderr  syncBuffer
	exited  chan error
}

var serving = regexp.MustCompile(`msg=serving .* addr=(\S+)`)

// startChild starts the service, and waits until it listens unless it serves stdio.
func startChild(t *testing.T, args []string, variables ...string) *child {
	t.Helper()
	c := &child{command: exec.Command(os.Args[0], args...), exited: make(chan error, 1)}
	c.command.Env = append(os.Environ(), append(variables, childVariable+"=1", "ADDR=127.0.0.1:0")...)
	c.command.Stdout, c.command.Stderr = &c.stdout, &c.stderr
	var err error
	if c.stdin, err = c.command.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { c.exited <- c.command.Wait() }()
	t.Cleanup(func() { _ = c.command.Process.Kill() }) // it has usually exited
	if len(args) > 0 {
		return c
	}
	eventually(t, "the child listens", func() bool {
		m := serving.FindStringSubmatch(c.stderr.String())
		if m != nil {
			c.url = "http://" + m[1]
		}
		return m != nil
	})
	return c
}

func (c *child) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := c.command.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// wait returns the exit code, -1 for an end by a signal.
func (c *child) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-c.exited:
		return c.command.ProcessState.ExitCode()
	case <-time.After(60 * time.Second):
		t.Fatalf("the child does not end:\n%s", c.stderr.String())
		return 0
	}
}

// ran returns the calls whose handlers were entered.
func (c *child) ran() []string {
	var calls []string
	for scan := bufio.NewScanner(strings.NewReader(c.stdout.String())); scan.Scan(); {
		if call, ok := strings.CutPrefix(scan.Text(), "ran "); ok {
			calls = append(calls, call)
		}
	}
	return calls
}

// A second signal ends the process at once, however long the drain may take.
func TestSecondSignal(t *testing.T) {
	c := startChild(t, nil, "SHUTDOWN_GRACE=1h")
	go func() {
		if response, err := post(c.url+"/api/v1/hang", "", nil); err == nil {
			response.Body.Close()
		}
	}()
	eventually(t, "the call hangs", func() bool { return len(c.ran()) == 1 })
	c.signal(t, syscall.SIGTERM)
	eventually(t, "the drain begins", func() bool { return strings.Contains(c.stderr.String(), "draining") })
	c.signal(t, syscall.SIGTERM)
	if code := c.wait(t); code == 0 {
		t.Error("it exits as if it had drained")
	}
	if strings.Contains(c.stdout.String(), "main returned") {
		t.Error("it waited for the drain")
	}
}

// A drain that runs out of its grace says so by its exit code, and the resources
// are stopped all the same.
func TestDrainRunsOut(t *testing.T) {
	c := startChild(t, nil, "SHUTDOWN_GRACE=300ms")
	go func() {
		if response, err := post(c.url+"/api/v1/hang", "", nil); err == nil {
			response.Body.Close()
		}
	}()
	eventually(t, "the call hangs", func() bool { return len(c.ran()) == 1 })
	c.signal(t, os.Interrupt)
	if code := c.wait(t); code != exitError {
		t.Errorf("exit code %d", code)
	}
	if !strings.Contains(c.stdout.String(), "resource stopped") || !strings.Contains(c.stderr.String(), "in flight at the end of the drain: 1") {
		t.Errorf("stdout:\n%s\nstderr:\n%s", c.stdout.String(), c.stderr.String())
	}
}

// An idle service starts its resources, drains and stops them, and exits with 0.
func TestMainExits(t *testing.T) {
	c := startChild(t, nil)
	c.signal(t, syscall.SIGTERM)
	if code := c.wait(t); code != 0 {
		t.Errorf("exit code %d:\n%s", code, c.stderr.String())
	}
	if got := c.stdout.String(); got != "resource started\nresource stopped\nmain returned\n" {
		t.Errorf("got %q", got)
	}
}

// A wrong environment ends the program before anything is started.
func TestMainRefuses(t *testing.T) {
	c := startChild(t, []string{"-stdio"}, "DOORS=grpc", "RATE_LIMIT=fast")
	if code := c.wait(t); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
	if log := c.stderr.String(); !strings.Contains(log, "DOORS=") || !strings.Contains(log, "RATE_LIMIT=") || c.stdout.String() != "" {
		t.Errorf("stderr: %s\nstdout: %s", log, c.stdout.String())
	}
}
