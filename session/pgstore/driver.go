package pgstore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/tandem-go/tandem/session"
)

// Driver opens stores by URLs of postgres:// (see [Open]), for
// server.Config.StateDrivers. A service's tables are in the schema
// "tandem_" followed by its name, in which "_" stands for whatever is no letter or
// digit.
func Driver() session.Driver {
	return session.Driver{
		Schemes: []string{"postgres", "postgresql"},
		Open: func(ctx context.Context, databaseURL string, o session.DriverOptions) (session.Store, error) {
			s, err := Open(ctx, databaseURL, Options{
				Limits: o.Limits, Secrets: o.Secrets, Logger: o.Logger, Schema: schemaOf(o.Service),
			})
			if err != nil {
				return nil, err // and no nil of type *Store
			}
			return s, nil
		},
	}
}

// schemaOf names the schema of a service so that people need not quote it. A name
// that is too long ends in its hash.
func schemaOf(service string) string {
	if service == "" {
		return ""
	}
	schema := "tandem_" + strings.Map(plain, strings.ToLower(service))
	if len(schema) > maxSchema {
		sum := sha256.Sum256([]byte(service))
		schema = schema[:maxSchema-9] + "_" + hex.EncodeToString(sum[:4])
	}
	return schema
}

func plain(c rune) rune {
	if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' {
		return c
	}
	return '_'
}
