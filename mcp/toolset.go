package mcp

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

// queryToolset is the query parameter of the door's URLs that chooses toolsets:
// tags, separated by commas.
const queryToolset = "toolset"

type toolsetsKey struct{}

// withToolsets returns the context of a request that sees only these toolsets; nil
// means everything.
func withToolsets(ctx context.Context, chosen []string) context.Context {
	if chosen == nil {
		return ctx
	}
	return context.WithValue(ctx, toolsetsKey{}, chosen)
}

// toolsetsFrom returns the chosen toolsets, sorted; nil for everything.
func toolsetsFrom(ctx context.Context) []string {
	chosen, _ := ctx.Value(toolsetsKey{}).([]string)
	return chosen
}

// inToolsets reports whether the operation is in one of the toolsets.
func inToolsets(op *tandem.Registered, chosen []string) bool {
	return chosen == nil || slices.ContainsFunc(op.Tags, func(tag string) bool { return slices.Contains(chosen, tag) })
}

// chooseToolsets returns r with the toolsets of its URL in its context. The error
// names one that the service does not have.
func (d *Door) chooseToolsets(r *http.Request) (*http.Request, error) {
	if r.URL.RawQuery == "" {
		return r, nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return r, invalidParams("the query of the URL is malformed")
	}
	chosen := splitToolsets(query[queryToolset])
	if chosen == nil {
		return r, nil
	}
	c, err := d.catalog()
	if err != nil {
		return r, err
	}
	for _, name := range chosen {
		if !c.hasToolset(r.Context(), name) {
			return r, d.unknownToolset(c, name)
		}
	}
	return r.WithContext(withToolsets(r.Context(), chosen)), nil
}

// hasToolset reports whether the caller of ctx may know of the toolset: where things
// are hidden, it sees something that is in it.
func (c *catalog) hasToolset(ctx context.Context, name string) bool {
	if !c.hides {
		_, ok := slices.BinarySearch(c.toolsets, name)
		return ok
	}
	return slices.ContainsFunc(c.ops, func(op *tandem.Registered) bool {
		return slices.Contains(op.Tags, name) && c.shows(ctx, op)
	})
}

func splitToolsets(values []string) (chosen []string) {
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name != "" {
				chosen = append(chosen, name)
			}
		}
	}
	slices.Sort(chosen)
	return slices.Compact(chosen)
}

func (d *Door) unknownToolset(c *catalog, name string) *rpcError {
	e := invalidParams("unknown toolset: " + string(clip([]byte(name), 64)))
	if !d.cfg.HideForbidden && len(c.toolsets) > 0 {
		e.message += "; there are: " + strings.Join(c.toolsets, ", ")
	}
	return e
}

// extraToolsets is where the record of an SSE session keeps its toolsets, since
// its client posts to another URL than the one that opened it.
const extraToolsets = "toolsets"

// keepToolsets notes the toolsets of the request in the session that it opens.
func keepToolsets(r *session.Record, ctx context.Context) error {
	chosen := toolsetsFrom(ctx)
	if chosen == nil {
		return nil
	}
	kept, err := json.Marshal(chosen)
	if err != nil {
		return err
	}
	r.Extra = map[string]json.RawMessage{extraToolsets: kept}
	return nil
}

// keptToolsets returns the context of a request of the session.
func keptToolsets(ctx context.Context, r *session.Record) (context.Context, error) {
	kept, ok := r.Extra[extraToolsets]
	if !ok {
		return ctx, nil
	}
	var chosen []string
	if err := json.Unmarshal(kept, &chosen); err != nil {
		return ctx, err
	}
	return withToolsets(ctx, chosen), nil
}
