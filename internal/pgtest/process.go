package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const dialInterval = 20 * time.Millisecond

// create makes the temporary folder and an empty cluster in it.
func (s *Server) create() (err error) {
	if s.dir, err = os.MkdirTemp("", "pgtest-"); err != nil {
		return err
	}
	passwordFile := filepath.Join(s.dir, "password")
	if err := os.WriteFile(passwordFile, []byte(s.password), 0o600); err != nil {
		return err
	}
	if err := handOver(s.dir, passwordFile); err != nil {
		return err
	}
	initdb, err := s.command("initdb", "--pgdata", s.data(), "--username", superuser,
		"--auth", "scram-sha-256", "--pwfile", passwordFile,
		"--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions")
	if err != nil {
		return err
	}
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, output)
	}
	s.log, err = os.Create(filepath.Join(s.dir, "log"))
	return err
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// command runs a program of PostgreSQL in its folder, as a user other than root.
func (s *Server) command(program string, args ...string) (*exec.Cmd, error) {
	attributes, err := sysProcAttr()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(s.bin, program), args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, attributes
	return cmd, nil
}

// launchSomewhere launches the server on a port that turns out to be free.
func (s *Server) launchSomewhere(ctx context.Context) (err error) {
	for range portTries {
		if s.port, err = freePort(ctx); err != nil {
			return err
		}
		if err = s.launch(ctx); err == nil {
			return nil
		}
	}
	return err
}

// launch starts the server and waits until it accepts a connection.
func (s *Server) launch(ctx context.Context) error {
	args := []string{"-D", s.data(),
		"-c", "listen_addresses=127.0.0.1", "-c", "port=" + strconv.Itoa(s.port),
		"-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "full_page_writes=off", // the data dies with the test
		"-c", "max_connections=100", "-c", "shared_buffers=32MB"}
	for _, setting := range s.settings {
		args = append(args, "-c", setting) // the last one counts
	}
	cmd, err := s.command("postgres", args...)
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait() // its exit status is in the log
		close(exited)
	}()
	s.process, s.exited = cmd, exited
	if err := s.awaitReady(ctx); err != nil {
		return errors.Join(err, s.halt())
	}
	return nil
}

func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := s.dial(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("postgres ended:\n%s", s.readLog())
		case <-ctx.Done():
			return fmt.Errorf("postgres is not ready: %w\n%s", err, s.readLog())
		case <-time.After(dialInterval):
		}
	}
}

func (s *Server) dial(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

func (s *Server) readLog() []byte {
	text, err := os.ReadFile(s.log.Name())
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

// halt ends the server by an immediate shutdown and waits for its end.
func (s *Server) halt() error {
	if !s.running() {
		return nil
	}
	if err := s.process.Process.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.exited:
		return nil
	case <-time.After(startTimeout):
		return errors.Join(errors.New("postgres did not end in time and was killed"), s.process.Process.Kill())
	}
}

func (s *Server) close(tb testing.TB) {
	tb.Helper()
	if err := s.halt(); err != nil {
		tb.Errorf("stop PostgreSQL: %v", err)
	}
	if s.log != nil {
		if err := s.log.Close(); err != nil {
			tb.Errorf("close the log of PostgreSQL: %v", err)
		}
	}
	if s.dir == "" {
		return
	}
	if err := os.RemoveAll(s.dir); err != nil {
		tb.Errorf("remove the folder of PostgreSQL: %v", err)
	}
}

func freePort(ctx context.Context) (int, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}
