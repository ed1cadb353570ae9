package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tandem-go/tandem/auth/apikey"
)

type keysList struct {
	where
	Output string `short:"o" enum:"text,json" default:"text" help:"text or json."`
}

// Run prints the keys on stdout.
func (c *keysList) Run(ctx context.Context, env *environment) error {
	return c.use(env, false, func(p *place) error {
		records, err := p.All(ctx)
		if err != nil {
			return err
		}
		if c.Output == "json" {
			return printJSON(env.stdout, views(records, time.Now()))
		}
		if len(records) == 0 {
			env.note("There are no keys in %s.", p.name)
			return nil
		}
		return table(env.stdout, records, time.Now())
	})
}

// keyView is a key as JSON. It has no digest, which is nobody's business.
type keyView struct {
	ID       string        `json:"id"`
	Name     string        `json:"name"`
	Status   apikey.Status `json:"status"`
	Scopes   []string      `json:"scopes"`
	Created  time.Time     `json:"created"`
	Expires  *time.Time    `json:"expires"`
	Revoked  *time.Time    `json:"revoked"`
	LastUsed *time.Time    `json:"last_used"`
}

func views(records []apikey.Record, now time.Time) []keyView {
	all := []keyView{}
	for _, r := range records {
		all = append(all, keyView{
			r.ID, r.Name, r.Status(now), append([]string{}, r.Scopes...), r.Created,
			orNull(r.Expires), orNull(r.Revoked), orNull(r.LastUsed),
		})
	}
	return all
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func table(w io.Writer, records []apikey.Record, now time.Time) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "ID\tNAME\tSTATUS\tSCOPES\tCREATED\tEXPIRES\tLAST USED") // Flush has the error
	for _, r := range records {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.ID, orDash(r.Name), r.Status(now),
			orDash(strings.Join(r.Scopes, ",")), moment(r.Created, ""), moment(r.Expires, "never"), moment(r.LastUsed, "never"))
	}
	return t.Flush()
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// moment is a time for people, to the minute.
func moment(t time.Time, zero string) string {
	if t.IsZero() {
		return zero
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}
