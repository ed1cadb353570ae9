// Package pgtest runs a real PostgreSQL server for tests: on a free loopback
// port, in a temporary folder, without durability, stopped when the test ends.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser    = "postgres"
	startTimeout = time.Minute // how long a loaded machine may take to start the server
	portTries    = 3           // a free port can be taken between its choice and its use
)

// Server is a PostgreSQL server that belongs to one test.
type Server struct {
	bin      string // folder of initdb and postgres
	dir      string // the temporary folder, owned by the server's user
	port     int
	password string
	settings []string // of the command line, beside our own

	process *exec.Cmd
	log     *os.File
	exited  chan struct{} // closed when process has ended
}

// Start starts a server and stops it when tb ends. Without PostgreSQL's programs
// it skips the test with the reason, or fails it if TANDEM_REQUIRE_SERVICES is 1.
// Start once per test function and call [Server.Database] per subtest: starting
// takes about a second. Settings, such as "fsync=on", add to those of the server's
// command line and go before them.
func Start(tb testing.TB, settings ...string) *Server {
	tb.Helper()
	bin, err := findPrograms()
	if err != nil {
		missing(tb, err)
	}
	s := &Server{bin: bin, password: rand.Text(), settings: settings}
	tb.Cleanup(func() { s.close(tb) })
	if err := s.create(); err != nil {
		tb.Fatalf("create a PostgreSQL cluster: %v", err)
	}
	if err := s.launchSomewhere(tb.Context()); err != nil {
		tb.Fatalf("start PostgreSQL: %v", err)
	}
	return s
}

// URL returns the URL of the named database for the server's superuser.
func (s *Server) URL(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(superuser, s.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Database creates an empty database, dropped when tb ends, and returns its URL.
func (s *Server) Database(tb testing.TB) string {
	tb.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	s.exec(tb, "CREATE DATABASE "+name)
	tb.Cleanup(func() {
		if s.running() {
			s.exec(tb, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
		}
	})
	return s.URL(name)
}

// Stop ends the server at once, as an outage would: connections break and new
// ones are refused.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	if err := s.halt(); err != nil {
		tb.Fatalf("stop PostgreSQL: %v", err)
	}
}

// Restart starts a stopped server again on the same port with the same data.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if err := s.launch(tb.Context()); err != nil {
		tb.Fatalf("restart PostgreSQL: %v", err)
	}
}

func (s *Server) exec(tb testing.TB, statement string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), startTimeout)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err == nil {
		_, err = conn.Exec(ctx, statement)
		err = firstError(err, conn.Close(ctx))
	}
	if err != nil {
		tb.Errorf("%s: %v", statement, err)
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

// findPrograms returns the folder of the newest PostgreSQL: the one on PATH, or
// Debian's, which keeps it off PATH.
func findPrograms() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && complete(filepath.Dir(path)) {
			return filepath.Dir(path), nil
		}
	}
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", fmt.Errorf("look for PostgreSQL: %w", err)
	}
	slices.SortFunc(folders, func(a, b string) int { return majorVersion(b) - majorVersion(a) })
	for _, folder := range folders {
		if complete(folder) {
			return folder, nil
		}
	}
	return "", fmt.Errorf("PostgreSQL is not installed: no initdb and postgres on PATH or in /usr/lib/postgresql/*/bin")
}

func complete(folder string) bool {
	for _, program := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(folder, program)); err != nil {
			return false
		}
	}
	return true
}

// majorVersion returns 15 for "/usr/lib/postgresql/15/bin".
func majorVersion(folder string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(folder)))
	if err != nil {
		return 0
	}
	return n
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
