package securitytest

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/server"
)

// Beyond loopback a service without credentials does not start, and says what to
// set.
func TestStartsWithCredentialsOnly(t *testing.T) {
	start := func(cfg server.Config) error {
		s, err := server.New(newService(newLedger(), slog.New(slog.DiscardHandler)), cfg)
		if err == nil {
			err = s.Stop()
		}
		return err
	}
	keys := []tandem.Secret{"a-key-of-development"}
	for _, addr := range []string{"0.0.0.0:8000", "[::]:8000", ":8000", "192.0.2.1:8000", "notes.example:8000"} {
		if err := start(server.Config{Addr: addr}); err == nil || !strings.Contains(err.Error(), "API_KEYS") || !strings.Contains(err.Error(), "INSECURE_NO_AUTH") {
			t.Errorf("%s without credentials: %v", addr, err)
		}
		if err := start(server.Config{Addr: addr, APIKeys: keys}); err != nil {
			t.Errorf("%s with a key: %v", addr, err)
		}
		if err := start(server.Config{Addr: addr, InsecureNoAuth: true}); err != nil {
			t.Errorf("%s, insecure as it was asked for: %v", addr, err)
		}
	}
	for _, addr := range []string{"127.0.0.1:8000", "[::1]:8000", "localhost:8000"} {
		if err := start(server.Config{Addr: addr}); err != nil {
			t.Errorf("%s without credentials: %v", addr, err)
		}
	}
}

// On loopback without credentials it starts with one warning; with them it has
// nothing to warn of.
func TestWarnsOnce(t *testing.T) {
	for name, want := range map[string]int{"without": 1, "with": 0} {
		w := newWorld(t, func(c *server.Config) {
			if name == "without" {
				c.Verifier = nil
			}
		})
		eventually(t, "it serves", func() bool { return strings.Contains(w.journal.String(), "msg=serving") })
		if got := strings.Count(w.journal.String(), "level=WARN"); got != want {
			t.Errorf("%s credentials: %d warnings: %s", name, got, w.journal)
		}
	}
}
