package mcp

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/tandem-go/tandem"
)

// completeParams are the parameters of completion/complete.
type completeParams struct {
	Ref struct {
		Type string `json:"type"`
		Name string `json:"name"`
		URI  string `json:"uri"`
	} `json:"ref"`
	Argument struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"argument"`
	Context struct {
		Arguments map[string]string `json:"arguments"`
	} `json:"context"`
}

// complete serves completion/complete.
func (d *Door) complete(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	t, err := d.target(ctx, x.msg)
	if err != nil {
		return dst, err
	}
	s, err := d.sight(ctx)
	if err != nil {
		return dst, err
	}
	p := x.msg.params.complete
	switch {
	case !t.completes() && !s.has(ctx).completions:
		return dst, methodNotFound(x.msg.method)
	case p == nil:
		return dst, invalidParams(`"ref", "argument" or "context" is malformed`)
	case t.op != nil:
	case s.beyond().completions:
		return d.bridge(ctx, dst, x)
	default:
		return dst, p.unknown()
	}
	completion, err := t.suggest(ctx, p)
	if err != nil {
		return dst, refusedOr(refusal(err), err)
	}
	return d.appendCompletion(dst, x, completion)
}

// The types of references.
const (
	refPrompt   = "ref/prompt"
	refResource = "ref/resource"
)

// unknown says that there is nothing that the reference names.
func (p *completeParams) unknown() *rpcError {
	switch p.Ref.Type {
	case refPrompt:
		return unknownPrompt(p.Ref.Name)
	case refResource:
		return invalidParams("unknown resource template: " + string(clip([]byte(p.Ref.URI), 256)))
	}
	return invalidParams(`the type of "ref" must be ref/prompt or ref/resource`)
}

// completes reports whether values of any argument of the target can be suggested.
func (t *target) completes() bool {
	return t.prompt != nil && t.prompt.Completes() || t.resource != nil && t.resource.Completes()
}

// suggest suggests values of an argument of the target.
func (t *target) suggest(ctx context.Context, p *completeParams) (tandem.Completion, error) {
	if t.prompt != nil {
		return t.prompt.CompleteArgument(ctx, p.Argument.Name, p.Argument.Value, p.Context.Arguments)
	}
	return t.resource.CompleteArgument(ctx, p.Argument.Name, p.Argument.Value, p.Context.Arguments)
}

// appendCompletion appends a CompleteResult.
func (d *Door) appendCompletion(dst []byte, x *exchange, c tandem.Completion) ([]byte, error) {
	if c.Values == nil {
		c.Values = []string{}
	}
	encoded, err := json.Marshal(struct {
		Values  []string `json:"values"`
		Total   int      `json:"total"`
		HasMore bool     `json:"hasMore"`
	}{c.Values, c.Total, c.HasMore})
	if err != nil {
		return dst, err
	}
	dst = append(append(appendResultType(dst, x), `"completion":`...), encoded...)
	return d.appendServerMeta(dst, x), nil
}
