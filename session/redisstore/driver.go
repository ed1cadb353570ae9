package redisstore

import (
	"context"
	"net/url"

	"github.com/tandem-go/tandem/session"
)

// Driver opens stores by URLs of redis:// and rediss:// (see [Open]), for
// server.Config.StateDrivers. Keys and channels of a service begin with
// "tandem:", its name and a colon.
func Driver() session.Driver {
	return session.Driver{
		Schemes: []string{"redis", "rediss"},
		Open: func(ctx context.Context, rawURL string, o session.DriverOptions) (session.Store, error) {
			options := Options{Limits: o.Limits, Secrets: o.Secrets, Logger: o.Logger}
			if o.Service != "" {
				options.Prefix = "tandem:" + url.QueryEscape(o.Service) + ":"
			}
			s, err := Open(ctx, rawURL, options)
			if err != nil {
				return nil, err // and no nil of type *Store
			}
			return s, nil
		},
	}
}
