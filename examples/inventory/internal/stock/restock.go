package stock

import "context"

// longestPlan is how many products a restock plan lists.
const longestPlan = 50

// RestockQuery are the arguments of restock_plan.
type RestockQuery struct {
	WarehouseID string `json:"warehouse_id" doc:"Warehouse to restock" maxLength:"64" pattern:"^[a-z0-9][a-z0-9-]*$" example:"east"`
	Threshold   int64  `json:"threshold,omitzero" doc:"Most units of a product that count as low" minimum:"0" maximum:"1000000" default:"10" example:"5"`
}

// LowProduct is a product that a warehouse is short of.
type LowProduct struct {
	SKU, Name string
	Quantity  int64
}

// Restock is what a warehouse is short of, the shortest first.
type Restock struct {
	Products []LowProduct
	More     bool // there are more than listed
}

// Restock tells what a warehouse is short of.
func (inv *Inventory) Restock(ctx context.Context, q RestockQuery) (Restock, error) {
	low, err := inv.store.LowStock(ctx, q.WarehouseID, q.Threshold, longestPlan+1)
	if len(low) > longestPlan {
		return Restock{Products: low[:longestPlan], More: true}, err
	}
	return Restock{Products: low}, err
}

// Warehouses returns the ids of the warehouses in order.
func (inv *Inventory) Warehouses(ctx context.Context) ([]string, error) {
	return inv.store.Warehouses(ctx)
}
