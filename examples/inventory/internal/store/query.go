package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/examples/inventory/internal/stock"
)

// transactionTimeout bounds a transaction, whatever the network does.
const transactionTimeout = 30 * time.Second

var errClosed = errors.New("the store is not started, or closed")

func (s *Store) handles() (*handles, error) {
	if h := s.opened.Load(); h != nil {
		return h, nil
	}
	return nil, stock.Unavailable(errClosed)
}

// one reads a single row; it returns sql.ErrNoRows if there is none.
func (s *Store) one(ctx context.Context, into []any, query string, args ...any) error {
	h, err := s.handles()
	if err != nil {
		return err
	}
	return s.failure(ctx, scanOne(ctx, h.read, into, query, args...))
}

func scanOne(ctx context.Context, q querier, into []any, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err reports what matters
	if rows.Next() {
		return firstError(rows.Scan(into...), rows.Err())
	}
	return firstError(rows.Err(), sql.ErrNoRows)
}

// all reads every row; columns says where the columns of a row go. The result is
// empty rather than nil.
func all[T any](ctx context.Context, s *Store, columns func(*T) []any, query string, args ...any) ([]T, error) {
	h, err := s.handles()
	if err != nil {
		return nil, err
	}
	found, err := scanAll(ctx, h.read, columns, query, args...)
	return found, s.failure(ctx, err)
}

func scanAll[T any](ctx context.Context, q querier, columns func(*T) []any, query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // Err reports what matters
	found := []T{}
	for rows.Next() {
		var row T
		if err := rows.Scan(columns(&row)...); err != nil {
			return nil, err
		}
		found = append(found, row)
	}
	return found, rows.Err()
}

// change runs f in a transaction, which is rolled back if f returns an error or
// ctx has ended by then. Once the commit has begun, the end of ctx no longer
// disturbs it: it would only make its outcome unknown.
func (s *Store) change(ctx context.Context, f func(tx *sql.Tx) error) error {
	h, err := s.handles()
	if err != nil {
		return err
	}
	conn, err := h.write.Conn(ctx)
	if err != nil {
		return s.failure(ctx, err)
	}
	defer func() { _ = conn.Close() }() // gives it back; it has no other effect
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), transactionTimeout)
	defer cancel()
	tx, err := conn.BeginTx(bounded, nil)
	if err != nil {
		return s.failure(ctx, err)
	}
	if err := firstError(f(tx), ctx.Err()); err != nil {
		_ = tx.Rollback() // fails only with the connection, which rolls back as well
		return s.failure(ctx, err)
	}
	return s.commitFailure(ctx, tx.Commit())
}

// commitFailure is failure for a commit, whose outcome is unknown if the answer
// was lost on the way.
func (s *Store) commitFailure(ctx context.Context, err error) error {
	if err != nil && (s.engine.unavailable(err) || errors.Is(err, context.DeadlineExceeded)) {
		return stock.OutcomeUnknown(err)
	}
	return s.failure(ctx, err)
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// failure turns an error of the database into one that the domain knows. The
// domain's own errors and sql.ErrNoRows stay what they are.
func (s *Store) failure(ctx context.Context, err error) error {
	var known *tandem.Error
	switch {
	case err == nil, errors.As(err, &known), errors.Is(err, sql.ErrNoRows):
		return err
	case ctx.Err() != nil && !errors.Is(err, ctx.Err()):
		return fmt.Errorf("%w: %w", ctx.Err(), err) // drivers report it in their own ways
	case s.engine.unavailable(err):
		return stock.Unavailable(err)
	}
	return fmt.Errorf("%s: %w", s.engine.name(), err)
}
