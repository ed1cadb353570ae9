package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/internal/stock"
)

func checkStatus(t *testing.T, f fixture) {
	got, err := f.GetStatus(t.Context(), stock.StatusQuery{})
	if err != nil {
		t.Fatal(err)
	}
	engine := "sqlite"
	if strings.HasPrefix(f.url, "postgres") {
		engine = "postgres"
	}
	got.UptimeSeconds = 0 // it depends on the machine
	want := stock.Status{Service: "inventory-service", Version: "1.2.3", Engine: engine, Products: 500}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

func checkQuery(t *testing.T, f fixture) {
	variants := []stock.Variant{
		{SKU: "SKU-0005-BLK", Name: "black"}, {SKU: "SKU-0005-BLU", Name: "blue"}, {SKU: "SKU-0005-RED", Name: "red"},
	}
	for _, c := range []struct {
		query stock.ProductQuery
		want  stock.ProductResult
	}{
		{
			stock.ProductQuery{SKU: "SKU-0005", WarehouseID: "default"},
			stock.ProductResult{SKU: "SKU-0005", Name: "Foldable stapler", Quantity: 185, Location: "F-06-1"},
		},
		{
			stock.ProductQuery{SKU: "SKU-0005", WarehouseID: "east", IncludeVariants: true},
			stock.ProductResult{SKU: "SKU-0005", Name: "Foldable stapler", Quantity: 46, Location: "G-06-1", Variants: variants},
		},
		{
			stock.ProductQuery{SKU: "SKU-0001", WarehouseID: "west", IncludeVariants: true},
			stock.ProductResult{SKU: "SKU-0001", Name: "Foldable desk lamp", Quantity: 239, Location: "D-02-2", Variants: []stock.Variant{}},
		},
	} {
		got, err := f.QueryProduct(t.Context(), c.query)
		if err != nil {
			t.Errorf("%+v: %v", c.query, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", c.query, diff)
		}
	}
}

func checkProduct(t *testing.T, f fixture) {
	got, err := f.GetProduct(t.Context(), stock.ProductRef{SKU: "SKU-0001"})
	if err != nil {
		t.Fatal(err)
	}
	want := stock.Product{
		SKU: "SKU-0001", Name: "Foldable desk lamp", Category: "lighting", Quantity: 37 + 138 + 239,
		Stock: []stock.StockLevel{
			{WarehouseID: "default", Quantity: 37, Location: "B-02-2"},
			{WarehouseID: "east", Quantity: 138, Location: "C-02-2"},
			{WarehouseID: "west", Quantity: 239, Location: "D-02-2"},
		},
		Variants: []stock.Variant{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func checkUsers(t *testing.T, f fixture) {
	emails := map[string]bool{}
	for i := 1; i <= 50; i++ {
		user, err := f.GetUser(t.Context(), stock.UserRef{UserID: fmt.Sprintf("u-%03d", i)})
		if err != nil {
			t.Fatal(err)
		}
		if user.Name == "" || user.Role == "" || emails[user.Email] {
			t.Errorf("user %+v lacks something or shares an address", user)
		}
		emails[user.Email] = true
	}
}

func checkNotFound(t *testing.T, f fixture) {
	ctx := t.Context()
	for name, c := range map[string]struct {
		call    func() error
		mention string
	}{
		"query, product":         {func() error { _, err := f.store.ProductIn(ctx, "SKU-9999", "default"); return err }, `"SKU-9999"`},
		"query, warehouse":       {func() error { _, err := f.store.ProductIn(ctx, "SKU-0001", "north"); return err }, `"north"; there are default, east, west`},
		"get product":            {func() error { _, err := f.store.Product(ctx, "sku-0001"); return err }, `"sku-0001"`},
		"get user":               {func() error { _, err := f.store.User(ctx, "u-051"); return err }, `"u-051"`},
		"recount":                {func() error { _, err := f.RecountStock(ctx, stock.Recount{WarehouseID: "north"}); return err }, `"north"`},
		"adjust, product":        {func() error { return f.adjust(t, "SKU-9999", "default", 1) }, `"SKU-9999"`},
		"adjust, warehouse":      {func() error { return f.adjust(t, "SKU-0001", "north", 1) }, `"north"`},
		"adjust, not a wildcard": {func() error { return f.adjust(t, "SKU-000_", "default", 1) }, `"SKU-000_"`},
	} {
		err := c.call()
		if tandem.CodeOf(err) != tandem.NotFound || !strings.Contains(err.Error(), c.mention) {
			t.Errorf("%s: %v, want not_found with %s", name, err, c.mention)
		}
	}
}

// pages lists everything page by page.
func (f fixture) pages(t *testing.T, list stock.ProductList, between func()) []stock.ProductSummary {
	t.Helper()
	var found []stock.ProductSummary
	for {
		page, err := f.ListProducts(t.Context(), list)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Products) > list.Limit {
			t.Fatalf("a page of %d products, limit %d", len(page.Products), list.Limit)
		}
		found = append(found, page.Products...)
		if page.NextCursor == "" {
			return found
		}
		list.Cursor = page.NextCursor
		between()
	}
}

func checkPages(t *testing.T, f fixture) {
	for _, limit := range []int{7, 20, 100} { // 100 divides 500: the last page is full
		found := f.pages(t, stock.ProductList{Limit: limit}, func() {})
		if len(found) != 500 {
			t.Fatalf("limit %d: %d products, want 500", limit, len(found))
		}
		for i, p := range found {
			if want := fmt.Sprintf("SKU-%04d", i+1); p.SKU != want {
				t.Fatalf("limit %d: place %d has %s, want %s", limit, i, p.SKU, want)
			}
		}
	}
}

func checkFilters(t *testing.T, f fixture) {
	yes, no := true, false
	everything := f.pages(t, stock.ProductList{Limit: 100}, func() {})
	for name, c := range map[string]struct {
		list stock.ProductList
		keep func(stock.ProductSummary) bool
	}{
		"category":     {stock.ProductList{Category: "garden"}, func(p stock.ProductSummary) bool { return p.Category == "garden" }},
		"in stock":     {stock.ProductList{InStock: &yes}, func(p stock.ProductSummary) bool { return p.Quantity > 0 }},
		"out of stock": {stock.ProductList{InStock: &no}, func(p stock.ProductSummary) bool { return p.Quantity == 0 }},
		"both": {stock.ProductList{Category: "tools", InStock: &no}, func(p stock.ProductSummary) bool {
			return p.Category == "tools" && p.Quantity == 0
		}},
		"unknown category": {stock.ProductList{Category: "none"}, func(stock.ProductSummary) bool { return false }},
	} {
		c.list.Limit = 9
		got := f.pages(t, c.list, func() {})
		want := slices.DeleteFunc(slices.Clone(everything), func(p stock.ProductSummary) bool { return !c.keep(p) })
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d products, want %d", name, len(got), len(want))
		}
		if name != "unknown category" && (len(want) == 0 || len(want) == 500) {
			t.Errorf("%s: the first data does not exercise the filter", name)
		}
	}
}

func checkPagingUnderChange(t *testing.T, f fixture) {
	n := 0
	found := f.pages(t, stock.ProductList{Limit: 20}, func() {
		n++ // one product before the page and one behind it
		f.exec(t, "INSERT INTO products (sku, name, category) VALUES ($1, 'early', 'tools'), ($2, 'late', 'tools')",
			fmt.Sprintf("SKU-0000-%d", n), fmt.Sprintf("SKU-9%03d", n))
	})
	seen := map[string]int{}
	for _, p := range found {
		seen[p.SKU]++
	}
	for i := 1; i <= 500; i++ {
		if sku := fmt.Sprintf("SKU-%04d", i); seen[sku] != 1 {
			t.Errorf("%s was listed %d times while others were added", sku, seen[sku])
		}
	}
}

func checkLowStock(t *testing.T, f fixture) {
	const query = "SELECT count(*) FROM stock WHERE warehouse_id = 'east' AND quantity <= 20"
	low, err := f.store.LowStock(t.Context(), "east", 20, 1000)
	if err != nil || int64(len(low)) != f.number(t, query) || len(low) < 2 {
		t.Fatalf("%d products, %v", len(low), err)
	}
	for i, p := range low {
		if p.Quantity != f.quantity(t, p.SKU, "east") || p.Quantity > 20 || p.Name == "" {
			t.Errorf("%+v", p)
		}
		if i > 0 && (low[i-1].Quantity > p.Quantity || low[i-1].Quantity == p.Quantity && low[i-1].SKU >= p.SKU) {
			t.Errorf("%+v comes before %+v", low[i-1], p)
		}
	}
	plan, err := f.Restock(t.Context(), stock.RestockQuery{WarehouseID: "east", Threshold: 1_000_000})
	if err != nil || len(plan.Products) != 50 || !plan.More {
		t.Errorf("a plan of %d products, more %v, %v", len(plan.Products), plan.More, err)
	}
	if plan, err := f.Restock(t.Context(), stock.RestockQuery{WarehouseID: "east", Threshold: -1}); err != nil || len(plan.Products) != 0 || plan.More {
		t.Errorf("a plan of nothing: %+v, %v", plan, err)
	}
	if _, err := f.Restock(t.Context(), stock.RestockQuery{WarehouseID: "north", Threshold: 20}); tandem.CodeOf(err) != tandem.NotFound {
		t.Errorf("an unknown warehouse: %v", err)
	}
	ids, err := f.Warehouses(t.Context())
	if diff := cmp.Diff([]string{"default", "east", "west"}, ids); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
}

func checkBooked(t *testing.T, f fixture) {
	if n, err := f.store.Booked(t.Context(), "SKU-0001", "east"); err != nil || n != f.quantity(t, "SKU-0001", "east") {
		t.Errorf("%d, %v", n, err)
	}
	for _, unknown := range [][2]string{{"SKU-9999", "east"}, {"SKU-0001", "north"}} {
		if _, err := f.store.Booked(t.Context(), unknown[0], unknown[1]); tandem.CodeOf(err) != tandem.NotFound {
			t.Errorf("%v: %v", unknown, err)
		}
	}
}
