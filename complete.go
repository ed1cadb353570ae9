package tandem

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tandem-go/tandem/internal/schema"
)

// maxCompletions is how many values MCP takes in one answer.
const maxCompletions = 100

// Completer suggests values of an argument that begin like value. others are
// the arguments that have been filled in before.
type Completer func(ctx context.Context, value string, others map[string]string) ([]string, error)

// Completion is suggested values of an argument.
type Completion struct {
	Values  []string // at most 100
	Total   int      // how many there are
	HasMore bool
}

// completer suggests the values of the arguments of one prompt or template.
type completer map[string]Completer

// newCompleter adds to the given functions one for each argument that is an enum.
func newCompleter(input *schema.Type, given map[string]Completer) (completer, error) {
	var doc struct {
		Properties map[string]struct {
			Enum []json.RawMessage `json:"enum"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(input.Input(), &doc); err != nil {
		return nil, err
	}
	c := completer{}
	for name, property := range doc.Properties {
		if values := texts(property.Enum); len(values) > 0 {
			c[name] = among(values)
		}
	}
	for name, complete := range given {
		if _, ok := doc.Properties[name]; !ok {
			return nil, fmt.Errorf("there is a completer of %q, but no argument of that name", name)
		}
		c[name] = complete
	}
	return c, nil
}

// texts returns the values as text, strings without quotes.
func texts(values []json.RawMessage) []string {
	var out []string
	for _, v := range values {
		var s string
		if json.Unmarshal(v, &s) != nil {
			s = string(v)
		}
		if s != "null" {
			out = append(out, s)
		}
	}
	return out
}

// among suggests those of values that begin like what is typed, in any case.
func among(values []string) Completer {
	return func(_ context.Context, value string, _ map[string]string) ([]string, error) {
		var found []string
		for _, v := range values {
			if len(v) >= len(value) && strings.EqualFold(v[:len(value)], value) {
				found = append(found, v)
			}
		}
		return found, nil
	}
}

// complete suggests values, through every interceptor of the operation; none for
// an argument that nothing is known of.
func (c completer) complete(ctx context.Context, op *Registered, argument, value string, others map[string]string) (Completion, error) {
	suggest, ok := c[argument]
	if !ok {
		return Completion{}, op.Authorize(ctx)
	}
	var values []string
	call := &Call{Operation: op, Door: MCP, Arguments: []byte("{}"), Completing: argument}
	call.complete = func(ctx context.Context) (err error) {
		values, err = suggest(ctx, value, others)
		return err
	}
	if _, err := op.Invoke(ctx, call); err != nil {
		return Completion{}, err
	}
	total := len(values)
	return Completion{Values: values[:min(total, maxCompletions)], Total: total, HasMore: total > maxCompletions}, nil
}

// CompleteArgument suggests values of an argument.
func (p *RegisteredPrompt) CompleteArgument(ctx context.Context, argument, value string, others map[string]string) (Completion, error) {
	return p.completer.complete(ctx, p.op, argument, value, others)
}

// CompleteArgument suggests values of a variable of the template.
func (r *RegisteredResource) CompleteArgument(ctx context.Context, argument, value string, others map[string]string) (Completion, error) {
	return r.completer.complete(ctx, r.op, argument, value, others)
}

// Completes reports whether values of any argument can be suggested.
func (p *RegisteredPrompt) Completes() bool { return len(p.completer) > 0 }

// Completes reports whether values of any variable can be suggested.
func (r *RegisteredResource) Completes() bool { return len(r.completer) > 0 }
