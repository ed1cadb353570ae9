package pgtest

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
)

func TestServer(t *testing.T) {
	var dir string
	t.Run("life", func(t *testing.T) {
		s := Start(t)
		dir = s.dir
		url := s.Database(t)
		execute(t, url, "CREATE TABLE kept (n int)")

		s.Stop(t)
		if err := s.dial(t.Context()); err == nil {
			t.Error("a stopped server accepted a connection")
		}
		s.Restart(t)
		execute(t, url, "INSERT INTO kept VALUES (1)") // the table outlived the restart

		if other := s.Database(t); other == url {
			t.Errorf("two databases share the URL %s", url)
		}
	})
	if _, err := os.Stat(dir); dir != "" && !os.IsNotExist(err) {
		t.Errorf("the server's folder %s is still there: %v", dir, err)
	}
}

func TestMissingProgramsFailWhereServicesAreRequired(t *testing.T) {
	for _, required := range []string{"", "1"} {
		t.Setenv("TANDEM_REQUIRE_SERVICES", required)
		probe := &recorder{TB: t}
		missing(probe, os.ErrNotExist)
		if probe.failed != (required == "1") || probe.skipped == probe.failed {
			t.Errorf("TANDEM_REQUIRE_SERVICES=%q: failed %v, skipped %v", required, probe.failed, probe.skipped)
		}
	}
}

// recorder notes how a test would end instead of ending it.
type recorder struct {
	testing.TB
	failed, skipped bool
}

func (r *recorder) Fatal(...any) { r.failed = true }
func (r *recorder) Skip(...any)  { r.skipped = true }

func execute(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}
