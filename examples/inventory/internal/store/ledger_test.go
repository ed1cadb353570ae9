package store

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/internal/stock"
)

func (f fixture) adjust(t *testing.T, sku, warehouse string, delta int64) error {
	_, err := f.AdjustStock(t.Context(), stock.Adjustment{SKU: sku, WarehouseID: warehouse, Delta: delta, Reason: "correction"})
	return err
}

func checkAdjust(t *testing.T, f fixture) {
	for _, c := range []struct {
		delta, want int64
		id          string
	}{{+10, 47, "adj-1"}, {-47, 0, "adj-2"}, {+1, 1, "adj-3"}} {
		got, err := f.AdjustStock(t.Context(), stock.Adjustment{SKU: "SKU-0001", WarehouseID: "default", Delta: c.delta, Reason: "sale"})
		if err != nil {
			t.Fatal(err)
		}
		want := stock.AdjustmentResult{SKU: "SKU-0001", WarehouseID: "default", Quantity: c.want, AdjustmentID: c.id}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("delta %d (-want +got):\n%s", c.delta, diff)
		}
		recorded := f.number(t, `SELECT count(*) FROM adjustments WHERE id = $1 AND sku = 'SKU-0001' AND warehouse_id = 'default'
			AND delta = $2 AND reason = 'sale' AND quantity = $3 AND created_at IS NOT NULL`,
			strings.TrimPrefix(c.id, "adj-"), c.delta, c.want)
		if recorded != 1 {
			t.Errorf("delta %d: the ledger does not have the adjustment %s", c.delta, c.id)
		}
	}
	if got := f.quantity(t, "SKU-0001", "east"); got != 138 {
		t.Errorf("another warehouse has %d now, want 138", got)
	}
}

func checkRefusedAdjustment(t *testing.T, f fixture) {
	f.exec(t, "INSERT INTO products (sku, name, category) VALUES ('NEW-1', 'new', 'tools')")
	f.exec(t, "UPDATE stock SET quantity = 999999999 WHERE sku = 'SKU-0002' AND warehouse_id = 'default'")
	for name, c := range map[string]struct {
		sku     string
		delta   int64
		mention string
	}{
		"below zero": {"SKU-0001", -38, "has 37 of SKU-0001, and the adjustment is -38"},
		"too many":   {"SKU-0002", 2, "has 999999999 of SKU-0002"},
		"not kept":   {"NEW-1", 1, "does not keep NEW-1"},
	} {
		err := f.adjust(t, c.sku, "default", c.delta)
		if tandem.CodeOf(err) != tandem.FailedPrecondition || !strings.Contains(err.Error(), c.mention) {
			t.Errorf("%s: %v, want failed_precondition with %q", name, err, c.mention)
		}
	}
	if got := f.quantity(t, "SKU-0001", "default"); got != 37 {
		t.Errorf("the refused adjustment left %d, want 37", got)
	}
	if n := f.number(t, "SELECT count(*) FROM adjustments"); n != 0 {
		t.Errorf("%d refused adjustments are in the ledger", n)
	}
}

// checkParallelAdjustments takes more than there is, by many callers at once in
// two replicas.
func checkParallelAdjustments(t *testing.T, f fixture) {
	const callers, each = 8, 25
	var taken, refused, negative, next atomic.Int64
	replicas := f.replicas(t)
	parallel(callers, func() {
		replica := replicas[int(next.Add(1))%len(replicas)]
		for range each {
			result, err := replica.AdjustStock(t.Context(), stock.Adjustment{SKU: "SKU-0001", WarehouseID: "default", Delta: -3, Reason: "sale"})
			switch {
			case err == nil:
				taken.Add(3)
			case tandem.CodeOf(err) == tandem.FailedPrecondition:
				refused.Add(1)
			default:
				t.Errorf("adjust: %v", err)
			}
			if result.Quantity < 0 {
				negative.Add(1)
			}
		}
	})
	const initial = 37
	if left := f.quantity(t, "SKU-0001", "default"); left != initial-taken.Load() || left >= 3 || negative.Load() > 0 {
		t.Errorf("of %d units %d were taken and %d are left; %d results were negative", initial, taken.Load(), left, negative.Load())
	}
	if done := taken.Load()/3 + refused.Load(); done != callers*each {
		t.Errorf("%d of %d calls got an answer", done, callers*each)
	}
	if sum := f.number(t, "SELECT CAST(sum(delta) AS bigint) FROM adjustments"); sum != -taken.Load() {
		t.Errorf("the ledger sums to %d, want %d", sum, -taken.Load())
	}
}

func checkRecount(t *testing.T, f fixture) {
	wrong := f.number(t, "SELECT count(*) FROM stock WHERE warehouse_id = 'east' AND quantity <> shelf")
	elsewhere := f.number(t, "SELECT count(*) FROM stock WHERE warehouse_id <> 'east' AND quantity <> shelf")
	if wrong == 0 || elsewhere == 0 {
		t.Fatal("the first data gives a recount nothing to correct")
	}
	var reports []tandem.ProgressUpdate
	ctx := tandem.WithProgress(t.Context(), func(u tandem.ProgressUpdate) { reports = append(reports, u) })
	got, err := f.RecountStock(ctx, stock.Recount{WarehouseID: "east"})
	if want := (stock.RecountResult{WarehouseID: "east", Counted: 500, Corrected: wrong}); err != nil || got != want {
		t.Fatalf("recount: %+v, %v; want %+v", got, err, want)
	}
	checkReports(t, reports)
	if n := f.number(t, "SELECT count(*) FROM stock WHERE warehouse_id = 'east' AND quantity <> shelf"); n != 0 {
		t.Errorf("%d products still differ after the recount", n)
	}
	if n := f.number(t, "SELECT count(*) FROM stock WHERE warehouse_id <> 'east' AND quantity <> shelf"); n != elsewhere {
		t.Errorf("the recount of one warehouse corrected another")
	}
	if n := f.number(t, "SELECT count(*) FROM adjustments WHERE reason = 'correction' AND warehouse_id = 'east'"); n != wrong {
		t.Errorf("the ledger has %d corrections, want %d", n, wrong)
	}
	again, err := f.RecountStock(t.Context(), stock.Recount{WarehouseID: "east"})
	if err != nil || again.Corrected != 0 || again.Counted != 500 {
		t.Errorf("a second recount: %+v, %v; want nothing to correct", again, err)
	}
}

func checkReports(t *testing.T, reports []tandem.ProgressUpdate) {
	t.Helper()
	if len(reports) != 20 {
		t.Fatalf("%d progress reports, want one for each 25 products", len(reports))
	}
	for i, r := range reports {
		if r.Done != float64(25*(i+1)) || r.Total != 500 || !strings.Contains(r.Message, "of 500 products") {
			t.Errorf("report %d is %+v", i, r)
		}
	}
}

// checkCancelledRecount cancels at the last step, when everything is counted.
func checkCancelledRecount(t *testing.T, f fixture) {
	wrong := f.number(t, "SELECT count(*) FROM stock WHERE warehouse_id = 'east' AND quantity <> shelf")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ctx = tandem.WithProgress(ctx, func(u tandem.ProgressUpdate) {
		if u.Done == u.Total {
			cancel()
		}
	})
	_, err := f.RecountStock(ctx, stock.Recount{WarehouseID: "east"})
	if tandem.CodeOf(err) != tandem.Canceled {
		t.Errorf("cancelled recount: %v, want canceled", err)
	}
	if n := f.number(t, "SELECT count(*) FROM stock WHERE warehouse_id = 'east' AND quantity <> shelf"); n != wrong {
		t.Errorf("the cancelled recount left %d differences of %d", n, wrong)
	}
	if n := f.number(t, "SELECT count(*) FROM adjustments"); n != 0 {
		t.Errorf("the cancelled recount recorded %d corrections", n)
	}
}

func checkStaleCount(t *testing.T, f fixture) {
	counts, err := f.store.CountShelves(t.Context(), "default", "", 3) // SKU-0003 lacks a unit
	if err != nil || len(counts) != 3 || counts[2].Difference() != -1 {
		t.Fatalf("counts: %+v, %v", counts, err)
	}
	booked := f.quantity(t, "SKU-0003", "default")
	if err := f.adjust(t, "SKU-0003", "default", +5); err != nil { // moves books and shelf alike
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} { // the second time the difference is gone
		skus, err := f.store.Correct(t.Context(), "default", counts[2:])
		if err != nil || len(skus) != want || want == 1 && skus[0] != "SKU-0003" {
			t.Errorf("corrected %v (%v), want %d", skus, err, want)
		}
	}
	if got, want := f.quantity(t, "SKU-0003", "default"), booked+5-1; got != want {
		t.Errorf("%d on the books, want %d", got, want)
	}
}

func checkParallelRecounts(t *testing.T, f fixture) {
	before := f.number(t, "SELECT CAST(sum(quantity) AS bigint) FROM stock")
	var corrected atomic.Int64
	wrong := f.number(t, "SELECT count(*) FROM stock WHERE warehouse_id = 'west' AND quantity <> shelf")
	parallel(4, func() {
		result, err := f.RecountStock(t.Context(), stock.Recount{WarehouseID: "west"})
		if err != nil {
			t.Errorf("recount: %v", err)
		}
		corrected.Add(result.Corrected)
		for range 10 {
			if err := f.adjust(t, "SKU-0005", "west", 1); err != nil {
				t.Errorf("adjust: %v", err)
			}
		}
	})
	if corrected.Load() != wrong {
		t.Errorf("four recounts corrected %d differences of %d", corrected.Load(), wrong)
	}
	after := f.number(t, "SELECT CAST(sum(quantity) AS bigint) FROM stock")
	if ledger := f.number(t, "SELECT CAST(sum(delta) AS bigint) FROM adjustments"); after != before+ledger {
		t.Errorf("the books went from %d to %d, and the ledger says %+d", before, after, ledger)
	}
}

// replicas returns two stores on the same database, or one where it has no room
// for another.
func (f fixture) replicas(t *testing.T) []fixture {
	t.Helper()
	if f.url == "sqlite::memory:" {
		return []fixture{f}
	}
	return []fixture{f, start(t, f.url)}
}

// TestReadersDoNotBlockWriters protects SQLite's write-ahead log: without it a
// commit waits until nobody reads.
func TestReadersDoNotBlockWriters(t *testing.T) {
	f := start(t, fileURL(t))
	rows, err := f.store.opened.Load().read.QueryContext(t.Context(), "SELECT sku FROM products")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		t.Fatal("no row")
	}
	if err := f.adjust(t, "SKU-0001", "default", 1); err != nil {
		t.Errorf("adjust while a query runs: %v", err)
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
}

// parallel runs f n times at once and waits for all.
func parallel(n int, f func()) {
	var wg sync.WaitGroup
	for range n {
		wg.Go(f)
	}
	wg.Wait()
}
