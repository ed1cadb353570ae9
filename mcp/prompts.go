package mcp

import (
	"context"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/tandem-go/tandem"
)

// promptDefinition is a prompt in prompts/list.
type promptDefinition struct {
	Name        string                  `json:"name"`
	Title       string                  `json:"title,omitempty"`
	Description string                  `json:"description,omitempty"`
	Arguments   []tandem.PromptArgument `json:"arguments,omitempty"`
}

// promptEntry encodes a prompt.
func promptEntry(p *tandem.RegisteredPrompt) (entry, error) {
	encoded, err := json.Marshal(promptDefinition{Name: p.Name, Title: p.Title, Description: p.Description, Arguments: p.Arguments()})
	if err != nil {
		return entry{}, fmt.Errorf("mcp: prompt %q: %w", p.Name, err)
	}
	return entry{op: p.Operation(), name: p.Name, encoded: encoded, completes: p.Completes(), add: func(c *catalog) { c.prompts[p.Name] = p }}, nil
}

// getPrompt serves prompts/get: decode ▸ invoke ▸ encode. What the service has
// comes before what the SDK's server has.
func (d *Door) getPrompt(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	t, err := d.target(ctx, x.msg)
	if err != nil {
		return dst, err
	}
	p := t.prompt
	if p == nil {
		return d.getBeyond(ctx, dst, x)
	}
	arguments, err := textArguments(x.msg.params.arguments)
	if err != nil {
		return dst, err
	}
	call, err := hiddenCall(t.op, p.ArgumentsOf(arguments), x.msg)
	if err != nil {
		return dst, err
	}
	result, err := d.invoke(ctx, call, x)
	if out, done, fault := d.interim(dst, err); done {
		return out, fault
	}
	if err != nil {
		return dst, refusedOr(refusal(err), err)
	}
	return d.appendMessages(dst, x, p, result.Messages), nil
}

// getBeyond serves prompts/get of what the service's own prompts are not.
func (d *Door) getBeyond(ctx context.Context, dst []byte, x *exchange) ([]byte, error) {
	s, err := d.sight(ctx)
	if err != nil {
		return dst, err
	}
	name, ok := text(x.msg.params.name)
	switch {
	case !s.has(ctx).prompts:
		return dst, methodNotFound(x.msg.method)
	case !ok:
		return dst, invalidParams(`"name" must be a string`)
	case s.beyond().prompts:
		return d.bridge(ctx, dst, x)
	}
	return dst, unknownPrompt(name)
}

func unknownPrompt(name string) *rpcError {
	return invalidParams("unknown prompt: " + string(clip([]byte(name), 64)))
}

// textArguments reads the arguments of a prompt, which are strings.
func textArguments(raw []byte) (map[string]string, error) {
	if raw == nil {
		return nil, nil
	}
	var arguments map[string]string
	if err := json.Unmarshal(raw, &arguments); err != nil {
		return nil, invalidParams(`"arguments" must be an object of strings`)
	}
	return arguments, nil
}

// appendMessages appends a GetPromptResult.
func (d *Door) appendMessages(dst []byte, x *exchange, p *tandem.RegisteredPrompt, messages []tandem.Message) []byte {
	dst = appendResultType(dst, x)
	if p.Description != "" {
		dst = append(appendString(append(dst, `"description":`...), []byte(p.Description)), ',')
	}
	dst = append(dst, `"messages":[`...)
	for i, m := range messages {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, knownMessage(m, x.revision).JSON()...)
	}
	return d.appendServerMeta(append(dst, ']'), x)
}
