package pgstore

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"

	"github.com/jackc/pgx/v5"
)

// The migrations, one file each, applied in the order of their names. What was
// released is never changed: a change is a new file, which the replicas of the
// release before must be able to live with.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrations returns the statements of each migration, for the schema.
func migrations(schema string) ([]string, error) {
	names, err := fs.Glob(migrationFiles, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	all := make([]string, len(names))
	for i, name := range names {
		text, err := migrationFiles.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all[i] = inSchema(schema, string(text))
	}
	return all, nil
}

// inSchema puts the schema's quoted name into the statement.
func inSchema(schema, statement string) string {
	return strings.ReplaceAll(statement, "{schema}", pgx.Identifier{schema}.Sanitize())
}

// migrate brings the schema up to date. Replicas that start together take turns.
// A schema that is newer than this program is left alone.
func migrate(ctx context.Context, conn *pgx.Conn, schema string) error {
	all, err := migrations(schema)
	if err != nil {
		return err
	}
	// Without the lock, and without the right to change anything, if nothing is due.
	if version, err := schemaVersion(ctx, conn, schema); err != nil || version >= len(all) {
		return err
	}
	// What comes after the lock must see what others did while this one waited.
	return pgx.BeginTxFunc(ctx, conn, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('tandem pgstore ' || $1::text, 0))", schema); err != nil {
			return err
		}
		version, err := schemaVersion(ctx, tx, schema)
		if err == nil && version == 0 {
			err = createSchema(ctx, tx, schema)
		}
		for i := version; err == nil && i < len(all); i++ {
			err = apply(ctx, tx, schema, i+1, all[i])
		}
		return err
	})
}

type queryer interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// schemaVersion returns the number of migrations that were applied.
func schemaVersion(ctx context.Context, q queryer, schema string) (version int, err error) {
	var exists bool
	// Not by to_regclass, which may look into a cache from before the lock.
	err = q.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = $1::text AND c.relname = 'migrations')`, schema).Scan(&exists)
	if err == nil && exists {
		err = q.QueryRow(ctx, inSchema(schema, "SELECT coalesce(max(version), 0) FROM {schema}.migrations")).Scan(&version)
	}
	return version, err
}

// createSchema leaves a schema that is there: creating one, even if it exists,
// takes a right on the database that the role may lack.
func createSchema(ctx context.Context, tx pgx.Tx, schema string) error {
	var exists bool
	err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1::text)", schema).Scan(&exists)
	if err == nil && !exists {
		_, err = tx.Exec(ctx, inSchema(schema, "CREATE SCHEMA {schema}"))
	}
	if err == nil {
		_, err = tx.Exec(ctx, inSchema(schema, `CREATE TABLE IF NOT EXISTS {schema}.migrations (
			version integer PRIMARY KEY,
			applied timestamptz NOT NULL DEFAULT now())`))
	}
	return err
}

func apply(ctx context.Context, tx pgx.Tx, schema string, version int, statements string) error {
	if _, err := tx.Exec(ctx, statements); err != nil {
		return fmt.Errorf("migration %d: %w", version, err)
	}
	_, err := tx.Exec(ctx, inSchema(schema, "INSERT INTO {schema}.migrations (version) VALUES ($1)"), version)
	return err
}
