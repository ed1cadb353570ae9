package mcp

import (
	"context"

	"github.com/tandem-go/tandem"
)

// sight is what the caller of a request sees of a catalog: of the toolsets that its
// URL chooses, what the configuration does not hide from it. To look for one thing
// asks about that thing alone, whatever else there is.
type sight struct {
	catalog *catalog
	chosen  []string // toolsets, sorted; nil for everything
}

// sight returns what the caller of a request sees.
func (d *Door) sight(ctx context.Context) (sight, error) {
	c, err := d.catalog()
	return sight{c, toolsetsFrom(ctx)}, err
}

// sees reports whether the caller of ctx sees what op decides about.
func (s sight) sees(ctx context.Context, op *tandem.Registered) bool {
	return inToolsets(op, s.chosen) && s.catalog.shows(ctx, op)
}

// shows reports whether the configuration does not hide from the caller of ctx what
// op decides about. It asks anew each time: what is decided depends on the
// credentials of the request, and with policies on more.
func (c *catalog) shows(ctx context.Context, op *tandem.Registered) bool {
	return !c.hides || op.Authorize(ctx) == nil
}

// tool returns the tool of this name, nil for none.
func (s sight) tool(ctx context.Context, name []byte) *tool {
	if t := s.catalog.tools[string(name)]; t != nil && s.sees(ctx, t.op) {
		return t
	}
	return nil
}

// prompt returns the prompt of this name, nil for none.
func (s sight) prompt(ctx context.Context, name string) *tandem.RegisteredPrompt {
	if p := s.catalog.prompts[name]; p != nil && s.sees(ctx, p.Operation()) {
		return p
	}
	return nil
}

// fixed returns the resource with this URI of its own, nil for none.
func (s sight) fixed(ctx context.Context, uri string) *tandem.RegisteredResource {
	if r := s.catalog.fixed[uri]; r != nil && s.sees(ctx, r.Operation()) {
		return r
	}
	return nil
}

// resource returns the resource of a URI with the arguments that read it: a fixed
// URI before a template, else the first that matches. It is nil for none.
func (s sight) resource(ctx context.Context, uri string) (*tandem.RegisteredResource, []byte) {
	if r := s.fixed(ctx, uri); r != nil {
		args, _ := r.ArgumentsOf(uri)
		return r, args
	}
	for _, r := range s.catalog.templates {
		if !inToolsets(r.Operation(), s.chosen) {
			continue
		}
		if args, ok := r.ArgumentsOf(uri); ok && s.catalog.shows(ctx, r.Operation()) {
			return r, args
		}
	}
	return nil, nil
}

// template returns the template that is written so, nil for none.
func (s sight) template(ctx context.Context, uri string) *tandem.RegisteredResource {
	for _, r := range s.catalog.templates {
		if r.URI == uri && s.sees(ctx, r.Operation()) {
			return r
		}
	}
	return nil
}

// beyond says what of the SDK's server a request sees: nothing where toolsets are
// chosen, since what is added there belongs to none.
func (s sight) beyond() features {
	if s.chosen != nil {
		return features{}
	}
	return s.catalog.fallback
}

// has says which parts of the protocol the caller sees something of.
func (s sight) has(ctx context.Context) features { return s.view(ctx).features }

// view returns the lists that the caller sees. They are kept for all who see the
// same.
func (s sight) view(ctx context.Context) *view {
	if s.chosen == nil && !s.catalog.hides {
		return s.catalog.whole
	}
	return s.catalog.view(ctx, s)
}
