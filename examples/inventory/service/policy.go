package service

import (
	"context"
	"slices"
	"strings"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/internal/stock"
)

// warehousesClaim is the claim of a token that names the warehouses whose stock it
// may change. Without the claim it may change all.
const warehousesClaim = "warehouses"

// adjustOwn lets callers adjust the stock of their own warehouses.
func adjustOwn(_ context.Context, p *tandem.Principal, a stock.Adjustment) error {
	return ownWarehouse(p, a.WarehouseID)
}

// recountOwn lets callers recount their own warehouses.
func recountOwn(_ context.Context, p *tandem.Principal, r stock.Recount) error {
	return ownWarehouse(p, r.WarehouseID)
}

// ownWarehouse refuses a warehouse that the principal's token does not name, if it
// names any. A claim that is no list of names allows none.
func ownWarehouse(p *tandem.Principal, id string) error {
	claim, limited := p.Claims[warehousesClaim]
	if !limited {
		return nil
	}
	own := names(claim)
	if slices.Contains(own, id) {
		return nil
	}
	return tandem.Errorf(tandem.PermissionDenied, "these credentials may not change the stock of warehouse %q, only of: %s", id, strings.Join(own, ", "))
}

// names returns the strings in a claim, as JSON or a program has them.
func names(claim any) []string {
	switch claim := claim.(type) {
	case []string:
		return claim
	case []any:
		var all []string
		for _, name := range claim {
			if text, ok := name.(string); ok {
				all = append(all, text)
			}
		}
		return all
	}
	return nil
}
