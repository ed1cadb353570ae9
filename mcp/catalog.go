package mcp

import (
	"context"
	"slices"
	"sync"

	"github.com/tandem-go/tandem"
)

// The kinds of things that are listed.
type kind int

const (
	tools kind = iota
	resources
	templates
	prompts
	kinds
)

// members are the names of the lists in their results.
var members = [kinds]string{tools: "tools", resources: "resources", templates: "resourceTemplates", prompts: "prompts"}

// entry is one thing that is listed, encoded.
type entry struct {
	op      *tandem.Registered // decides who may see it and which toolsets it is in
	name    string             // unique in its list
	encoded []byte
	add     func(v *view) // makes it reachable by its name
}

// catalog is everything that a service has at one revision, encoded, with the
// views of it that have been asked for. All but the views is immutable.
type catalog struct {
	revision uint64
	door     *Door
	fallback features
	entries  [kinds][]entry
	toolsets []string // sorted
	scopes   []string // that anything needs, sorted
	judged   bool     // policies say more than scopes
	whole    *view

	mu    sync.Mutex
	views map[string]*view
}

// maxViews bounds the views that are kept, each with lists of its own. Toolsets and
// scopes combine freely.
const maxViews = 32

// catalog returns the current catalog, building it anew if the service has
// changed.
func (d *Door) catalog() (*catalog, error) {
	if c := d.current.Load(); c != nil && c.revision == d.svc.Revision() {
		return c, nil
	}
	d.building.Lock()
	defer d.building.Unlock()
	if c := d.current.Load(); c != nil && c.revision == d.svc.Revision() {
		return c, nil
	}
	c, err := d.buildCatalog(d.features())
	if err != nil {
		return nil, err
	}
	d.current.Store(c)
	return c, nil
}

// buildCatalog encodes everything. fallback is what the SDK's server has besides.
func (d *Door) buildCatalog(fallback features) (*catalog, error) {
	c := &catalog{revision: d.svc.Revision(), door: d, fallback: fallback, views: map[string]*view{}} // the revision first: what comes meanwhile is a newer one
	for _, op := range d.svc.Operations() {
		if op.Doors.Has(tandem.MCP) {
			e, err := toolEntry(op)
			if err != nil {
				return nil, err
			}
			c.entries[tools] = append(c.entries[tools], e)
		}
	}
	for _, r := range d.svc.Resources() {
		if r.Operation().Doors.Has(tandem.MCP) {
			k, e, err := resourceEntry(r)
			if err != nil {
				return nil, err
			}
			c.entries[k] = append(c.entries[k], e)
		}
	}
	for _, p := range d.svc.Prompts() {
		e, err := promptEntry(p)
		if err != nil {
			return nil, err
		}
		c.entries[prompts] = append(c.entries[prompts], e)
	}
	c.index()
	c.whole = c.newView(func(*tandem.Registered) bool { return true }, d.cacheHints(false), fallback)
	return c, nil
}

// index collects the toolsets and the scopes that there are.
func (c *catalog) index() {
	for _, t := range c.door.svc.Tags() {
		c.toolsets = append(c.toolsets, t.Name)
	}
	for _, list := range c.entries {
		for _, e := range list {
			c.toolsets = append(c.toolsets, e.op.Tags...)
			c.scopes = append(c.scopes, e.op.Scopes...)
			c.judged = c.judged || e.op.HasPolicy()
		}
	}
	slices.Sort(c.toolsets)
	c.toolsets = slices.Compact(c.toolsets)
	slices.Sort(c.scopes)
	c.scopes = slices.Compact(c.scopes)
}

// view returns what the caller of a request sees: of the toolsets that its URL
// chooses, what the configuration does not hide.
func (d *Door) view(ctx context.Context) (*view, error) {
	c, err := d.catalog()
	if err != nil {
		return nil, err
	}
	chosen := toolsetsFrom(ctx)
	if chosen == nil && !d.cfg.HideForbidden {
		return c.whole, nil
	}
	return c.view(ctx, chosen), nil
}

// view returns the view of the caller of ctx, kept for all who may use the same.
func (c *catalog) view(ctx context.Context, chosen []string) *view {
	hide := c.door.cfg.HideForbidden
	may := func(*tandem.Registered) bool { return true }
	if hide {
		may = func(op *tandem.Registered) bool { return op.Authorize(ctx) == nil }
	}
	key := viewKey(chosen, c.holds(ctx, hide, may))
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.views[key]; ok {
		return v
	}
	v := c.newView(func(op *tandem.Registered) bool {
		return inToolsets(op, chosen) && may(op)
	}, c.door.cacheHints(hide), c.beyond(chosen))
	if len(c.views) >= maxViews {
		for old := range c.views { // any one
			delete(c.views, old)
			break
		}
	}
	c.views[key] = v
	return v
}

// beyond says what of the SDK's server a request sees: nothing where toolsets
// are chosen, since what is added there belongs to none.
func (c *catalog) beyond(chosen []string) features {
	if chosen != nil {
		return features{}
	}
	return c.fallback
}

// holds tells callers apart by what they may see; nil where nothing is hidden: by
// those of the scopes that matter which they hold, or, where policies judge, by the
// verdict about each entry.
func (c *catalog) holds(ctx context.Context, hide bool, may func(*tandem.Registered) bool) []string {
	switch {
	case !hide:
		return nil
	case c.judged:
		return []string{c.verdicts(may)}
	}
	p := tandem.PrincipalFrom(ctx)
	return slices.DeleteFunc(slices.Clone(c.scopes), func(scope string) bool { return !c.door.svc.Holds(p, scope) })
}

// verdicts has a character for each entry.
func (c *catalog) verdicts(may func(*tandem.Registered) bool) string {
	var verdicts []byte
	for _, list := range c.entries {
		for _, e := range list {
			verdict := byte('-')
			if may(e.op) {
				verdict = '+'
			}
			verdicts = append(verdicts, verdict)
		}
	}
	return string(verdicts)
}

// viewKey joins the names of toolsets and what tells callers apart, which do not
// hold what joins them.
func viewKey(chosen, holds []string) string {
	var key []byte
	for _, names := range [][]string{chosen, holds} {
		for _, name := range names {
			key = append(append(key, name...), 0)
		}
		key = append(key, 1)
	}
	return string(key)
}
