package stock

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem"
)

// shelves is a warehouse of n products, each with one unit less than booked.
type shelves struct {
	Store
	skus      []string
	corrected int
}

func (s *shelves) CountStock(context.Context, string) (int64, error) { return int64(len(s.skus)), nil }

func (s *shelves) CountShelves(_ context.Context, _, after string, limit int) ([]ShelfCount, error) {
	var counts []ShelfCount
	for _, sku := range s.skus {
		if sku > after && len(counts) < limit {
			counts = append(counts, ShelfCount{SKU: sku, Booked: 2, Found: 1})
		}
	}
	return counts, nil
}

func (s *shelves) Correct(_ context.Context, _ string, counts []ShelfCount) (skus []string, err error) {
	s.corrected += len(counts)
	for _, c := range counts {
		skus = append(skus, c.SKU)
	}
	return skus, nil
}

func warehouseOf(n int) *shelves {
	s := &shelves{}
	for i := range n {
		s.skus = append(s.skus, string(rune('a'+i)))
	}
	return s
}

// TestRecountTakesTime protects the delay per step and that one recount corrects
// all that it counted.
func TestRecountTakesTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := warehouseOf(60) // 25 + 25 + 10
		inv := New(store, Config{})
		begin := time.Now()
		got, err := inv.RecountStock(t.Context(), Recount{WarehouseID: "west"})
		if want := (RecountResult{WarehouseID: "west", Counted: 60, Corrected: 60}); err != nil || got != want {
			t.Errorf("recount: %+v, %v; want %+v", got, err, want)
		}
		if took := time.Since(begin); took != 3*DefaultStepDelay {
			t.Errorf("three steps took %v, want %v", took, 3*DefaultStepDelay)
		}
	})
}

// TestRecountStopsAtOnce protects that cancelling does not wait for the step.
func TestRecountStopsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := warehouseOf(60)
		inv := New(store, Config{StepDelay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour+time.Second)
		defer cancel()
		begin := time.Now()
		_, err := inv.RecountStock(ctx, Recount{WarehouseID: "west"})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != time.Hour+time.Second {
			t.Errorf("ended after %v with %v", time.Since(begin), err)
		}
		if store.corrected != 0 {
			t.Errorf("an interrupted recount corrected %d products", store.corrected)
		}
	})
}

func TestAdjustmentMustMoveSomething(t *testing.T) {
	err := Adjustment{Delta: 0}.Validate(t.Context())
	var e *tandem.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Pointer != "/delta" {
		t.Errorf("delta 0: %v, want it refused at /delta", err)
	}
	for _, delta := range []int64{-1, 1} {
		if err := (Adjustment{Delta: delta}).Validate(t.Context()); err != nil {
			t.Errorf("delta %d: %v", delta, err)
		}
	}
}
