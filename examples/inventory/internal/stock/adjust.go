package stock

import (
	"context"

	"github.com/tandem-go/tandem"
)

// MaxQuantity is the most units of a product that a warehouse can hold.
const MaxQuantity = 1_000_000_000

// Adjustment are the arguments of adjust_stock.
type Adjustment struct {
	SKU         string `json:"sku" doc:"Product stock-keeping unit identifier" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" example:"SKU-0005"`
	WarehouseID string `json:"warehouse_id" doc:"Warehouse whose stock moves" maxLength:"64" pattern:"^[a-z0-9][a-z0-9-]*$" example:"default"`
	Delta       int64  `json:"delta" doc:"Units that come in (positive) or go out (negative); not zero" minimum:"-1000000" maximum:"1000000" example:"12"`
	Reason      string `json:"reason" doc:"Why the stock moves" enum:"sale,restock,damage,correction" example:"restock"`
}

// Validate refuses an adjustment that moves nothing.
func (a Adjustment) Validate(context.Context) error {
	if a.Delta == 0 {
		return tandem.FieldErrorf("/delta", "must not be zero")
	}
	return nil
}

// largestWriteOff is how many damaged units are written off without a question.
const largestWriteOff = 100

// WriteOff is an adjustment that takes many units off the books as damaged.
type WriteOff struct {
	SKU, WarehouseID string
	Units            int64
}

// writeOff returns the write-off that a is, false if it is none or a small one.
func (a Adjustment) writeOff() (WriteOff, bool) {
	return WriteOff{SKU: a.SKU, WarehouseID: a.WarehouseID, Units: -a.Delta}, a.Reason == "damage" && a.Delta < -largestWriteOff
}

// AdjustmentResult is the stock after an adjustment.
type AdjustmentResult struct {
	SKU          string `json:"sku" doc:"Product stock-keeping unit identifier" example:"SKU-0005"`
	WarehouseID  string `json:"warehouse_id" doc:"Warehouse whose stock moved" example:"default"`
	Quantity     int64  `json:"quantity" doc:"Units on the books of the warehouse after the adjustment" minimum:"0" example:"197"`
	AdjustmentID string `json:"adjustment_id" doc:"Identifier of the record of this adjustment" example:"adj-42"`
}

// AdjustStock moves stock in or out of a warehouse and records why. The stock
// never falls below zero. A large write-off is confirmed first.
func (inv *Inventory) AdjustStock(ctx context.Context, a Adjustment) (AdjustmentResult, error) {
	if w, ok := a.writeOff(); ok {
		if err := inv.confirmWriteOff(ctx, a, w); err != nil {
			return AdjustmentResult{}, err
		}
	}
	result, err := inv.store.Adjust(ctx, a)
	if err == nil {
		inv.changed(a.SKU)
	}
	return result, err
}

// confirmWriteOff asks for nothing that would be refused afterwards.
func (inv *Inventory) confirmWriteOff(ctx context.Context, a Adjustment, w WriteOff) error {
	booked, err := inv.store.Booked(ctx, a.SKU, a.WarehouseID)
	switch {
	case err != nil:
		return err
	case booked < w.Units:
		return Shortage(a, booked)
	}
	return inv.confirm(ctx, w)
}
