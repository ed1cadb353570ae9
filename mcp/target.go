package mcp

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/tandem-go/tandem"
)

// target is what of the service a request names, as its caller sees it. The zero
// value is nothing.
type target struct {
	op        *tandem.Registered // decides who may do it; nil for nothing
	tool      *tool
	prompt    *tandem.RegisteredPrompt
	resource  *tandem.RegisteredResource
	arguments []byte     // by which op reads the resource
	listening *listening // of subscriptions/listen

	sought bool // it was looked for already
	beyond bool // a resource that is not found may be the SDK's
}

// target returns what the message names, which is looked for once.
func (d *Door) target(ctx context.Context, m *message) (*target, error) {
	t := &m.target
	if t.sought {
		return t, nil
	}
	s, err := d.sight(ctx)
	if err != nil {
		return t, err
	}
	t.sought = true
	switch string(m.method) {
	case methodToolsCall:
		if isString(m.params.name) {
			t.aim(s.tool(ctx, unquote(m.params.name)))
		}
	case methodGetPrompt:
		if name, ok := text(m.params.name); ok {
			t.aimPrompt(s.prompt(ctx, name))
		}
	case methodRead, methodSubscribe:
		if uri, ok := text(m.params.uri); ok {
			t.aimResource(s.resource(ctx, uri))
		}
	case methodComplete:
		if m.params.complete = completeParamsOf(m.params.raw); m.params.complete != nil {
			s.aimCompletion(ctx, t, m.params.complete)
		}
	case methodListen:
		t.listening = s.listening(ctx, m)
	}
	return t, nil
}

func (t *target) aim(tool *tool) {
	if tool != nil {
		t.tool, t.op = tool, tool.op
	}
}

func (t *target) aimPrompt(p *tandem.RegisteredPrompt) {
	if p != nil {
		t.prompt, t.op = p, p.Operation()
	}
}

func (t *target) aimResource(r *tandem.RegisteredResource, arguments []byte) {
	if r != nil {
		t.resource, t.arguments, t.op = r, arguments, r.Operation()
	}
}

// aimCompletion finds what the reference of a completion names.
func (s sight) aimCompletion(ctx context.Context, t *target, p *completeParams) {
	switch p.Ref.Type {
	case refPrompt:
		t.aimPrompt(s.prompt(ctx, p.Ref.Name))
	case refResource:
		if r := s.template(ctx, p.Ref.URI); r != nil {
			t.aimResource(r, nil)
			return
		}
		t.aimResource(s.resource(ctx, p.Ref.URI))
	}
}

// completeParamsOf reads the parameters of a completion, nil if they are malformed.
func completeParamsOf(raw []byte) *completeParams {
	p := new(completeParams)
	if json.Unmarshal(raw, p) != nil {
		return nil
	}
	return p
}
