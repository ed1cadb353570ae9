package apikey

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Schema creates the table of keys, unless it is there already, on SQLite and on
// PostgreSQL. [SQL.Migrate] runs it; it is exported for services that keep all
// their migrations in one place. Times are RFC 3339 in UTC, to the second.
const Schema = `CREATE TABLE IF NOT EXISTS tandem_api_keys (
	id        text NOT NULL PRIMARY KEY,
	name      text NOT NULL,
	digest    text NOT NULL,
	scopes    text NOT NULL,
	created   text NOT NULL,
	expires   text,
	revoked   text,
	last_used text
)`

// SQL keeps keys in a table of a service's own database, SQLite or PostgreSQL. It
// is safe for concurrent use, by any number of replicas.
//
// What was looked up is remembered for a second, so that a key that is revoked
// may be good for that long, and the database is asked once a second for a key that
// is busy. Without an answer of the database no key is good.
//
// When keys were used is written at most once a minute and by [SQL.Close].
type SQL struct {
	db    *sql.DB
	uses  *uses
	cache *cache
}

var (
	_ Store  = (*SQL)(nil)
	_ Keeper = (*SQL)(nil)
)

// NewSQL returns the keys in a database, which remains the caller's to close. It
// asks nothing yet. It panics if db is nil.
func NewSQL(db *sql.DB, o Options) *SQL {
	if db == nil {
		panic("apikey: NewSQL: the database is nil")
	}
	s := &SQL{db: db}
	s.uses = newUses(o.logger(), s.writeUses)
	s.cache = newCache(s.find)
	return s
}

// Start is Migrate, so that an SQL can be a resource of a service, after its database:
// svc.Manage("api keys", keys).
func (s *SQL) Start(ctx context.Context) error { return s.Migrate(ctx) }

// Migrate creates the table, unless it is there.
func (s *SQL) Migrate(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, Schema)
	if err != nil && s.exists(ctx) {
		return nil // PostgreSQL fails if two create a table at the same time; the other one did it
	}
	if err != nil {
		return fmt.Errorf("apikey: create the table tandem_api_keys: %w", err)
	}
	return nil
}

func (s *SQL) exists(ctx context.Context) bool {
	rows, err := s.db.QueryContext(ctx, "SELECT id FROM tandem_api_keys WHERE 1 = 0")
	return err == nil && rows.Close() == nil
}

// Close writes when keys were last used, as far as it was not written yet. It
// closes no database.
func (s *SQL) Close() error {
	s.uses.close()
	return nil
}

// Lookup implements [Store].
func (s *SQL) Lookup(ctx context.Context, id string) (*Record, error) { return s.cache.get(ctx, id) }

// MarkUsed implements [Store].
func (s *SQL) MarkUsed(id string, at time.Time) { s.uses.mark(id, at) }

const columns = "id, name, digest, scopes, created, expires, revoked, last_used"

// find returns the record in the database, nil if there is none.
func (s *SQL) find(ctx context.Context, id string) (*Record, error) {
	r, err := scan(s.db.QueryRowContext(ctx, "SELECT "+columns+" FROM tandem_api_keys WHERE id = $1", id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return r, err
}

// All implements [Keeper].
func (s *SQL) All(ctx context.Context) (all []Record, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT "+columns+" FROM tandem_api_keys ORDER BY created, id")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, *r)
	}
	return all, rows.Err()
}

// scan reads a row of the columns.
func scan(row interface{ Scan(...any) error }) (*Record, error) {
	var (
		r                          Record
		digest, scopes, created    string
		expires, revoked, lastUsed sql.NullString
	)
	if err := row.Scan(&r.ID, &r.Name, &digest, &scopes, &created, &expires, &revoked, &lastUsed); err != nil {
		return nil, err
	}
	err := r.Digest.UnmarshalText([]byte(digest))
	read := func(into *time.Time, text sql.NullString) {
		if text.Valid && err == nil {
			*into, err = time.Parse(time.RFC3339, text.String)
		}
	}
	read(&r.Created, sql.NullString{String: created, Valid: true})
	read(&r.Expires, expires)
	read(&r.Revoked, revoked)
	read(&r.LastUsed, lastUsed)
	r.Scopes = strings.Fields(scopes)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return nil, fmt.Errorf("the row of the API key %q: %w", r.ID, err)
	}
	return &r, nil
}

// Insert implements [Keeper].
func (s *SQL) Insert(ctx context.Context, r Record) error {
	digest, err := r.Digest.MarshalText()
	if err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, "INSERT INTO tandem_api_keys ("+columns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		r.ID, r.Name, string(digest), strings.Join(r.Scopes, " "), text(r.Created).String, text(r.Expires), text(r.Revoked), text(r.LastUsed))
	return err
}

// text is a time as a column has it, NULL for zero.
func text(t time.Time) sql.NullString {
	if t.IsZero() {
		return sql.NullString{}
	}
	return sql.NullString{String: stamp(t).Format(time.RFC3339), Valid: true}
}

// SetRevoked implements [Keeper].
func (s *SQL) SetRevoked(ctx context.Context, id string, at time.Time) error {
	result, err := s.db.ExecContext(ctx, "UPDATE tandem_api_keys SET revoked = $1 WHERE id = $2 AND revoked IS NULL", text(at), id)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	found, err := s.find(ctx, id)
	if err == nil && found == nil {
		return ErrNotFound
	}
	return err
}

// writeUses enters uses in the table. Other replicas serve the same keys, so that
// the later time counts.
func (s *SQL) writeUses(ctx context.Context, last map[string]time.Time) (err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // the first error says more
		}
	}()
	for _, id := range slices.Sorted(maps.Keys(last)) { // in one order, so that replicas do not lock each other out
		at := text(last[id])
		if _, err := tx.ExecContext(ctx,
			"UPDATE tandem_api_keys SET last_used = $1 WHERE id = $2 AND (last_used IS NULL OR last_used < $3)", at, id, at); err != nil {
			return err
		}
	}
	return tx.Commit()
}
