package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
)

func lookupIn(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
}

func TestFromEnv(t *testing.T) {
	key := strings.Repeat("k", 32)
	for name, c := range map[string]struct {
		env  map[string]string
		want Config
	}{
		"nothing set": {nil, Config{RecountDelay: 200 * time.Millisecond}},
		"all set": {
			map[string]string{
				"DATABASE_URL": "sqlite::memory:", "DB_POOL_MIN": "2", "DB_POOL_MAX": "20", "CURSOR_KEY": key, "RECOUNT_DELAY": "1s",
			},
			Config{DatabaseURL: "sqlite::memory:", PoolMin: 2, PoolMax: 20, CursorKey: tandem.Secret(key), RecountDelay: time.Second},
		},
		"no delay": {map[string]string{"RECOUNT_DELAY": "0s"}, Config{RecountDelay: -1}},
	} {
		got, err := FromEnv(lookupIn(c.env))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestFromEnvNamesTheVariable protects the operator: each error names the variable
// and says what it takes.
func TestFromEnvNamesTheVariable(t *testing.T) {
	for _, c := range []struct{ variable, value, takes string }{
		{"DATABASE_URL", "inventory.db", "sqlite:PATH"},
		{"DATABASE_URL", "mysql://u:sesame@host/db", "postgres://"},
		{"DATABASE_URL", "postgres://u:sesame@host:port/db", "port"},
		{"DB_POOL_MIN", "-1", "from 0 to"},
		{"DB_POOL_MIN", "many", "from 0 to"},
		{"DB_POOL_MAX", "0", "from 1 to"},
		{"DB_POOL_MAX", "1e3", "from 1 to"},
		{"DB_POOL_MAX", "10001", "from 1 to"},
		{"DB_POOL_MIN", "6", "exceeds DB_POOL_MAX"},
		{"CURSOR_KEY", "sesame", "at least 32"},
		{"RECOUNT_DELAY", "5", "such as 200ms"},
		{"RECOUNT_DELAY", "-1s", "from 0s"},
		{"RECOUNT_DELAY", "2h", "to 1m0s"},
	} {
		env := map[string]string{"DB_POOL_MAX": "5", c.variable: c.value}
		_, err := FromEnv(lookupIn(env))
		if err == nil || !strings.Contains(err.Error(), c.variable) || !strings.Contains(err.Error(), c.takes) {
			t.Errorf("%s=%q: %v, want the variable's name and %q", c.variable, c.value, err, c.takes)
		}
		if err != nil && strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s=%q: the error shows a secret: %v", c.variable, c.value, err)
		}
	}
}

// TestUsage protects that -h lists every variable that is read.
func TestUsage(t *testing.T) {
	_, err := FromEnv(func(name string) (string, bool) {
		if !strings.Contains(Usage, "\n  "+name+" ") {
			t.Errorf("%s is not listed", name)
		}
		return "", false
	})
	if err != nil {
		t.Error(err)
	}
}

// TestSecretsFromFiles protects that both secrets may come in files, as platforms
// hand them over.
func TestSecretsFromFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key := strings.Repeat("k", 32)
	cfg, err := FromEnv(lookupIn(map[string]string{
		"DATABASE_URL_FILE": write("url", "sqlite::memory:\n"), "CURSOR_KEY_FILE": write("key", key+"\n"),
	}))
	if err != nil || cfg.DatabaseURL.Reveal() != "sqlite::memory:" || cfg.CursorKey.Reveal() != key {
		t.Errorf("got %q, %q, %v", cfg.DatabaseURL.Reveal(), cfg.CursorKey.Reveal(), err)
	}
}
