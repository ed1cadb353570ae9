package service

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFromEnv(t *testing.T) {
	key := strings.Repeat("k", 32)
	for name, c := range map[string]struct {
		env  map[string]string
		want Config
	}{
		"nothing set": {nil, Config{CursorKey: []byte{}, RecountDelay: 200 * time.Millisecond}},
		"all set": {
			map[string]string{
				"DATABASE_URL": "sqlite::memory:", "DB_POOL_MIN": "2", "DB_POOL_MAX": "20", "CURSOR_KEY": key, "RECOUNT_DELAY": "1s",
			},
			Config{DatabaseURL: "sqlite::memory:", PoolMin: 2, PoolMax: 20, CursorKey: []byte(key), RecountDelay: time.Second},
		},
		"no delay": {map[string]string{"RECOUNT_DELAY": "0s"}, Config{CursorKey: []byte{}, RecountDelay: -1}},
	} {
		got, err := FromEnv(func(name string) string { return c.env[name] })
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
		_, err := FromEnv(func(name string) string { return env[name] })
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
	_, err := FromEnv(func(name string) string {
		if !strings.Contains(Usage, "\n  "+name+" ") {
			t.Errorf("%s is not listed", name)
		}
		return ""
	})
	if err != nil {
		t.Error(err)
	}
}
