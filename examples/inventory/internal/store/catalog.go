package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"

	"github.com/tandem-go/tandem/examples/inventory/internal/stock"
)

// CountProducts implements [stock.Catalog].
func (s *Store) CountProducts(ctx context.Context) (n int64, err error) {
	err = s.one(ctx, []any{&n}, "SELECT count(*) FROM products")
	return n, err
}

// Product implements [stock.Catalog].
func (s *Store) Product(ctx context.Context, sku string) (stock.Product, error) {
	p := stock.Product{SKU: sku}
	err := s.one(ctx, []any{&p.Name, &p.Category}, "SELECT name, category FROM products WHERE sku = $1", sku)
	if errors.Is(err, sql.ErrNoRows) {
		return p, stock.NoProduct(sku)
	}
	if err != nil {
		return p, err
	}
	if p.Stock, err = s.levels(ctx, sku); err != nil {
		return p, err
	}
	for _, level := range p.Stock {
		p.Quantity += level.Quantity
	}
	p.Variants, err = s.Variants(ctx, sku)
	return p, err
}

func (s *Store) levels(ctx context.Context, sku string) ([]stock.StockLevel, error) {
	columns := func(l *stock.StockLevel) []any { return []any{&l.WarehouseID, &l.Quantity, &l.Location} }
	return all(ctx, s, columns,
		"SELECT warehouse_id, quantity, location FROM stock WHERE sku = $1 ORDER BY warehouse_id", sku)
}

// Products implements [stock.Catalog].
func (s *Store) Products(ctx context.Context, sel stock.Selection) ([]stock.ProductSummary, error) {
	columns := func(p *stock.ProductSummary) []any { return []any{&p.SKU, &p.Name, &p.Category, &p.Quantity} }
	query, args := selectProducts(sel)
	return all(ctx, s, columns, query, args...)
}

func selectProducts(sel stock.Selection) (query string, args []any) {
	conditions := []string{"p.sku > $1"}
	args = []any{sel.After}
	if sel.Category != "" {
		args = append(args, sel.Category)
		conditions = append(conditions, "p.category = $2")
	}
	if sel.InStock != nil {
		exists := "EXISTS (SELECT 1 FROM stock s WHERE s.sku = p.sku AND s.quantity > 0)"
		if !*sel.InStock {
			exists = "NOT " + exists
		}
		conditions = append(conditions, exists)
	}
	args = append(args, sel.Limit)
	return `SELECT p.sku, p.name, p.category,
		(SELECT CAST(coalesce(sum(s.quantity), 0) AS bigint) FROM stock s WHERE s.sku = p.sku)
		FROM products p WHERE ` + strings.Join(conditions, " AND ") +
		" ORDER BY p.sku LIMIT $" + strconv.Itoa(len(args)), args
}

// ProductIn implements [stock.Catalog]. One query finds the stock, a missing
// product (no row) and a missing warehouse (a row without one).
func (s *Store) ProductIn(ctx context.Context, sku, warehouseID string) (stock.ProductResult, error) {
	result := stock.ProductResult{SKU: sku}
	var warehouse sql.NullString
	err := s.one(ctx, []any{&result.Name, &warehouse, &result.Quantity, &result.Location},
		`SELECT p.name, w.id, coalesce(s.quantity, 0), coalesce(s.location, '')
		FROM products p
		LEFT JOIN warehouses w ON w.id = $2
		LEFT JOIN stock s ON s.sku = p.sku AND s.warehouse_id = w.id
		WHERE p.sku = $1`, sku, warehouseID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return result, stock.NoProduct(sku)
	case err == nil && !warehouse.Valid:
		return result, s.noWarehouse(ctx, warehouseID)
	}
	return result, err
}

// Variants implements [stock.Catalog].
func (s *Store) Variants(ctx context.Context, sku string) ([]stock.Variant, error) {
	columns := func(v *stock.Variant) []any { return []any{&v.SKU, &v.Name} }
	return all(ctx, s, columns, "SELECT sku, name FROM variants WHERE product_sku = $1 ORDER BY sku", sku)
}

// User implements [stock.Catalog].
func (s *Store) User(ctx context.Context, id string) (stock.User, error) {
	u := stock.User{UserID: id}
	err := s.one(ctx, []any{&u.Name, &u.Email, &u.Role}, "SELECT name, email, role FROM users WHERE id = $1", id)
	if errors.Is(err, sql.ErrNoRows) {
		return u, stock.NoUser(id)
	}
	return u, err
}

// Warehouses implements [stock.Catalog].
func (s *Store) Warehouses(ctx context.Context) ([]string, error) {
	return all(ctx, s, func(id *string) []any { return []any{id} }, "SELECT id FROM warehouses ORDER BY id")
}

// LowStock implements [stock.Catalog].
func (s *Store) LowStock(ctx context.Context, warehouseID string, units int64, limit int) ([]stock.LowProduct, error) {
	columns := func(p *stock.LowProduct) []any { return []any{&p.SKU, &p.Name, &p.Quantity} }
	low, err := all(ctx, s, columns,
		`SELECT p.sku, p.name, s.quantity FROM stock s JOIN products p ON p.sku = s.sku
		WHERE s.warehouse_id = $1 AND s.quantity <= $2 ORDER BY s.quantity, p.sku LIMIT $3`,
		warehouseID, units, limit)
	if err != nil || len(low) > 0 {
		return low, err
	}
	_, err = s.CountStock(ctx, warehouseID) // an unknown warehouse has nothing either
	return low, err
}

// noWarehouse returns the error that tells which warehouses there are.
func (s *Store) noWarehouse(ctx context.Context, id string) error {
	known, err := s.Warehouses(ctx)
	if err != nil {
		return err
	}
	return stock.NoWarehouse(id, known)
}
