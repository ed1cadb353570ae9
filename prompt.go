package tandem

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/tandem-go/tandem/internal/binding"
)

// PromptInfo says what a prompt is to the world outside.
type PromptInfo struct {
	// Name is the prompt's name: as an operation's, unique among prompts.
	Name string
	// Title is a name for people; empty means Name.
	Title string
	// Description says what the prompt is for.
	Description string
	// Scopes are all needed by a caller; Tags are its toolsets.
	Scopes, Tags []string
	// Policy judges callers further, see [PolicyOf]; nil means that scopes are enough.
	Policy Policy
	// Complete suggests values of arguments. An argument whose type is an enum
	// needs none.
	Complete map[string]Completer
	// Interceptors run inside the service's own, the first one outermost.
	Interceptors []Interceptor
}

// RegisteredPrompt is a prompt in a service. It is immutable.
type RegisteredPrompt struct {
	PromptInfo

	op        *Registered
	completer completer
}

// PromptArgument is an argument of a prompt; MCP carries its value as text.
type PromptArgument struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Required    bool   `json:"required,omitempty"`
}

// Prompt adds a prompt: a conversation that a person picks to begin with. Its
// arguments are the fields of Args, strings, numbers or booleans with the tags
// that arguments have. It panics, naming the prompt, if the registration is wrong.
func Prompt[Args any](s *Service, info PromptInfo, h Handler[Args, []Message]) *RegisteredPrompt {
	p := &RegisteredPrompt{PromptInfo: info}
	p.op = hidden(s, "prompt", Operation{
		Name: info.Name, Title: info.Title, Description: info.Description, ReadOnly: true,
		Scopes: info.Scopes, Policy: info.Policy, Tags: info.Tags, Interceptors: info.Interceptors,
	}, func(ctx context.Context, args Args) (messages, error) { return h(ctx, args) })
	if err := s.addPrompt(p); err != nil {
		panic(fmt.Sprintf("tandem: prompt %q: %v", info.Name, err))
	}
	return p
}

// messages is what the hidden operation of a prompt returns.
type messages []Message

// plainMessages returns the messages with content that is no pointer.
func plainMessages(said []Message) []Message {
	plain := slices.Clone(said)
	for i := range plain {
		plain[i].Content = value(plain[i].Content)
	}
	return plain
}

func (p *RegisteredPrompt) prepare() (err error) {
	if p.Title == "" {
		p.Title = p.Name
	}
	for _, f := range p.op.input.Fields() {
		switch f.Kind {
		case "string", "integer", "number", "boolean":
		default:
			return fmt.Errorf("argument %q: a prompt's arguments are strings, numbers or booleans", f.Name)
		}
	}
	p.completer, err = newCompleter(p.op.input, p.Complete)
	return err
}

// Operation returns the operation behind the prompt, as interceptors see it.
func (p *RegisteredPrompt) Operation() *Registered { return p.op }

// Arguments returns the prompt's arguments in order.
func (p *RegisteredPrompt) Arguments() []PromptArgument {
	var arguments []PromptArgument
	for _, f := range p.op.input.Fields() {
		arguments = append(arguments, PromptArgument{Name: f.Name, Description: f.Doc, Required: f.Required})
	}
	return arguments
}

// Get returns the prompt's messages for arguments as text, with the principal of
// ctx. The error is nil or an *[Error].
func (p *RegisteredPrompt) Get(ctx context.Context, arguments map[string]string, call Call) ([]Message, error) {
	call.Operation, call.Arguments = p.op, p.ArgumentsOf(arguments)
	result, err := p.op.Invoke(ctx, &call)
	return result.Messages, err
}

// ArgumentsOf returns the arguments object, for [RegisteredPrompt.Operation], of
// arguments that came as text.
func (p *RegisteredPrompt) ArgumentsOf(arguments map[string]string) json.RawMessage {
	kinds := map[string]string{}
	for _, f := range p.op.input.Fields() {
		kinds[f.Name] = f.Kind
	}
	args := []byte{'{'}
	for _, name := range slices.Sorted(maps.Keys(arguments)) { // so that errors come in one order
		if len(args) > 1 {
			args = append(args, ',')
		}
		args = append(binding.AppendString(args, name), ':')
		args = binding.AppendText(args, kinds[name], arguments[name])
	}
	return append(args, '}')
}
