package mcp

import (
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-go/tandem"
)

// tool is an operation as MCP sees it.
type tool struct {
	op *tandem.Registered
	// wrapped says that the output is not an object. Structured content must be
	// one, so that it becomes {"result": output}.
	wrapped bool
	headers []mirror // of its parameters
}

// toolEntry encodes an operation as a tool.
func toolEntry(op *tandem.Registered) (entry, error) {
	encoded, wrapped, err := encodeTool(op)
	if err != nil {
		return entry{}, err
	}
	headers, err := mirrorsOf(op)
	if err != nil {
		return entry{}, err
	}
	t := &tool{op: op, wrapped: wrapped, headers: headers}
	return entry{op: op, name: op.Name, encoded: encoded, add: func(c *catalog) { c.tools[op.Name] = t }}, nil
}

// definition is a tool in tools/list.
type definition struct {
	Name         string         `json:"name"`
	Title        string         `json:"title,omitempty"`
	Description  string         `json:"description,omitempty"`
	InputSchema  jsontext.Value `json:"inputSchema"`
	OutputSchema jsontext.Value `json:"outputSchema,omitzero"`
	Annotations  annotations    `json:"annotations"`
}

// annotations are all explicit, since the specification's defaults are not what
// an operation's author would guess.
type annotations struct {
	Title       string `json:"title,omitempty"`
	ReadOnly    bool   `json:"readOnlyHint"`
	Destructive bool   `json:"destructiveHint"`
	Idempotent  bool   `json:"idempotentHint"`
	OpenWorld   bool   `json:"openWorldHint"`
}

// encodeTool returns the operation's definition, and whether its output is
// wrapped.
func encodeTool(op *tandem.Registered) (encoded []byte, wrapped bool, err error) {
	var output []byte
	if op.HasOutput() {
		if output, wrapped, err = objectSchema(op.OutputSchema()); err != nil {
			return nil, false, fmt.Errorf("mcp: tool %q: %w", op.Name, err)
		}
	}
	encoded, err = json.Marshal(definition{
		Name:         op.Name,
		Title:        op.Title,
		Description:  op.Description,
		InputSchema:  jsontext.Value(op.InputSchema()),
		OutputSchema: output,
		Annotations: annotations{
			Title:       op.Title,
			ReadOnly:    op.ReadOnly,
			Destructive: op.Destructive,
			Idempotent:  op.Idempotent,
			OpenWorld:   op.OpenWorld,
		},
	})
	if err != nil {
		return nil, false, fmt.Errorf("mcp: tool %q: %w", op.Name, err)
	}
	return encoded, wrapped, nil
}
