package clienttest

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tandem-go/tandem/internal/nodetools"
)

const (
	inspectorNode      = 22 // the Inspector's least version of node
	inspectorToolError = 5  // its exit status where the tool answered isError
)

// The MCP Inspector's command line lists the tools, finds their schemas
// portable, and gets REST's answers over each transport and in each era.
func TestInspector(t *testing.T) {
	nodetools.Dir(t) // skip before the service starts
	nodetools.Node(t, inspectorNode)
	s := serve(t)
	for _, test := range []struct {
		name, transport, era string
		want                 line
	}{
		{"HTTP legacy", "http", "legacy", line{streamable, latestLegacy}},
		{"HTTP modern", "http", "modern", line{streamable, modern}},
		{"HTTP auto", "http", "auto", line{streamable, modern}},
		{"SSE", "sse", "legacy", line{sse, latestLegacy}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.wire.take()
			inspect := inspector{s.url + test.want.door.path(), test.transport, test.era}
			seen := conversation{
				Version: test.want.version, // the Inspector does not tell; checkWire judges it
				Tools:   inspect.tools(t),
				Good:    inspect.call(t, goodCall, 0),
				Bad:     inspect.call(t, badCall, inspectorToolError),
			}
			s.check(t, seen, test.want.version)
			s.checkWire(t, test.want)
		})
	}
}

// inspector runs the Inspector against a server.
type inspector struct{ url, transport, era string }

// tools lists the tools' names. With --strict the Inspector fails where a
// schema is not portable between models' vendors.
func (i inspector) tools(t *testing.T) []string {
	t.Helper()
	var list struct {
		Tools []struct{ Name string }
	}
	i.run(t, &list, 0, "--method", "tools/list", "--strict")
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	return names
}

// call calls a tool; status is the expected exit status.
func (i inspector) call(t *testing.T, c call, status int) outcome {
	t.Helper()
	arguments, err := json.Marshal(c.Arguments)
	if err != nil {
		t.Fatal(err)
	}
	var result struct {
		IsError           bool
		StructuredContent json.RawMessage
		Content           []struct{ Text string }
	}
	i.run(t, &result, status, "--method", "tools/call", "--tool-name", c.Name, "--tool-args-json", string(arguments))
	got := outcome{IsError: result.IsError, Structured: result.StructuredContent}
	for _, block := range result.Content {
		got.Text += block.Text
	}
	return got
}

// run decodes into result what the Inspector prints.
func (i inspector) run(t *testing.T, result any, status int, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	args = append([]string{"--cli", i.url, "--transport", i.transport, "--protocol-era", i.era, "--format", "json"}, args...)
	command := i.command(ctx, t, args)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, _ := command.Output() // the exit status is judged below
	if command.ProcessState == nil || command.ProcessState.ExitCode() != status {
		t.Fatalf("inspector %q: %v, want exit status %d\n%s%s", args, command.ProcessState, status, output, stderr.Bytes())
	}
	envelope := struct{ Result any }{result}
	if err := json.Unmarshal(output, &envelope); err != nil {
		t.Fatalf("inspector %q: %v\n%s", args, err, output)
	}
}

// command returns a command with a home of its own, where the Inspector keeps
// its state.
func (i inspector) command(ctx context.Context, t *testing.T, args []string) *exec.Cmd {
	t.Helper()
	program := filepath.Join(nodetools.Dir(t), "node_modules", "@modelcontextprotocol", "inspector", "clients", "launcher", "build", "index.js")
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("the Inspector is not where its package keeps it: %v", err)
	}
	command := nodetools.Script(ctx, t, inspectorNode, program, args...)
	command.Env = append(command.Env, "HOME="+t.TempDir())
	return command
}
