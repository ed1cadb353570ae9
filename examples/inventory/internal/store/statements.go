package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// querier runs queries that change nothing.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// statements prepares each query once, since parsing one takes SQLite longer than
// running it. The store has a handful of queries, so that none is ever dropped.
// PostgreSQL needs none of this: pgx prepares by itself.
type statements struct {
	db       *sql.DB
	prepared sync.Map // query → *sql.Stmt
}

func (s *statements) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt, ok := s.prepared.Load(query); ok {
		return stmt.(*sql.Stmt).QueryContext(ctx, args...)
	}
	stmt, err := s.db.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	if first, taken := s.prepared.LoadOrStore(query, stmt); taken {
		_ = stmt.Close() // another call was faster; nothing depends on this one
		stmt = first.(*sql.Stmt)
	}
	return stmt.QueryContext(ctx, args...)
}

func (s *statements) close() error {
	var errs []error
	s.prepared.Range(func(_, stmt any) bool {
		errs = append(errs, stmt.(*sql.Stmt).Close())
		return true
	})
	return errors.Join(errs...)
}
