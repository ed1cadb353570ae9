package stock

import (
	"context"
	"fmt"
	"time"
)

const shelvesPerStep = 25

// Recount are the arguments of recount_stock.
type Recount struct {
	WarehouseID string `json:"warehouse_id" doc:"Warehouse to count" maxLength:"64" pattern:"^[a-z0-9][a-z0-9-]*$" example:"west"`
}

// RecountResult tells what a recount found.
type RecountResult struct {
	WarehouseID string `json:"warehouse_id" doc:"Warehouse that was counted" example:"west"`
	Counted     int64  `json:"counted" doc:"Products that were counted" minimum:"0" example:"500"`
	Corrected   int64  `json:"corrected" doc:"Products whose books were brought in line with the shelf" minimum:"0" example:"12"`
}

// RecountStock counts the shelves of a warehouse step by step, then corrects the
// books in one transaction. Cancelled before that, it has changed nothing.
func (inv *Inventory) RecountStock(ctx context.Context, r Recount) (RecountResult, error) {
	total, err := inv.store.CountStock(ctx, r.WarehouseID)
	if err != nil {
		return RecountResult{}, err
	}
	counted, wrong, err := inv.countShelves(ctx, r.WarehouseID, total)
	if err != nil {
		return RecountResult{}, err
	}
	corrected, err := inv.store.Correct(ctx, r.WarehouseID, wrong)
	if err != nil {
		return RecountResult{}, err
	}
	for _, sku := range corrected {
		inv.changed(sku)
	}
	return RecountResult{WarehouseID: r.WarehouseID, Counted: counted, Corrected: int64(len(corrected))}, nil
}

// countShelves returns how many products it counted, and the counts that differ
// from the books.
func (inv *Inventory) countShelves(ctx context.Context, warehouseID string, total int64) (counted int64, wrong []ShelfCount, err error) {
	for after := ""; ; {
		counts, err := inv.store.CountShelves(ctx, warehouseID, after, shelvesPerStep)
		if err != nil || len(counts) == 0 {
			return counted, wrong, err
		}
		for _, c := range counts {
			if c.Difference() != 0 {
				wrong = append(wrong, c)
			}
		}
		counted += int64(len(counts))
		total = max(total, counted) // products can be added meanwhile
		inv.progress(ctx, float64(counted), float64(total), fmt.Sprintf("counted %d of %d products", counted, total))
		if err := pause(ctx, inv.stepDelay); err != nil {
			return counted, nil, err
		}
		after = counts[len(counts)-1].SKU
	}
}

// pause waits for d, or returns ctx's error as soon as ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
