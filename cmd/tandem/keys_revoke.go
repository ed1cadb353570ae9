package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-go/tandem/auth/apikey"
)

type keysRevoke struct {
	where
	Key string `arg:"" name:"id|name" help:"The key's ID, or its name if only one active key has it."`
}

// Run revokes the key. It is no mistake to revoke a key twice.
func (c *keysRevoke) Run(ctx context.Context, env *environment) error {
	if id, ok := apikey.IDOf(c.Key); ok {
		c.Key = id // a key that leaked is revoked by itself
	}
	return c.use(env, false, func(p *place) error {
		r, already, err := apikey.Revoke(ctx, p, c.Key)
		switch {
		case errors.Is(err, apikey.ErrNotFound):
			return fmt.Errorf("no key in %s has the ID or the name %q: tandem keys list%s shows them", p.name, c.Key, p.flags)
		case err != nil:
			return err
		}
		verb := "Revoked"
		if already {
			verb = "It was revoked already:"
		}
		_, err = fmt.Fprintf(env.stdout, "%s %s (%s), at %s\n", verb, r.ID, orDash(r.Name), r.Revoked.Format(time.RFC3339))
		return err
	})
}
