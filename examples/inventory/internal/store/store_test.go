package store

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/internal/stock"
	"github.com/tandem-go/tandem/internal/pgtest"
)

// A fixture is a started store in a database of its own, and the domain on it.
type fixture struct {
	*stock.Inventory
	store *Store
	url   string
}

// A rule is something that holds on every engine.
type rule struct {
	name  string
	check func(t *testing.T, f fixture)
}

// reading are the rules whose checks change nothing: they share a database.
var reading = []rule{
	{"status names the engine and counts the products", checkStatus},
	{"query_product tells what one warehouse has", checkQuery},
	{"get_product tells what every warehouse has", checkProduct},
	{"get_user finds the fifty users", checkUsers},
	{"unknown things are not found", checkNotFound},
	{"pages cover the list once and in order", checkPages},
	{"filters agree with the products", checkFilters},
	{"low stock is what a warehouse has little of, the least first", checkLowStock},
	{"booked is what an adjustment starts from", checkBooked},
	{"a call ends with its context", checkContext},
}

// writing are the rules whose checks need a database of their own.
var writing = []rule{
	{"paging is not disturbed by changes", checkPagingUnderChange},
	{"an adjustment moves the stock and is recorded", checkAdjust},
	{"a refused adjustment changes nothing", checkRefusedAdjustment},
	{"parallel adjustments add up and never go below zero", checkParallelAdjustments},
	{"a recount corrects what differs, once", checkRecount},
	{"a cancelled recount changes nothing", checkCancelledRecount},
	{"a recount leaves what changed meanwhile", checkStaleCount},
	{"parallel recounts and adjustments keep the books exact", checkParallelRecounts},
	{"health and pool figures", checkHealth},
	{"a closed store is unavailable", checkClosed},
	{"a restart keeps the data", checkRestart},
	{"a failed start leaves nothing behind", checkAtomicSeed},
}

func TestStore(t *testing.T) {
	t.Run("sqlite memory", func(t *testing.T) {
		exercise(t, func(*testing.T) string { return "sqlite::memory:" })
	})
	t.Run("sqlite file", func(t *testing.T) {
		exercise(t, fileURL)
	})
	t.Run("postgres", func(t *testing.T) {
		server := pgtest.Start(t)
		exercise(t, func(t *testing.T) string { return server.Database(t) })
		t.Run("an outage is unavailable, and passes", func(t *testing.T) { checkOutage(t, server) })
	})
}

// exercise checks every rule on the engine that newDatabase makes databases of.
func exercise(t *testing.T, newDatabase func(t *testing.T) string) {
	shared := start(t, newDatabase(t))
	for _, r := range reading {
		t.Run(r.name, func(t *testing.T) { r.check(t, shared) })
	}
	for _, r := range writing {
		t.Run(r.name, func(t *testing.T) { r.check(t, start(t, newDatabase(t))) })
	}
}

func fileURL(t *testing.T) string {
	return "sqlite:" + filepath.Join(t.TempDir(), "a name with %3f? and #.db")
}

func start(t *testing.T, url string) fixture {
	t.Helper()
	s := open(t, url)
	if err := s.Start(t.Context()); err != nil {
		t.Fatalf("start: %v", err)
	}
	cfg := stock.Config{Service: "inventory-service", Version: "1.2.3", StepDelay: -1, Progress: tandem.Progress}
	return fixture{Inventory: stock.New(s, cfg), store: s, url: url}
}

func open(t *testing.T, url string) *Store {
	t.Helper()
	s, err := Open(url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// number reads one number by SQL, behind the domain's back.
func (f fixture) number(t *testing.T, query string, args ...any) int64 {
	t.Helper()
	var n int64
	if err := f.store.opened.Load().write.QueryRowContext(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

func (f fixture) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := f.store.opened.Load().write.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (f fixture) quantity(t *testing.T, sku, warehouse string) int64 {
	t.Helper()
	result, err := f.QueryProduct(t.Context(), stock.ProductQuery{SKU: sku, WarehouseID: warehouse})
	if err != nil {
		t.Fatal(err)
	}
	return result.Quantity
}

func checkHealth(t *testing.T, f fixture) {
	if err := f.store.Ping(t.Context()); err != nil {
		t.Errorf("a started store is not healthy: %v", err)
	}
	stats := f.store.PoolStats()
	if stats.Max < 1 || stats.Open < 1 || stats.Open > stats.Max || stats.InUse != 0 {
		t.Errorf("figures of an idle pool: %+v", stats)
	}
	f.exec(t, "DROP TABLE seeds")
	if err := f.store.Ping(t.Context()); err == nil {
		t.Error("a database without the schema is healthy")
	}
}

func checkClosed(t *testing.T, f fixture) {
	for _, s := range []*Store{f.store, open(t, f.url)} { // closed, and not yet started
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if code := tandem.CodeOf(s.Ping(t.Context())); code != tandem.Unavailable {
			t.Errorf("ping: code %v, want unavailable", code)
		}
		_, err := s.Adjust(t.Context(), stock.Adjustment{SKU: "SKU-0001", WarehouseID: "default", Delta: 1, Reason: "sale"})
		if code := tandem.CodeOf(err); code != tandem.Unavailable {
			t.Errorf("adjust: %v, want unavailable", err)
		}
		if stats := s.PoolStats(); stats != (tandem.PoolStats{}) {
			t.Errorf("a store without connections has the figures %+v", stats)
		}
	}
}

func checkContext(t *testing.T, f fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	before := f.quantity(t, "SKU-0001", "default")
	calls := map[string]func() error{
		"CountProducts": func() error { _, err := f.store.CountProducts(ctx); return err },
		"Product":       func() error { _, err := f.store.Product(ctx, "SKU-0001"); return err },
		"Products":      func() error { _, err := f.store.Products(ctx, stock.Selection{Limit: 1}); return err },
		"ProductIn":     func() error { _, err := f.store.ProductIn(ctx, "SKU-0001", "default"); return err },
		"Variants":      func() error { _, err := f.store.Variants(ctx, "SKU-0001"); return err },
		"User":          func() error { _, err := f.store.User(ctx, "u-001"); return err },
		"CountStock":    func() error { _, err := f.store.CountStock(ctx, "default"); return err },
		"CountShelves":  func() error { _, err := f.store.CountShelves(ctx, "default", "", 1); return err },
		"Booked":        func() error { _, err := f.store.Booked(ctx, "SKU-0001", "default"); return err },
		"LowStock":      func() error { _, err := f.store.LowStock(ctx, "default", 1, 1); return err },
		"Warehouses":    func() error { _, err := f.store.Warehouses(ctx); return err },
		"Correct":       func() error { _, err := f.store.Correct(ctx, "default", nil); return err },
		"Adjust": func() error {
			_, err := f.store.Adjust(ctx, stock.Adjustment{SKU: "SKU-0001", WarehouseID: "default", Delta: 1, Reason: "restock"})
			return err
		},
	}
	for name, call := range calls {
		if code := tandem.CodeOf(call()); code != tandem.Canceled {
			t.Errorf("%s of a cancelled call: code %v, want canceled", name, code)
		}
	}
	late, cancelLate := context.WithCancel(t.Context())
	err := f.store.change(late, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(late, "UPDATE stock SET quantity = quantity + 1")
		cancelLate() // when all is done but the commit
		return err
	})
	if code := tandem.CodeOf(err); code != tandem.Canceled {
		t.Errorf("a change cancelled before its commit: %v, want canceled", err)
	}
	if after := f.quantity(t, "SKU-0001", "default"); after != before {
		t.Errorf("a cancelled adjustment moved the stock from %d to %d", before, after)
	}
}

func checkOutage(t *testing.T, server *pgtest.Server) {
	f := start(t, server.Database(t))
	server.Stop(t)
	if _, err := f.GetStatus(t.Context(), stock.StatusQuery{}); tandem.CodeOf(err) != tandem.Unavailable {
		t.Errorf("a read during the outage: %v, want unavailable", err)
	}
	_, err := f.AdjustStock(t.Context(), stock.Adjustment{SKU: "SKU-0001", WarehouseID: "default", Delta: 1, Reason: "restock"})
	if tandem.CodeOf(err) != tandem.Unavailable {
		t.Errorf("a write during the outage: %v, want unavailable", err)
	}
	if f.store.Ping(t.Context()) == nil {
		t.Error("the store is healthy during the outage")
	}
	server.Restart(t)
	deadline := time.Now().Add(time.Minute)
	for f.store.Ping(t.Context()) != nil {
		if time.Now().After(deadline) {
			t.Fatal("the store does not recover after the outage")
		}
		time.Sleep(10 * time.Millisecond)
	}
}
