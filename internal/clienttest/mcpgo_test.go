package clienttest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// mcp-go's client gets REST's answers over Streamable HTTP in each revision. In
// the modern era it sees progress and cancels; before, it just drops a call,
// which by the protocol does not cancel it.
func TestMCPGoStreamable(t *testing.T) {
	s := serve(t)
	for _, version := range httpRevisions {
		t.Run(version, func(t *testing.T) {
			s.wire.take()
			way, err := transport.NewStreamableHTTP(s.url + streamable.path())
			if err != nil {
				t.Fatal(err)
			}
			s.check(t, talkMCPGo(t, way, version), version)
			s.checkWire(t, line{streamable, version})
		})
	}
}

// mcp-go's client gets REST's answers over HTTP+SSE, where its first attempt, in
// the modern era, must be answered so that it falls back.
func TestMCPGoSSE(t *testing.T) {
	s := serve(t)
	for asked, want := range map[string]string{"": latestLegacy, first: first} {
		t.Run("asked for "+asked, func(t *testing.T) {
			s.wire.take()
			way, err := transport.NewSSE(s.url + sse.path())
			if err != nil {
				t.Fatal(err)
			}
			s.check(t, talkMCPGo(t, way, asked), want)
			s.checkWire(t, line{sse, want})
		})
	}
}

// talkMCPGo holds the conversation; an empty version means the client's own choice.
func talkMCPGo(t *testing.T, way transport.Interface, version string) conversation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := &mcpGo{t: t, client: client.NewClient(way), reports: make(chan progress, 1000)}
	c.connect(ctx, version)
	defer c.client.Close()
	seen := conversation{
		Version: c.client.ProtocolVersion(),
		Tools:   c.tools(ctx),
		Good:    c.call(ctx, goodCall),
		Bad:     c.call(ctx, badCall),
	}
	if seen.Version >= modern {
		seen.Long = cancelled(ctx, c.long, c.reports)
		seen.After = c.call(ctx, goodCall)
	}
	return seen
}

// mcpGo makes calls through mcp-go's client.
type mcpGo struct {
	t       *testing.T
	client  *client.Client
	reports chan progress
}

func (c *mcpGo) connect(ctx context.Context, version string) {
	c.client.OnNotification(c.note)
	if err := c.client.Start(ctx); err != nil {
		c.t.Fatalf("start: %v", err)
	}
	var request mcp.InitializeRequest
	request.Params.ProtocolVersion = version
	request.Params.ClientInfo = mcp.Implementation{Name: "mcp-go", Version: "1"}
	if _, err := c.client.Initialize(ctx, request); err != nil {
		c.t.Fatalf("initialize: %v", err)
	}
}

// note keeps progress reports.
func (c *mcpGo) note(n mcp.JSONRPCNotification) {
	if n.Method != "notifications/progress" {
		return
	}
	var report progress
	fields, err := json.Marshal(n.Params.AdditionalFields)
	if err == nil {
		err = json.Unmarshal(fields, &report)
	}
	if err != nil {
		c.t.Errorf("progress %+v: %v", n.Params, err)
		return
	}
	c.reports <- report
}

func (c *mcpGo) tools(ctx context.Context) []string {
	list, err := c.client.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		c.t.Fatalf("list tools: %v", err)
	}
	var names []string
	for _, tool := range list.Tools {
		names = append(names, tool.Name)
	}
	return names
}

func (c *mcpGo) call(ctx context.Context, request call) outcome {
	result, err := c.client.CallTool(ctx, toolCall(request, nil))
	if err != nil {
		c.t.Fatalf("call %s: %v", request.Name, err)
	}
	got := outcome{IsError: result.IsError, Structured: result.RawStructuredContent}
	for _, block := range result.Content {
		if text, ok := block.(mcp.TextContent); ok {
			got.Text += text.Text
		}
	}
	return got
}

// long makes the long call and returns its error.
func (c *mcpGo) long(ctx context.Context) error {
	_, err := c.client.CallTool(ctx, toolCall(longCall, &mcp.Meta{ProgressToken: "the long call"}))
	return err
}

func toolCall(c call, meta *mcp.Meta) mcp.CallToolRequest {
	var request mcp.CallToolRequest
	request.Params.Name = c.Name
	request.Params.Arguments = c.Arguments
	request.Params.Meta = meta
	return request
}
