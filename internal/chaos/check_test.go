//go:build unix

package chaos

import (
	"context"
	"fmt"
	"time"
)

// check holds the history and the database against what is promised, and prints the
// row of the table. Before is the shared product's quantity at the start.
func (f *fleet) check(fault string, h *history, before int64) {
	f.t.Helper()
	c := h.counts()
	wrong := f.inexact(h)
	exact := "yes"
	if len(wrong) > 0 {
		exact = "no"
		f.t.Errorf("%d effects are not as the clients were told, such as %v", len(wrong), wrong[:min(5, len(wrong))])
	}
	fmt.Printf("| %s | %d | %d/%d/%d | %s | %v | %v |\n", fault, c.calls, c.lost, c.duplicated, h.notFound, exact,
		c.p99.Round(time.Millisecond), c.p999.Round(time.Millisecond))
	switch {
	case c.calls == 0:
		f.t.Error("there were no calls")
	case c.lost+c.duplicated+h.notFound > 0:
		f.t.Errorf("of %d calls %d have no answer and %d more than one; %d requests found no session", c.calls, c.lost, c.duplicated, h.notFound)
	}
	if h.mute > 0 {
		f.t.Errorf("%d of %d answers 503 do not say when to come back", h.mute, h.refused)
	}
	if len(h.other) > 0 {
		f.t.Errorf("answers that no client expects: %q", h.other)
	}
	if !h.linearizable(shared, before) {
		f.t.Error("what was answered about the shared product is no order of adjustments")
	}
}

// inexact returns the effects of calls that are not in the ledger once, or zero times
// where the call has no answer; and those of no call.
func (f *fleet) inexact(h *history) (wrong []string) {
	found := f.ledger()
	for _, e := range h.entries {
		n := found[e.made]
		delete(found, e.made)
		if n != 1 && (n != 0 || len(e.answers) > 0) {
			wrong = append(wrong, fmt.Sprintf("%v of client %d: %d times, %d answers in %d attempts", e.made, e.client, n, len(e.answers), e.attempts))
		}
	}
	for made, n := range found {
		wrong = append(wrong, fmt.Sprintf("%v of no call: %d times", made, n))
	}
	return wrong
}

// ledger counts the adjustments by what they are known by.
func (f *fleet) ledger() map[effect]int {
	f.t.Helper()
	rows, err := f.db.Query(context.Background(), "SELECT sku, delta, count(*) FROM adjustments GROUP BY sku, delta")
	if err != nil {
		f.t.Fatal(err)
	}
	defer rows.Close()
	found := map[effect]int{}
	for rows.Next() {
		var e effect
		var n int
		if err := rows.Scan(&e.sku, &e.delta, &n); err != nil {
			f.t.Fatal(err)
		}
		found[e] = n
	}
	if err := rows.Err(); err != nil {
		f.t.Fatal(err)
	}
	return found
}

// forgetLedger empties the ledger between two faults, whose calls have the same deltas.
func (f *fleet) forgetLedger() {
	f.t.Helper()
	if _, err := f.db.Exec(context.Background(), "TRUNCATE adjustments"); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fleet) quantity(sku string) (n int64) {
	f.t.Helper()
	err := f.db.QueryRow(context.Background(), "SELECT quantity FROM stock WHERE sku = $1 AND warehouse_id = $2", sku, warehouse).Scan(&n)
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}
