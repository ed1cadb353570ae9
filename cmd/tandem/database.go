package main

import (
	"database/sql"
	"log/slog"
	"net/url"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/tandem-go/tandem/auth/apikey"
)

// openDatabase opens the database of a service, by the URL that it has too.
func openDatabase(raw string, create bool) (*place, error) {
	driver, source, name := "pgx", raw, ""
	if path, ok := strings.CutPrefix(raw, "sqlite:"); ok {
		driver, source, name = "sqlite", sqliteSource(path, create), raw
		if path == "" || strings.HasPrefix(path, ":") {
			return nil, usageErrorf("--database: sqlite: takes the path of a file, such as sqlite:/var/lib/service.db")
		}
	} else {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			return nil, usageErrorf("--database takes sqlite:PATH or postgres://USER@HOST/DATABASE") // without the URL, which may hold a password
		}
		name = u.Redacted()
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return nil, usageErrorf("--database: the URL cannot be used") // the error may repeat the password
	}
	keys := apikey.NewSQL(db, apikey.Options{Logger: slog.New(slog.DiscardHandler)})
	return &place{Keeper: keys, name: name, flags: " --database " + quoted(name), close: db.Close, migrate: keys.Migrate}, nil
}

// sqliteSource waits for the service's own writes. Only the first key may make the
// file, so that a path with a typo is told.
func sqliteSource(path string, create bool) string {
	mode := "rw"
	if create {
		mode = "rwc"
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=" + mode + "&_pragma=busy_timeout(10000)"
}
