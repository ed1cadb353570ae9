package sqlstore

import (
	"regexp"
	"strings"
)

type statements struct {
	probe                       string
	migrate                     []string
	lock                        string // empty where a writer keeps the others out
	look, expire, claim, finish string
	sweep                       string
}

// statementsOf returns the dialect's statements. A row without a result is seen by
// nobody but its own transaction.
func statementsOf(d Dialect, table string) statements {
	blob, lock, skip := "BLOB", "", ""
	var migrate []string
	if d == Postgres {
		blob, lock, skip = "bytea", `SELECT pg_try_advisory_xact_lock($1::bigint)`, "FOR UPDATE SKIP LOCKED"
		migrate = append(migrate, `SELECT pg_advisory_xact_lock(hashtextextended('tandem idempotency', 0))`)
	}
	in := strings.NewReplacer("{table}", table, "{blob}", blob, "{skip}", skip).Replace
	param := func(statement string) string {
		if d == SQLite {
			return dollar.ReplaceAllString(in(statement), "?$1")
		}
		return in(statement)
	}
	return statements{
		probe: in(`SELECT 1 FROM {table} WHERE false`),
		migrate: append(migrate,
			in(`CREATE TABLE IF NOT EXISTS {table} (
				id        {blob} PRIMARY KEY,
				operation text NOT NULL,
				hash      {blob} NOT NULL,
				result    {blob},
				expires   bigint NOT NULL)`),
			in(`CREATE INDEX IF NOT EXISTS {table}_expires ON {table} (expires)`)),
		lock:   lock,
		look:   param(`SELECT hash, result FROM {table} WHERE id = $1 AND expires > $2 AND result IS NOT NULL`),
		expire: param(`DELETE FROM {table} WHERE id = $1 AND expires <= $2`),
		claim: param(`INSERT INTO {table} (id, operation, hash, expires) VALUES ($1, $2, $3, 9223372036854775807)
			ON CONFLICT (id) DO NOTHING`),
		finish: param(`UPDATE {table} SET result = $2, expires = $3 WHERE id = $1`),
		sweep:  param(`DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE expires <= $1 LIMIT 1000 {skip})`),
	}
}

var dollar = regexp.MustCompile(`\$(\d)`)
