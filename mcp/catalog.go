package mcp

import (
	"context"
	"slices"
	"strings"
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
	op        *tandem.Registered // decides who may see it and which toolsets it is in
	name      string             // unique in its list
	encoded   []byte
	completes bool             // values of some argument can be suggested
	add       func(c *catalog) // makes it reachable by its name

	verdict int // the place of the operation's verdict in those of a catalog
}

// catalog is everything that a service has at one revision, encoded, with the
// views of it that have been asked for. All but the views is immutable.
type catalog struct {
	revision  uint64
	door      *Door
	hides     bool     // what a caller may not use
	fallback  features // what the SDK's server has besides
	entries   [kinds][]entry
	tools     map[string]*tool
	prompts   map[string]*tandem.RegisteredPrompt
	fixed     map[string]*tandem.RegisteredResource // by URI
	templates []*tandem.RegisteredResource
	ops       []*tandem.Registered // of the entries, each once
	marks     map[*tandem.Registered]string
	marked    map[string]*tandem.Registered
	toolsets  []string // sorted
	scopes    []string // that anything needs, sorted
	judged    bool     // policies say more than scopes
	whole     *view

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
	c := &catalog{
		revision: d.svc.Revision(), // first: what comes meanwhile is a newer one
		door:     d, hides: d.cfg.HideForbidden, fallback: fallback,
		tools:   map[string]*tool{},
		prompts: map[string]*tandem.RegisteredPrompt{},
		fixed:   map[string]*tandem.RegisteredResource{},
		marks:   map[*tandem.Registered]string{},
		marked:  map[string]*tandem.Registered{},
		views:   map[string]*view{},
	}
	if err := c.encode(); err != nil {
		return nil, err
	}
	c.index()
	c.whole = c.newView(sight{catalog: c}, "")
	return c, nil
}

// encode makes the entries.
func (c *catalog) encode() error {
	for _, op := range c.door.svc.Operations() {
		if op.Doors.Has(tandem.MCP) {
			e, err := toolEntry(op)
			if err != nil {
				return err
			}
			c.entries[tools] = append(c.entries[tools], e)
		}
	}
	for _, r := range c.door.svc.Resources() {
		if r.Operation().Doors.Has(tandem.MCP) {
			k, e, err := resourceEntry(r)
			if err != nil {
				return err
			}
			c.entries[k] = append(c.entries[k], e)
		}
	}
	for _, p := range c.door.svc.Prompts() {
		e, err := promptEntry(p)
		if err != nil {
			return err
		}
		c.entries[prompts] = append(c.entries[prompts], e)
	}
	return nil
}

// index makes the entries reachable, and collects the operations, the toolsets and
// the scopes that there are.
func (c *catalog) index() {
	for _, t := range c.door.svc.Tags() {
		c.toolsets = append(c.toolsets, t.Name)
	}
	places := map[*tandem.Registered]int{}
	for _, list := range c.entries {
		for i := range list {
			e := &list[i]
			e.add(c)
			place, known := places[e.op]
			if !known {
				place = len(c.ops)
				places[e.op], c.ops = place, append(c.ops, e.op)
				mark := markOf(e.op)
				c.marks[e.op], c.marked[mark] = mark, e.op
			}
			e.verdict = place
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

// view returns the view of the caller of ctx, kept for all who see the same.
// Policies are asked once about each operation, and before others have to wait.
func (c *catalog) view(ctx context.Context, s sight) *view {
	verdicts := ""
	if c.hides && c.judged {
		verdicts = c.verdicts(ctx)
	}
	key := c.viewKey(ctx, s, verdicts)
	c.mu.Lock()
	defer c.mu.Unlock()
	if v, ok := c.views[key]; ok {
		return v
	}
	if c.hides && !c.judged {
		verdicts = c.verdicts(ctx)
	}
	v := c.newView(s, verdicts)
	if len(c.views) >= maxViews {
		for old := range c.views { // any one
			delete(c.views, old)
			break
		}
	}
	c.views[key] = v
	return v
}

// The characters of verdicts.
const (
	shown  = '+'
	hidden = '-'
)

// verdicts has a character for each operation: whether the caller of ctx may use
// it.
func (c *catalog) verdicts(ctx context.Context) string {
	verdicts := make([]byte, len(c.ops))
	for i, op := range c.ops {
		verdicts[i] = hidden
		if c.shows(ctx, op) {
			verdicts[i] = shown
		}
	}
	return string(verdicts)
}

// viewKey tells views apart: by the toolsets, and, where things are hidden, by the
// verdicts, or by which of the scopes that matter the caller holds if nothing else
// does. Neither the names of toolsets nor scopes hold what joins them.
func (c *catalog) viewKey(ctx context.Context, s sight, verdicts string) string {
	var key strings.Builder
	for _, name := range s.chosen {
		key.WriteString(name + "\x00")
	}
	key.WriteString("\x01" + verdicts)
	if !c.hides || c.judged {
		return key.String()
	}
	p := tandem.PrincipalFrom(ctx)
	for _, scope := range c.scopes {
		if c.door.svc.Holds(p, scope) {
			key.WriteString(scope + "\x00")
		}
	}
	return key.String()
}
