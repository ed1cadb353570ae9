package apikey

import (
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/pgtest"
)

// whole is what every store can do.
type whole interface {
	Store
	Keeper
	Close() error
}

// place is where keys are kept: each call returns another replica.
type place func(t *testing.T) whole

// Every store keeps the contracts of Store and Keeper.
func TestStores(t *testing.T) {
	t.Run("file", func(t *testing.T) {
		exercise(t, func(t *testing.T) place {
			path := filepath.Join(t.TempDir(), "keys")
			return func(t *testing.T) whole { return closed(t, NewFile(path, quiet)) }
		})
	})
	t.Run("sqlite", func(t *testing.T) {
		exercise(t, func(t *testing.T) place {
			return inDatabase(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "db")+"?_pragma=busy_timeout(10000)")
		})
	})
}

// PostgreSQL keeps them too, and what is its own.
func TestPostgres(t *testing.T) {
	server := pgtest.Start(t)
	exercise(t, func(t *testing.T) place { return inDatabase(t, "pgx", server.Database(t)) })
	t.Run("replicas that start together make one table", func(t *testing.T) { checkMigrateTogether(t, server) })
	t.Run("an outage", func(t *testing.T) { checkOutage(t, server) })
}

func inDatabase(t *testing.T, driver, source string) place {
	return func(t *testing.T) whole {
		db := openDB(t, driver, source)
		keys := NewSQL(db, quiet)
		if err := keys.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		return closed(t, keys)
	}
}

// closed closes a store when the test ends, before its folder goes.
func closed(t *testing.T, store whole) whole {
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

func openDB(t testing.TB, driver, source string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// exercise runs each case on a new, empty place.
func exercise(t *testing.T, empty func(t *testing.T) place) {
	for name, clause := range map[string]func(t *testing.T, replica place){
		"a record comes back as it was":     checkRoundTrip,
		"records are in order":              checkOrder,
		"an ID is taken once":               checkTaken,
		"a revocation is seen everywhere":   checkRevocation,
		"a first revocation stays":          checkRevokedOnce,
		"the latest use counts":             checkUses,
		"concurrent creations are all kept": checkConcurrent,
	} {
		t.Run(name, func(t *testing.T) { clause(t, empty(t)) })
	}
}

func checkRoundTrip(t *testing.T, replica place) {
	expires := time.Date(2030, 12, 31, 23, 59, 59, 999, time.FixedZone("", 3600))
	for _, w := range []Wanted{
		{},
		{Name: `Zoë's "key"`, Scopes: []string{"a:read", "b*", "*"}, Expires: expires},
	} {
		key, want := create(t, replica(t), w)
		got, err := replica(t).Lookup(t.Context(), want.ID)
		if err != nil || got == nil {
			t.Fatalf("got %v, %v", got, err)
		}
		if got.ID != want.ID || got.Name != w.Name || got.Digest != want.Digest || !slices.Equal(got.Scopes, w.Scopes) ||
			!got.Created.Equal(want.Created) || !got.Expires.Equal(stamp(w.Expires)) || !got.Revoked.IsZero() {
			t.Errorf("got %+v, want %+v", got, want)
		}
		p, err := New(replica(t)).Verify(t.Context(), key)
		if err != nil || !slices.Equal(p.Scopes, w.Scopes) || p.Expires.IsZero() != w.Expires.IsZero() {
			t.Errorf("the key is %+v, %v", p, err)
		}
	}
	if r, err := replica(t).Lookup(t.Context(), "aaaaaaaaaa"); r != nil || err != nil {
		t.Errorf("a key that is not there: %v, %v", r, err)
	}
}

func checkOrder(t *testing.T, replica place) {
	store := replica(t)
	var want []string
	for i := range 5 {
		key, id := newKey()
		want = append(want, id)
		r := Record{ID: id, Digest: digestOf(key.Reveal()), Created: stamp(time.Now().Add(time.Duration(i) * time.Minute))}
		if err := store.Insert(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	all, err := replica(t).All(t.Context())
	var got []string
	for _, r := range all {
		got = append(got, r.ID)
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func checkTaken(t *testing.T, replica place) {
	key, r := create(t, replica(t), Wanted{Name: "first"})
	other, _ := newKey()
	r.Name, r.Digest = "second", digestOf(other.Reveal())
	if err := replica(t).Insert(t.Context(), r); err == nil {
		t.Error("a second key of the same ID is kept")
	}
	if p, err := New(replica(t)).Verify(t.Context(), key); err != nil || p.Claims["name"] != "first" {
		t.Errorf("the first one is %v, %v", p, err)
	}
}

func checkRevocation(t *testing.T, replica place) {
	key, r := create(t, replica(t), Wanted{})
	v := New(replica(t))
	if !accepts(t, v, key) {
		t.Fatal("the key is refused")
	}
	if _, already, err := Revoke(t.Context(), replica(t), r.ID); err != nil || already {
		t.Fatalf("revoke: %v, %v", already, err)
	}
	awaitRefusal(t, v, key)
	if accepts(t, New(replica(t)), key) {
		t.Error("a replica that starts accepts it")
	}
	if err := replica(t).SetRevoked(t.Context(), "aaaaaaaaaa", time.Now()); !errors.Is(err, ErrNotFound) {
		t.Errorf("revoke what is not there: %v", err)
	}
}

func checkRevokedOnce(t *testing.T, replica place) {
	_, r := create(t, replica(t), Wanted{})
	first := stamp(time.Now().Add(-time.Hour))
	for _, at := range []time.Time{first, time.Now()} {
		if err := replica(t).SetRevoked(t.Context(), r.ID, at); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := replica(t).All(t.Context()); err != nil || len(all) != 1 || !all[0].Revoked.Equal(first) {
		t.Errorf("got %+v, %v, want revoked at %v", all, err, first)
	}
}

func checkUses(t *testing.T, replica place) {
	_, r := create(t, replica(t), Wanted{})
	_, idle := create(t, replica(t), Wanted{})
	late := stamp(time.Now())
	for _, at := range []time.Time{late.Add(-time.Minute), late, late.Add(-time.Hour)} {
		store := replica(t)
		if _, err := store.Lookup(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		store.MarkUsed(r.ID, at)
		if err := store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	all, err := replica(t).All(t.Context())
	if err != nil || len(all) != 2 {
		t.Fatalf("got %v, %v", all, err)
	}
	for _, got := range all {
		want := late
		if got.ID == idle.ID {
			want = time.Time{}
		}
		if !got.LastUsed.Equal(want) {
			t.Errorf("used at %v, want %v", got.LastUsed, want)
		}
	}
}

func checkConcurrent(t *testing.T, replica place) {
	const writers, each = 4, 5
	var all sync.WaitGroup
	for range writers {
		store := replica(t)
		all.Go(func() {
			for range each {
				if _, _, err := Create(t.Context(), store, Wanted{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if records, err := replica(t).All(t.Context()); err != nil || len(records) != writers*each {
		t.Errorf("%d keys, %v", len(records), err)
	}
}

// checkOutage: a database that cannot be reached gives no verdict, and counts again
// as soon as it is back.
func checkOutage(t *testing.T, server *pgtest.Server) {
	keys := inDatabase(t, "pgx", server.Database(t))(t)
	key, _ := create(t, keys, Wanted{})
	v := New(keys)
	if !accepts(t, v, key) {
		t.Fatal("the key is refused")
	}
	server.Stop(t)
	deadline := time.Now().Add(time.Minute)
	for accepts(t, v, key) && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	if p, err := v.Verify(t.Context(), key); p != nil || tandem.CodeOf(err) != tandem.Unavailable {
		t.Errorf("during the outage: %v, %v", p, err)
	}
	server.Restart(t)
	if !accepts(t, v, key) {
		t.Error("after the outage the key is refused")
	}
}

func checkMigrateTogether(t *testing.T, server *pgtest.Server) {
	source := server.Database(t)
	var all sync.WaitGroup
	for range 8 {
		keys := NewSQL(openDB(t, "pgx", source), quiet)
		all.Go(func() {
			if err := keys.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// A row that somebody spoilt refuses its key and no other.
func TestSpoiltRow(t *testing.T) {
	source := "file:" + filepath.Join(t.TempDir(), "db")
	keys := inDatabase(t, "sqlite", source)(t)
	bad, r := create(t, keys, Wanted{})
	good, _ := create(t, keys, Wanted{})
	if _, err := openDB(t, "sqlite", source).ExecContext(t.Context(), "UPDATE tandem_api_keys SET expires = 'soon' WHERE id = $1", r.ID); err != nil {
		t.Fatal(err)
	}
	v := New(keys)
	if p, err := v.Verify(t.Context(), bad); p != nil || err == nil {
		t.Errorf("the spoilt one: %v, %v", p, err)
	}
	if !accepts(t, v, good) {
		t.Error("the other one is refused")
	}
}

// A database that is missing is a mistake in the program.
func TestNewSQLPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it did not panic")
		}
	}()
	NewSQL(nil, Options{})
}
