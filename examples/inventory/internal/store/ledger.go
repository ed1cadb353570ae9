package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"

	"github.com/tandem-go/tandem/examples/inventory/internal/stock"
)

// Adjust implements [stock.Ledger]. It holds the lock of the row from reading it
// to the commit, so that adjustments of one product queue up.
func (s *Store) Adjust(ctx context.Context, a stock.Adjustment) (stock.AdjustmentResult, error) {
	result := stock.AdjustmentResult{SKU: a.SKU, WarehouseID: a.WarehouseID}
	err := s.change(ctx, func(tx *sql.Tx) (err error) {
		result.Quantity, result.AdjustmentID, err = s.adjust(ctx, tx, a)
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return result, s.whyNoStock(ctx, a.SKU, a.WarehouseID)
	}
	return result, err
}

func (s *Store) adjust(ctx context.Context, tx *sql.Tx, a stock.Adjustment) (quantity int64, id string, err error) {
	var shelf int64
	err = tx.QueryRowContext(ctx,
		"SELECT quantity, shelf FROM stock WHERE sku = $1 AND warehouse_id = $2"+s.engine.lockingClause(),
		a.SKU, a.WarehouseID).Scan(&quantity, &shelf)
	switch {
	case err != nil:
		return 0, "", err
	case quantity+a.Delta < 0:
		return 0, "", stock.Shortage(a, quantity)
	case quantity+a.Delta > stock.MaxQuantity:
		return 0, "", stock.TooMany(a, quantity)
	}
	quantity += a.Delta
	shelf = max(shelf+a.Delta, 0) // what was lost before cannot be taken from the shelf again
	_, err = tx.ExecContext(ctx,
		"UPDATE stock SET quantity = $3, shelf = $4 WHERE sku = $1 AND warehouse_id = $2",
		a.SKU, a.WarehouseID, quantity, shelf)
	if err != nil {
		return 0, "", err
	}
	id, err = record(ctx, tx, a, quantity)
	return quantity, id, err
}

// record writes the adjustment that led to quantity into the ledger.
func record(ctx context.Context, tx *sql.Tx, a stock.Adjustment, quantity int64) (id string, err error) {
	var n int64
	err = tx.QueryRowContext(ctx,
		`INSERT INTO adjustments (sku, warehouse_id, delta, reason, quantity)
		VALUES ($1, $2, $3, $4, $5) RETURNING id`,
		a.SKU, a.WarehouseID, a.Delta, a.Reason, quantity).Scan(&n)
	return "adj-" + strconv.FormatInt(n, 10), err
}

// whyNoStock tells what is missing where a warehouse has no stock of a product.
func (s *Store) whyNoStock(ctx context.Context, sku, warehouseID string) error {
	if _, err := s.ProductIn(ctx, sku, warehouseID); err != nil {
		return err
	}
	return stock.NotKept(sku, warehouseID)
}

// Booked implements [stock.Ledger].
func (s *Store) Booked(ctx context.Context, sku, warehouseID string) (n int64, err error) {
	err = s.one(ctx, []any{&n}, "SELECT quantity FROM stock WHERE sku = $1 AND warehouse_id = $2", sku, warehouseID)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, s.whyNoStock(ctx, sku, warehouseID)
	}
	return n, err
}

// CountStock implements [stock.Ledger].
func (s *Store) CountStock(ctx context.Context, warehouseID string) (n int64, err error) {
	err = s.one(ctx, []any{&n},
		"SELECT (SELECT count(*) FROM stock WHERE warehouse_id = w.id) FROM warehouses w WHERE w.id = $1", warehouseID)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, s.noWarehouse(ctx, warehouseID)
	}
	return n, err
}

// CountShelves implements [stock.Ledger].
func (s *Store) CountShelves(ctx context.Context, warehouseID, after string, limit int) ([]stock.ShelfCount, error) {
	columns := func(c *stock.ShelfCount) []any { return []any{&c.SKU, &c.Booked, &c.Found} }
	return all(ctx, s, columns,
		"SELECT sku, quantity, shelf FROM stock WHERE warehouse_id = $1 AND sku > $2 ORDER BY sku LIMIT $3",
		warehouseID, after, limit)
}

// Correct implements [stock.Ledger].
func (s *Store) Correct(ctx context.Context, warehouseID string, counts []stock.ShelfCount) (corrected []string, err error) {
	err = s.change(ctx, func(tx *sql.Tx) error {
		for _, c := range counts { // in the order of SKUs, so that recounts cannot deadlock
			done, err := correct(ctx, tx, warehouseID, c)
			if err != nil {
				return err
			}
			if done {
				corrected = append(corrected, c.SKU)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return corrected, nil
}

// correct reports false if the discrepancy is no longer the one that was counted.
func correct(ctx context.Context, tx *sql.Tx, warehouseID string, c stock.ShelfCount) (bool, error) {
	var quantity int64
	err := tx.QueryRowContext(ctx,
		`UPDATE stock SET quantity = shelf
		WHERE sku = $1 AND warehouse_id = $2 AND shelf - quantity = $3 RETURNING quantity`,
		c.SKU, warehouseID, c.Difference()).Scan(&quantity)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = record(ctx, tx, stock.Adjustment{
		SKU: c.SKU, WarehouseID: warehouseID, Delta: c.Difference(), Reason: "correction",
	}, quantity)
	return err == nil, err
}
