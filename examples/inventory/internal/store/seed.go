package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
)

// table is the first data of a table.
type table struct {
	name    string
	columns []string
	rows    [][]any
}

// rowsPerInsert keeps a statement within the engines' limits on parameters and
// within one network round trip for many rows.
const rowsPerInsert = 50

// seed loads the first data once in the life of a database, all or nothing. Where
// replicas start together, the key of seeds makes all but one wait for its commit
// and then find the work done.
func seed(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := load(ctx, tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func load(ctx context.Context, tx *sql.Tx) error {
	claimed, err := tx.ExecContext(ctx, "INSERT INTO seeds (name) VALUES ('inventory') ON CONFLICT DO NOTHING")
	if err != nil {
		return err
	}
	if n, err := claimed.RowsAffected(); err != nil || n == 0 {
		return err
	}
	for _, t := range firstData() {
		if err := t.insert(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

func (t table) insert(ctx context.Context, tx *sql.Tx) error {
	for rows := t.rows; len(rows) > 0; {
		n := min(rowsPerInsert, len(rows))
		query, args := t.statement(rows[:n])
		if _, err := tx.ExecContext(ctx, query, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// statement returns INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) … for the rows.
func (t table) statement(rows [][]any) (query string, args []any) {
	var b strings.Builder
	b.WriteString("INSERT INTO " + t.name + " (" + strings.Join(t.columns, ", ") + ") VALUES ")
	for i, row := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(")
		for j, value := range row {
			if j > 0 {
				b.WriteString(", ")
			}
			args = append(args, value)
			b.WriteString("$" + strconv.Itoa(len(args)))
		}
		b.WriteString(")")
	}
	return b.String(), args
}
