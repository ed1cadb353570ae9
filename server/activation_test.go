package server

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
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

	first := startInherited(t, socket)
	stop, failures, calls := make(chan struct{}), make(chan error, 1), make(chan int, 1)
	go func() {
		n := 0
		defer func() { calls <- n }()
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := callAlone(url, n); err != nil {
				failures <- err
				return
			}
			n++
		}
	}()
	for range 3 {
		first.signal(t, syscall.SIGTERM)
		code := first.wait(t)
		if code != 0 {
			t.Fatalf("the child ended with %d:\n%s", code, first.stderr.String())
		}
		first = startInherited(t, socket)
	}
	close(stop)
	n := <-calls
	select {
	case err := <-failures:
		t.Fatalf("call %d: %v\n%s", n, err, first.stderr.String())
	default:
	}
	if n == 0 {
		t.Error("no call was made")
	}
	t.Logf("%d calls over three restarts", n)
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
