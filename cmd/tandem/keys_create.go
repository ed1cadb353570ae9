package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tandem-go/tandem/auth/apikey"
)

type keysCreate struct {
	where
	Scopes  []string `placeholder:"SCOPE" help:"What the key may do; '*' is everything. Without this it may only do what needs no scope."`
	Expires ending   `placeholder:"WHEN" help:"When it ends: 90d, 12h, or a date such as 2030-12-31 (at 00:00 UTC). Default: never."`
	Name    string   `arg:"" optional:"" help:"Who holds it, or what it is for."`
}

// Run prints the key alone on stdout, so that KEY=$(tandem keys create …) works.
func (c *keysCreate) Run(ctx context.Context, env *environment) error {
	return c.use(env, true, func(p *place) error {
		if err := p.migrate(ctx); err != nil {
			return err
		}
		key, r, err := apikey.Create(ctx, p, apikey.Wanted{Name: c.Name, Scopes: c.scopes(), Expires: c.Expires.at(time.Now())})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(env.stdout, key.Reveal()); err != nil {
			return fmt.Errorf("the key was made but could not be printed: %w: revoke it by tandem keys revoke%s %s", err, p.flags, r.ID)
		}
		env.note("Created the key %s in %s. %s", r.ID, p.name, describe(r))
		env.note("The key above is not kept anywhere: store it now.")
		return nil
	})
}

// scopes are those that were given, without empty ones, as in "--scopes=".
func (c *keysCreate) scopes() []string {
	var all []string
	for _, given := range c.Scopes {
		all = append(all, strings.Fields(given)...)
	}
	return all
}

// describe says what a key is good for.
func describe(r apikey.Record) string {
	text := "It has no scopes"
	if len(r.Scopes) > 0 {
		text = "Its scopes: " + strings.Join(r.Scopes, ", ")
	}
	if r.Expires.IsZero() {
		return text + "; it never expires."
	}
	return text + "; it expires at " + r.Expires.Format(time.RFC3339) + "."
}
