package service

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/internal/stock"
)

func registerPrompts(svc *tandem.Service, inv *stock.Inventory) {
	tandem.Prompt(svc, tandem.PromptInfo{
		Name:        "restock_plan",
		Title:       "Plan a restock",
		Description: "Begins a conversation about what to order for a warehouse, with the products that it is short of.",
		Scopes:      []string{ReadInventory},
		Tags:        []string{"stock"},
		Complete:    map[string]tandem.Completer{"warehouse_id": completeWarehouse(inv)},
	}, func(ctx context.Context, q stock.RestockQuery) ([]tandem.Message, error) {
		short, err := inv.Restock(ctx, q)
		if err != nil {
			return nil, err
		}
		return []tandem.Message{tandem.User.Says("%s", restockText(q, short))}, nil
	})
}

// completeWarehouse suggests the ids of warehouses.
func completeWarehouse(inv *stock.Inventory) tandem.Completer {
	return func(ctx context.Context, typed string, _ map[string]string) ([]string, error) {
		ids, err := inv.Warehouses(ctx)
		return slices.DeleteFunc(ids, func(id string) bool { return !strings.HasPrefix(id, typed) }), err
	}
}

// restockText is what a person would ask, with the figures of now.
func restockText(q stock.RestockQuery, short stock.Restock) string {
	if len(short.Products) == 0 {
		return fmt.Sprintf("Warehouse %q has more than %d units of every product that it keeps. "+
			"Say so, and suggest at which threshold a restock would be due.", q.WarehouseID, q.Threshold)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "Plan a restock of warehouse %q. It has at most %d units of these products:\n\n", q.WarehouseID, q.Threshold)
	for _, p := range short.Products {
		fmt.Fprintf(&text, "- %s, %s: %d\n", p.SKU, p.Name, p.Quantity)
	}
	if short.More {
		text.WriteString("- and more\n")
	}
	text.WriteString("\nLook with get_product whether another warehouse has enough to send some. " +
		"Propose for each product how many units to order, and why, in a table. " +
		"Change nothing with adjust_stock before the plan is agreed.")
	return text.String()
}
