// Package redistest runs a real Redis server, or a cluster of three, for tests: on
// free loopback ports, in a temporary folder, stopped when the test ends.
package redistest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	startTimeout = time.Minute // how long a loaded machine may take to start a server
	dialInterval = 10 * time.Millisecond
	busOffset    = 10_000 // from a node's port to its port for other nodes
)

// Server is a Redis server that belongs to one test.
type Server struct {
	dir      string
	port     int
	password string
	args     []string

	process *exec.Cmd
	exited  chan struct{} // closed when process has ended
}

// Start starts a server that logs its writes and stops it when tb ends. The arguments
// are more of redis-server's. Without that program it skips the test with the
// reason, or fails it if TANDEM_REQUIRE_SERVICES is 1.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	need(tb, "redis-server")
	return start(tb, rand.Text(), args)
}

func start(tb testing.TB, password string, args []string) *Server {
	tb.Helper()
	dir, err := os.MkdirTemp("", "redistest-")
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{dir: dir, password: password, args: args}
	tb.Cleanup(func() { s.close(tb) })
	for range 3 { // a free port can be taken between its choice and its use
		if s.port, err = freePort(tb.Context()); err != nil {
			continue
		}
		if err = s.launch(tb.Context()); err == nil {
			return s
		}
	}
	tb.Fatalf("start Redis: %v", err)
	return nil
}

// Addr returns the server's host and port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// URL returns the server's URL, with its password.
func (s *Server) URL() string { return s.URLAt(s.Addr()) }

// URLAt returns the server's URL with another host and port, as of a [Proxy].
func (s *Server) URLAt(addr string) string { return "redis://:" + s.password + "@" + addr + "/0" }

// Password returns the password that clients need.
func (s *Server) Password() string { return s.password }

// Stop ends the server at once, as an outage would: connections break and new
// ones are refused. What it has acknowledged is in its log.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	s.signal(tb, syscall.SIGKILL)
	s.await(tb)
}

// Restart starts a stopped server again on the same port with the same data.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if err := s.launch(tb.Context()); err != nil {
		tb.Fatalf("restart Redis: %v", err)
	}
}

// Pause halts the server: connections stay, and nothing is answered.
func (s *Server) Pause(tb testing.TB) {
	tb.Helper()
	s.signal(tb, syscall.SIGSTOP)
}

// Resume ends a Pause.
func (s *Server) Resume(tb testing.TB) {
	tb.Helper()
	s.signal(tb, syscall.SIGCONT)
}

// CLI runs redis-cli on the server and returns what it prints.
func (s *Server) CLI(tb testing.TB, args ...string) string {
	tb.Helper()
	need(tb, "redis-cli")
	out, err := s.cli(tb.Context(), args...)
	if err != nil {
		tb.Fatalf("redis-cli %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (s *Server) cli(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "redis-cli", append([]string{"-h", "127.0.0.1", "-p", strconv.Itoa(s.port)}, args...)...)
	cmd.Env = append(os.Environ(), "REDISCLI_AUTH="+s.password)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// launch starts the server and waits until it answers.
func (s *Server) launch(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has a copy
	cmd := exec.Command("redis-server", append([]string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(s.port), "--dir", s.dir,
		"--requirepass", s.password, "--masterauth", s.password,
		"--save", "", "--appendonly", "yes", "--appendfsync", "no", // a killed process loses nothing that it has written
	}, s.args...)...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = sysProcAttr()
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // its exit status is in the log
		close(exited)
	}()
	s.process, s.exited = cmd, exited
	return s.awaitReady(ctx)
}

func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := s.ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("redis-server ended:\n%s", s.readLog())
		case <-ctx.Done():
			return fmt.Errorf("redis-server is not ready: %w\n%s", err, s.readLog())
		case <-time.After(dialInterval):
		}
	}
}

// ping fails while the server loads its data, too.
func (s *Server) ping(ctx context.Context) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.Addr())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // it has served
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(conn, "AUTH %s\r\nPING\r\n", s.password); err != nil {
		return err
	}
	var answer []byte
	for buf := make([]byte, 256); !strings.Contains(string(answer), "+PONG"); {
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		if answer = append(answer, buf[:n]...); strings.Contains(string(answer), "-") {
			return fmt.Errorf("it answers %q", answer)
		}
	}
	return nil
}

func (s *Server) readLog() []byte {
	text, err := os.ReadFile(filepath.Join(s.dir, "log"))
	if err != nil {
		return []byte(err.Error())
	}
	return text
}

func (s *Server) running() bool {
	if s.process == nil {
		return false
	}
	select {
	case <-s.exited:
		return false
	default:
		return true
	}
}

func (s *Server) signal(tb testing.TB, signal syscall.Signal) {
	tb.Helper()
	if s.running() {
		if err := s.process.Process.Signal(signal); err != nil {
			tb.Errorf("signal %v to Redis: %v", signal, err)
		}
	}
}

func (s *Server) await(tb testing.TB) {
	tb.Helper()
	if s.process == nil {
		return
	}
	select {
	case <-s.exited:
	case <-time.After(startTimeout):
		tb.Error("Redis did not end")
	}
}

func (s *Server) close(tb testing.TB) {
	tb.Helper()
	s.Stop(tb)
	if err := os.RemoveAll(s.dir); err != nil {
		tb.Errorf("remove the folder of Redis: %v", err)
	}
}

// need ends the test where the program is missing.
func need(tb testing.TB, program string) {
	tb.Helper()
	if _, err := exec.LookPath(program); err != nil {
		missing(tb, fmt.Errorf("redis is not installed: no %s on PATH", program))
	}
}

func missing(tb testing.TB, reason error) {
	tb.Helper()
	if os.Getenv("TANDEM_REQUIRE_SERVICES") == "1" {
		tb.Fatal(reason)
		return
	}
	tb.Skip(reason)
}

// freePort returns a port that is free and whose port for other nodes is, too.
func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	for range 100 {
		l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		port := l.Addr().(*net.TCPAddr).Port
		bus, err := config.Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port+busOffset)))
		_ = l.Close() // its port is wanted
		if err != nil {
			continue
		}
		return port, bus.Close()
	}
	return 0, fmt.Errorf("no free port whose successor by %d is free too", busOffset)
}
