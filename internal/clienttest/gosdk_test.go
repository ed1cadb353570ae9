package clienttest

import (
	"context"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// go-sdk's client gets REST's answers over Streamable HTTP in each revision,
// sees progress, and cancels.
func TestGoSDKStreamable(t *testing.T) {
	s := serve(t)
	for _, version := range httpRevisions {
		t.Run(version, func(t *testing.T) {
			s.wire.take()
			transport := &mcp.StreamableClientTransport{Endpoint: s.url + streamable.path()}
			s.check(t, talkGoSDK(t, transport, version), version)
			s.checkWire(t, line{streamable, version})
		})
	}
}

// go-sdk's client does the same over HTTP+SSE, where its first attempt, in the
// modern era, must be answered so that it falls back.
func TestGoSDKSSE(t *testing.T) {
	s := serve(t)
	for asked, want := range map[string]string{"": latestLegacy, first: first} {
		t.Run("asked for "+asked, func(t *testing.T) {
			s.wire.take()
			transport := &mcp.SSEClientTransport{Endpoint: s.url + sse.path()}
			s.check(t, talkGoSDK(t, transport, asked), want)
			s.checkWire(t, line{sse, want})
		})
	}
}

// go-sdk's client does the same over stdio, with the service as its child
// process; REST's answers are those of a service with the same first contents.
func TestGoSDKStdio(t *testing.T) {
	s := serve(t)
	program := buildInventory(t)
	for _, version := range []string{latestLegacy, modern} {
		t.Run(version, func(t *testing.T) {
			command := exec.Command(program, "-stdio")
			command.Dir = t.TempDir() // where the database file goes
			command.Env = append(command.Environ(), "DATABASE_URL=sqlite::memory:")
			seen := talkGoSDK(t, &mcp.CommandTransport{Command: command}, version)
			seen.Long.check(t) // that it ended in the other process cannot be seen
			s.checkGood(t, seen.After, version)
			seen.Long = nil
			s.check(t, seen, version)
		})
	}
}

// talkGoSDK holds the conversation; an empty version means the client's own choice.
func talkGoSDK(t *testing.T, transport mcp.Transport, version string) conversation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	reports := make(chan progress, 1000)
	client := mcp.NewClient(&mcp.Implementation{Name: "go-sdk", Version: "1"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
			reports <- progress{r.Params.Progress, r.Params.Total, r.Params.Message}
		},
	})
	session, err := client.Connect(ctx, transport, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer closeSession(t, session)
	c := &goSDK{t: t, session: session}
	return conversation{
		Version: session.InitializeResult().ProtocolVersion,
		Tools:   c.tools(ctx),
		Good:    c.call(ctx, goodCall),
		Bad:     c.call(ctx, badCall),
		Long:    cancelled(ctx, c.long, reports),
		After:   c.call(ctx, goodCall),
	}
}

func closeSession(t *testing.T, session *mcp.ClientSession) {
	t.Helper()
	if err := session.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// goSDK makes calls in a session of go-sdk.
type goSDK struct {
	t       *testing.T
	session *mcp.ClientSession
}

func (c *goSDK) tools(ctx context.Context) []string {
	var names []string
	for tool, err := range c.session.Tools(ctx, nil) {
		if err != nil {
			c.t.Fatalf("list tools: %v", err)
		}
		names = append(names, tool.Name)
	}
	return names
}

func (c *goSDK) call(ctx context.Context, request call) outcome {
	result, err := c.session.CallTool(ctx, &mcp.CallToolParams{Name: request.Name, Arguments: request.Arguments})
	if err != nil {
		c.t.Fatalf("call %s: %v", request.Name, err)
	}
	got := outcome{IsError: result.IsError}
	if got.Structured, err = json.Marshal(result.StructuredContent); err != nil {
		c.t.Fatal(err)
	}
	for _, block := range result.Content {
		if text, ok := block.(*mcp.TextContent); ok {
			got.Text += text.Text
		}
	}
	return got
}

// long makes the long call and returns its error.
func (c *goSDK) long(ctx context.Context) error {
	params := &mcp.CallToolParams{Name: longCall.Name, Arguments: longCall.Arguments}
	params.SetProgressToken("the long call")
	_, err := c.session.CallTool(ctx, params)
	return err
}

// cancelled makes the long call and cancels it after some progress.
func cancelled(ctx context.Context, long func(context.Context) error, reports <-chan progress) *ending {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- long(ctx) }()
	var got ending
	for {
		select {
		case report := <-reports:
			if got.Progress = append(got.Progress, report); len(got.Progress) == cancelAfter {
				cancel()
			}
		case err := <-ended:
			if err != nil {
				got.Ended = err.Error()
			}
			return &got
		}
	}
}
