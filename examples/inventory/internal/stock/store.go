package stock

import "context"

// Store keeps the inventory. It is safe for concurrent use, and
//
//   - what is not there is reported by [NoProduct], [NoWarehouse] or [NoUser];
//   - texts are compared and ordered by their bytes, on every engine;
//   - a call that returns an error has changed nothing, except that
//     [OutcomeUnknown] says that it may have;
//   - a call ends soon after its ctx, with an error that wraps ctx's.
type Store interface {
	Catalog
	Ledger
	// Engine names the database engine: "sqlite" or "postgres".
	Engine() string
}

// Catalog reads what there is.
type Catalog interface {
	CountProducts(ctx context.Context) (int64, error)
	// Product returns the product with its variants and its stock in every
	// warehouse, each in order; the lists are empty rather than nil.
	Product(ctx context.Context, sku string) (Product, error)
	// Products returns the selected products in the order of their SKUs.
	Products(ctx context.Context, s Selection) ([]ProductSummary, error)
	// ProductIn returns what lies of the product in one warehouse, without variants.
	ProductIn(ctx context.Context, sku, warehouseID string) (ProductResult, error)
	// Variants returns the product's variants in the order of their SKUs; empty
	// rather than nil, also for a product that does not exist.
	Variants(ctx context.Context, sku string) ([]Variant, error)
	User(ctx context.Context, id string) (User, error)
	// Warehouses returns the ids of the warehouses in order.
	Warehouses(ctx context.Context) ([]string, error)
	// LowStock returns the products of which a warehouse keeps at most so many
	// units, those with the fewest first, then by SKU, at most limit.
	LowStock(ctx context.Context, warehouseID string, units int64, limit int) ([]LowProduct, error)
}

// Ledger reads and moves stock.
type Ledger interface {
	// Adjust adds Delta to the quantity on the books and on the shelf and records
	// the adjustment, all or nothing. It returns [Shortage] rather than let the
	// quantity fall below zero, however many calls run at once.
	Adjust(ctx context.Context, a Adjustment) (AdjustmentResult, error)
	// Booked returns how many units of a product a warehouse has on its books, or
	// [NotKept].
	Booked(ctx context.Context, sku, warehouseID string) (int64, error)
	// CountStock returns how many products a warehouse keeps.
	CountStock(ctx context.Context, warehouseID string) (int64, error)
	// CountShelves counts the shelves of the next products of a warehouse after
	// the SKU, at most limit, in the order of their SKUs.
	CountShelves(ctx context.Context, warehouseID, after string, limit int) ([]ShelfCount, error)
	// Correct brings the books in line with the counts, all or nothing, and
	// records each as an adjustment. A count whose discrepancy has changed since
	// is left for the next recount. It returns the SKUs of those it corrected.
	Correct(ctx context.Context, warehouseID string, counts []ShelfCount) ([]string, error)
}

// Selection says which products to read.
type Selection struct {
	After    string // only products whose SKU is greater
	Category string // only this category; empty means every one
	InStock  *bool  // only products that are, or are not, in stock anywhere; nil means both
	Limit    int    // at most so many
}

// ShelfCount is what a count found of one product in a warehouse.
type ShelfCount struct {
	SKU    string
	Booked int64 // what the books say
	Found  int64 // what lies on the shelf
}

// Difference returns how much the books must change.
func (c ShelfCount) Difference() int64 { return c.Found - c.Booked }
