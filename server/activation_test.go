package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// startInherited starts the service on a socket that the test keeps, as a
// supervisor does.
func startInherited(t *testing.T, socket *os.File) *child {
	t.Helper()
	c := &child{exited: make(chan error, 1)}
	// LISTEN_PID has to be the service's own, which the shell becomes.
	c.command = exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, os.Args[0])
	c.command.Env = append(os.Environ(), childVariable+"=1", "LISTEN_FDS=1", "SHUTDOWN_GRACE=20s")
	c.command.ExtraFiles = []*os.File{socket}
	c.command.Stdout, c.command.Stderr = &c.stdout, &c.stderr
	if err := c.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { c.exited <- c.command.Wait() }()
	t.Cleanup(func() { _ = c.command.Process.Kill() }) // it has usually exited
	eventually(t, "the child listens", func() bool { return serving.MatchString(c.stderr.String()) })
	return c
}

// Restarted on a socket that its supervisor keeps, a service refuses no connection
// and loses no call: what comes between two processes waits.
func TestRestartOnAnInheritedSocket(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	socket, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + listener.Addr().String() + "/api/v1/echo"
	if err := listener.Close(); err != nil { // the copy stays
		t.Fatal(err)
	}
	defer socket.Close()

	current := startInherited(t, socket)
	var calls atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	failure := make(chan error, 1)
	go func() { failure <- callOn(ctx, url, &calls) }()
	for range 3 {
		before := calls.Load()
		eventually(t, "calls are served", func() bool { return calls.Load() > before+10 })
		current.signal(t, syscall.SIGTERM)
		if code := current.wait(t); code != exitOK {
			t.Fatalf("the child ended with %d:\n%s", code, current.stderr.String())
		}
		current = startInherited(t, socket)
	}
	cancel()
	if err := <-failure; err != nil {
		t.Errorf("call %d: %v\n%s", calls.Load(), err, current.stderr.String())
	}
}

// callOn calls, one call after the other, until one fails or ctx ends.
func callOn(ctx context.Context, url string, calls *atomic.Int64) error {
	for ctx.Err() == nil {
		if err := callAlone(url, int(calls.Load())); err != nil {
			return err
		}
		calls.Add(1)
	}
	return nil
}

// callAlone makes one call on a connection of its own.
func callAlone(url string, n int) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post(url, "application/json", strings.NewReader(fmt.Sprintf(`{"text":"%d"}`, n)))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return err
}

// What a supervisor passes and is none that listens, or is more than one, is said.
func TestInheritRefuses(t *testing.T) {
	file, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for count, files := range map[string][]*os.File{"1": {file}, "2": {file, file}} {
		command := exec.Command("/bin/sh", "-c", `LISTEN_PID=$$ exec "$0"`, os.Args[0])
		command.Env = append(os.Environ(), childVariable+"=1", "LISTEN_FDS="+count)
		command.ExtraFiles = files
		output, err := command.CombinedOutput()
		if command.ProcessState == nil || command.ProcessState.ExitCode() != exitUsage {
			t.Errorf("%s: %v\n%s", count, err, output)
		}
	}
}
