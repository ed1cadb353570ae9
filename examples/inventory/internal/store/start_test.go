package store

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-go/tandem/internal/pgtest"
)

func checkRestart(t *testing.T, f fixture) {
	if err := f.adjust(t, "SKU-0001", "default", 5); err != nil {
		t.Fatal(err)
	}
	f.exec(t, "DELETE FROM users WHERE id = 'u-050'") // must not come back
	if f.url == "sqlite::memory:" {
		return // it ends with the store
	}
	again := start(t, f.url)
	if got := again.quantity(t, "SKU-0001", "default"); got != 42 {
		t.Errorf("%d after the restart, want 42", got)
	}
	if n := again.number(t, "SELECT count(*) FROM users"); n != 49 {
		t.Errorf("%d users after the restart, want 49", n)
	}
}

// checkAtomicSeed lets the last table of the first data collide with a row that is
// there already.
func checkAtomicSeed(t *testing.T, f fixture) {
	for _, table := range []string{"adjustments", "stock", "variants", "products", "warehouses", "users", "seeds"} {
		f.exec(t, "DELETE FROM "+table)
	}
	f.exec(t, "INSERT INTO users (id, name, email, role) VALUES ('u-001', 'first', 'first@example.com', 'admin')")
	db := f.store.opened.Load().write
	if err := seed(t.Context(), db); err == nil {
		t.Error("the collision was not reported")
	}
	for _, table := range []string{"products", "stock", "seeds"} {
		if n := f.number(t, "SELECT count(*) FROM "+table); n != 0 {
			t.Errorf("%s has %d rows of a load that failed", table, n)
		}
	}
	f.exec(t, "DELETE FROM users")
	for range 2 {
		if err := seed(t.Context(), db); err != nil {
			t.Fatal(err)
		}
	}
	for table, want := range map[string]int64{"products": 500, "stock": 1500, "variants": 300, "users": 50, "warehouses": 3} {
		if n := f.number(t, "SELECT count(*) FROM "+table); n != want {
			t.Errorf("%s has %d rows, want %d", table, n, want)
		}
	}
}

// TestReplicasStartTogether protects the lock of migrations and first data.
func TestReplicasStartTogether(t *testing.T) {
	url := pgtest.Start(t).Database(t)
	parallel(3, func() {
		if err := open(t, url).Start(t.Context()); err != nil {
			t.Errorf("start: %v", err)
		}
	})
	if n := start(t, url).number(t, "SELECT count(*) FROM products"); n != 500 {
		t.Errorf("%d products, want 500", n)
	}
}

func TestOpenRefusesBadURLs(t *testing.T) {
	for url, mention := range map[string]string{
		"":                               "not a database URL; it takes sqlite:PATH, sqlite::memory: or postgres://",
		"inventory.db":                   "not a database URL",
		"mysql://root:secret@localhost/": `"mysql" is not a known database`,
		"sqlite:":                        "has no path",
		"sqlite:///tmp/x.db":             "without slashes",
		"sqlite:a\x00b":                  "NUL",
		"postgres://u:secret@host:port/": "port",
		"postgres://u:secret@host/db?pool_max_conns=x": "pool_max_conns",
	} {
		s, err := Open(url, Options{})
		if err == nil || !strings.Contains(err.Error(), mention) {
			t.Errorf("%q: %v, %v; want an error with %q", url, s, err, mention)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error shows the password: %v", url, err)
		}
	}
}

func TestOpenRefusesImpossiblePools(t *testing.T) {
	for _, opts := range []Options{{PoolMax: -1}, {PoolMin: -1}, {PoolMin: 3, PoolMax: 2}, {PoolMax: LargestPool + 1}} {
		for _, url := range []string{"sqlite::memory:", "postgres://localhost/x"} {
			if _, err := Open(url, opts); err == nil {
				t.Errorf("%s: a pool of %+v was accepted", url, opts)
			}
		}
	}
	if _, err := Open("postgres://localhost/x?pool_max_conns=2", Options{PoolMin: 3}); err == nil {
		t.Error("a least size above the URL's greatest was accepted")
	}
}

// TestStartFailsClearly protects the operator: the error says what to mend.
func TestStartFailsClearly(t *testing.T) {
	folder := t.TempDir()
	for url, mention := range map[string]string{
		"sqlite:" + filepath.Join(folder, "missing", "x.db"): "missing of the SQLite file does not exist",
		"sqlite:" + folder: "connect to sqlite",
		"postgres://u:secret@127.0.0.1:1/db?connect_timeout=10": "connect to postgres",
	} {
		s := open(t, url)
		err := s.Start(t.Context())
		if err == nil || !strings.Contains(err.Error(), mention) {
			t.Errorf("%s: %v, want an error with %q", url, err, mention)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error shows the password: %v", url, err)
		}
		if s.opened.Load() != nil {
			t.Errorf("%s: a store that failed to start is open", url)
		}
	}
}
