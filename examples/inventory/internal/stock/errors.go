package stock

import (
	"strings"
	"time"

	"github.com/tandem-go/tandem"
)

// retryAfter is what a caller is told to wait when the database is away: long
// enough for a failover to make progress, short enough not to be noticed.
const retryAfter = 2 * time.Second

// NoProduct says that there is no product of this SKU.
func NoProduct(sku string) error {
	return tandem.Errorf(tandem.NotFound, "no product %q; list_products tells the SKUs there are", sku)
}

// NoWarehouse says that there is no warehouse of this id, and which there are.
func NoWarehouse(id string, known []string) error {
	return tandem.Errorf(tandem.NotFound, "no warehouse %q; there are %s", id, strings.Join(known, ", "))
}

// NoUser says that there is no user of this id.
func NoUser(id string) error {
	return tandem.Errorf(tandem.NotFound, "no user %q", id)
}

// Shortage says that a warehouse has too little for an adjustment.
func Shortage(a Adjustment, quantity int64) error {
	return tandem.Errorf(tandem.FailedPrecondition,
		"stock cannot fall below zero: warehouse %q has %d of %s, and the adjustment is %d",
		a.WarehouseID, quantity, a.SKU, a.Delta)
}

// NotConfirmed says that nobody confirmed a write-off.
func NotConfirmed(w WriteOff) error {
	return tandem.Errorf(tandem.FailedPrecondition, "the write-off of %d units of %s was not confirmed; nothing was changed", w.Units, w.SKU)
}

// TooMany says that an adjustment would exceed what a warehouse can hold.
func TooMany(a Adjustment, quantity int64) error {
	return tandem.Errorf(tandem.FailedPrecondition,
		"stock cannot exceed %d: warehouse %q has %d of %s, and the adjustment is %d",
		MaxQuantity, a.WarehouseID, quantity, a.SKU, a.Delta)
}

// Unavailable says that the database cannot be reached just now.
func Unavailable(cause error) error {
	return tandem.Errorf(tandem.Unavailable, "the database is not available; nothing was changed, try again").
		WithCause(cause).WithRetryAfter(retryAfter)
}

// OutcomeUnknown says that the database went away while a change was being
// committed, so that nobody can tell whether it was made.
func OutcomeUnknown(cause error) error {
	return tandem.Errorf(tandem.Unknown,
		"the database went away while the change was being committed; read the state before trying again, since it may have been made").
		WithCause(cause)
}

// NotKept says that a warehouse does not keep a product, so that its stock there
// cannot be moved.
func NotKept(sku, warehouseID string) error {
	return tandem.Errorf(tandem.FailedPrecondition, "warehouse %q does not keep %s", warehouseID, sku)
}
