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

// completing is what has arguments whose values can be suggested.
type completing interface {
	CompleteArgument(ctx context.Context, argument, value string, others map[string]string) (tandem.Completion, error)
}

// complete serves completion/complete.
func (d *Door) complete(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	v, err := d.view(ctx)
	if err != nil {
		return dst, err
	}
	if !v.has().completions {
		return dst, methodNotFound(x.msg.method)
	}
	var p completeParams
	if err := json.Unmarshal(x.msg.params.raw, &p); err != nil {
		return dst, invalidParams(`"ref", "argument" or "context" is malformed`)
	}
	target, fault := v.completing(&p)
	switch {
	case target != nil:
	case v.fallback.completions:
		return d.bridge(ctx, dst, x)
	default:
		return dst, fault
	}
	completion, err := target.CompleteArgument(ctx, p.Argument.Name, p.Argument.Value, p.Context.Arguments)
	if err != nil {
		return dst, refusedOr(refusal(err), err)
	}
	return d.appendCompletion(dst, x, completion)
}

// completing finds what a reference names, or says that there is no such thing.
func (v *view) completing(p *completeParams) (completing, *rpcError) {
	switch p.Ref.Type {
	case "ref/prompt":
		if prompt, ok := v.prompts[p.Ref.Name]; ok {
			return prompt, nil
		}
		return nil, unknownPrompt(p.Ref.Name)
	case "ref/resource":
		for _, t := range v.templates {
			if t.URI == p.Ref.URI {
				return t, nil
			}
		}
		if r, _ := v.resource(p.Ref.URI); r != nil {
			return r, nil
		}
		return nil, invalidParams("unknown resource template: " + string(clip([]byte(p.Ref.URI), 256)))
	}
	return nil, invalidParams(`the type of "ref" must be ref/prompt or ref/resource`)
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
