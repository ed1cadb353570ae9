package service_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/service"
	"github.com/tandem-go/tandem/tandemtest"
)

// A token whose claim names warehouses changes the stock of these alone, through
// every door; without the claim it changes any, and a claim that names none allows
// none. Who may write may read.
func TestWarehousesOfAToken(t *testing.T) {
	const adjust, recount, query = "adjust_stock", "recount_stock", "query_product"
	arguments := map[string]string{
		adjust:  `{"sku":"SKU-0005","warehouse_id":"WAREHOUSE","delta":1,"reason":"restock"}`,
		recount: `{"warehouse_id":"WAREHOUSE"}`,
		query:   `{"sku":"SKU-0005","warehouse_id":"WAREHOUSE"}`,
	}
	east := []any{"east", 7}
	for _, transport := range tandemtest.Transports() {
		svc := newService(t)
		for _, c := range []struct {
			claims               map[string]any
			operation, warehouse string
			code                 string
		}{
			{nil, adjust, "default", ""},
			{map[string]any{"warehouses": east}, adjust, "east", ""},
			{map[string]any{"warehouses": []string{"west", "east"}}, adjust, "east", ""},
			{map[string]any{"warehouses": east}, adjust, "default", "permission_denied"},
			{map[string]any{"warehouses": east}, recount, "east", ""},
			{map[string]any{"warehouses": east}, recount, "west", "permission_denied"},
			{map[string]any{"warehouses": east}, query, "default", ""},
			{map[string]any{"warehouses": []any{}}, adjust, "east", "permission_denied"},
			{map[string]any{"warehouses": "east"}, adjust, "east", "permission_denied"},
			{map[string]any{"warehouses": nil}, adjust, "east", "permission_denied"},
		} {
			p := &tandem.Principal{Issuer: "test", Subject: "clerk", Scopes: []string{service.WriteInventory}, Claims: c.claims}
			client := tandemtest.Dial(t, svc, transport, tandemtest.As(p))
			got, err := client.Call(t.Context(), c.operation, json.RawMessage(strings.Replace(arguments[c.operation], "WAREHOUSE", c.warehouse, 1)))
			if err != nil || got.Code() != c.code {
				t.Errorf("%s: %s of %s with %v: %+v, %v, want %q", transport, c.operation, c.warehouse, c.claims, got.Problem, err, c.code)
			}
		}
	}
}

// Security 28: the cursor of somebody else's list is refused like one that was made
// up, through every door.
func TestForeignCursor(t *testing.T) {
	for _, transport := range tandemtest.Transports() {
		svc := newService(t)
		as := func(subject string) tandemtest.Client {
			return tandemtest.Dial(t, svc, transport, tandemtest.As(&tandem.Principal{Issuer: "test", Subject: subject, Scopes: []string{service.ReadInventory}}))
		}
		ann, bob := as("ann"), as("bob")
		first, err := ann.Call(t.Context(), "list_products", json.RawMessage(`{"limit":2}`))
		var page struct {
			NextCursor string `json:"next_cursor"`
		}
		if err != nil || json.Unmarshal(first.Result, &page) != nil || page.NextCursor == "" {
			t.Fatalf("%s: %+v, %v", transport, first, err)
		}
		next := json.RawMessage(`{"limit":2,"cursor":"` + page.NextCursor + `"}`)
		if got, err := ann.Call(t.Context(), "list_products", next); err != nil || got.Problem != nil {
			t.Errorf("%s: her own: %+v, %v", transport, got.Problem, err)
		}
		foreign, err := bob.Call(t.Context(), "list_products", next)
		if err != nil || foreign.Code() != "invalid_argument" {
			t.Errorf("%s: somebody else's: %+v, %v", transport, foreign, err)
		}
	}
}
