// Package difftest sends the same messages to Tandem and to the official SDK's
// server, which has the same tools, resources and prompts, and compares what comes
// back.
package difftest

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/mcp"
)

type addition struct {
	A int `json:"a" minimum:"0"`
	B int `json:"b"`
}

type sum struct {
	Sum int `json:"sum"`
}

type document struct {
	ID string `json:"id" doc:"Which document"`
}

type topic struct {
	Topic string `json:"topic" doc:"What it is about"`
	Style string `json:"style,omitzero" doc:"How it is written" enum:"long,short"`
}

// newService returns what both servers serve.
func newService() *tandem.Service {
	svc := tandem.New("both", "1.0.0")
	svc.Logger = slog.New(slog.DiscardHandler)
	svc.Info.Instructions = "Add numbers."
	tandem.Register(svc, tandem.Operation{Name: "add", Title: "Add", Summary: "Add two numbers", ReadOnly: true},
		func(ctx context.Context, in addition) (sum, error) {
			tandem.Progress(ctx, 1, 2, "adding")
			return sum{in.A + in.B}, nil
		})
	tandem.Register(svc, tandem.Operation{Name: "fail", Title: "Fail", Summary: "Always fail"},
		func(context.Context, struct{}) (sum, error) {
			return sum{}, tandem.Errorf(tandem.NotFound, "there is nothing")
		})
	tandem.Resource(svc, tandem.ResourceInfo{URI: "test://motd", Name: "motd", Description: "The message of the day", MIMEType: "text/plain"},
		func(context.Context) (tandem.Text, error) { return tandem.Text{Text: "Hello."}, nil })
	tandem.ResourceTemplate(svc, tandem.ResourceInfo{URI: "test://documents/{id}", Name: "documents", Description: "Documents", MIMEType: "text/plain"},
		func(_ context.Context, in document) (tandem.Text, error) {
			return tandem.Text{Text: "Document " + in.ID}, nil
		})
	tandem.Prompt(svc, tandem.PromptInfo{Name: "essay", Description: "Write an essay"},
		func(_ context.Context, in topic) ([]tandem.Message, error) {
			return []tandem.Message{tandem.User.Says("Write about %s.", in.Topic)}, nil
		})
	return svc
}

// serveTandem serves the service by Tandem's door.
func serveTandem(t *testing.T, svc *tandem.Service) *httptest.Server {
	t.Helper()
	door, err := mcp.New(svc, mcp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/mcp", door)
	s := httptest.NewServer(mux)
	t.Cleanup(func() {
		s.CloseClientConnections()
		if err := door.Close(); err != nil {
			t.Error(err)
		}
		s.Close()
	})
	return s
}

// serveSDK serves the service by the SDK's server, in both eras at one URL.
func serveSDK(t *testing.T, svc *tandem.Service) *httptest.Server {
	t.Helper()
	server := newSDKServer(svc)
	get := func(*http.Request) *sdk.Server { return server }
	stateful := sdk.NewStreamableHTTPHandler(get, &sdk.StreamableHTTPOptions{EventStore: sdk.NewMemoryEventStore(nil)})
	stateless := sdk.NewStreamableHTTPHandler(get, &sdk.StreamableHTTPOptions{Stateless: true})
	mux := http.NewServeMux()
	mux.HandleFunc("/mcp", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("MCP-Protocol-Version") >= "2026-07-28" {
			stateless.ServeHTTP(w, r)
			return
		}
		stateful.ServeHTTP(w, r)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

// newSDKServer returns the SDK's server with what the service has. Its handlers
// call the service, so that the two differ in nothing but the protocol.
func newSDKServer(svc *tandem.Service) *sdk.Server {
	server := sdk.NewServer(&sdk.Implementation{Name: svc.Name(), Version: svc.Version()}, &sdk.ServerOptions{
		Instructions:      svc.Info.Instructions,
		Logger:            slog.New(slog.DiscardHandler),
		CompletionHandler: complete,
		SubscribeHandler:  func(context.Context, *sdk.SubscribeRequest) error { return nil },
		UnsubscribeHandler: func(context.Context, *sdk.UnsubscribeRequest) error {
			return nil
		},
		SetCacheable: func(_ context.Context, r sdk.Request, c *sdk.Cacheable) {
			c.TTLMs, c.CacheScope = 300_000, "public"
			if _, reads := r.(*sdk.ReadResourceRequest); reads {
				c.TTLMs, c.CacheScope = 0, "private"
			}
		},
	})
	for _, op := range svc.Operations() {
		server.AddTool(&sdk.Tool{
			Name: op.Name, Title: op.Title, Description: op.Description,
			InputSchema:  json.RawMessage(op.InputSchema()),
			OutputSchema: json.RawMessage(op.OutputSchema()),
			Annotations: &sdk.ToolAnnotations{
				Title: op.Title, ReadOnlyHint: op.ReadOnly, IdempotentHint: op.Idempotent,
				DestructiveHint: &op.Destructive, OpenWorldHint: &op.OpenWorld,
			},
		}, call(svc, op.Name))
	}
	addResources(server, svc)
	server.AddPrompt(&sdk.Prompt{
		Name: "essay", Title: "essay", Description: "Write an essay",
		Arguments: []*sdk.PromptArgument{
			{Name: "topic", Description: "What it is about", Required: true},
			{Name: "style", Description: "How it is written"},
		},
	}, func(_ context.Context, r *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		content := &sdk.TextContent{Text: "Write about " + r.Params.Arguments["topic"] + "."}
		return &sdk.GetPromptResult{
			Description: "Write an essay",
			Messages:    []*sdk.PromptMessage{{Role: "user", Content: content}},
		}, nil
	})
	return server
}

func addResources(server *sdk.Server, svc *tandem.Service) {
	read := func(ctx context.Context, r *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
		contents, err := svc.ReadResource(ctx, r.Params.URI, tandem.Call{})
		if err != nil {
			return nil, sdk.ResourceNotFoundError(r.Params.URI)
		}
		return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{
			URI: contents[0].URI, MIMEType: contents[0].MIMEType, Text: contents[0].Text,
		}}}, nil
	}
	server.AddResource(&sdk.Resource{
		URI: "test://motd", Name: "motd", Title: "motd", Description: "The message of the day", MIMEType: "text/plain",
	}, read)
	server.AddResourceTemplate(&sdk.ResourceTemplate{
		URITemplate: "test://documents/{id}", Name: "documents", Title: "documents", Description: "Documents", MIMEType: "text/plain",
	}, read)
}

// call returns a tool's handler that invokes the operation.
func call(svc *tandem.Service, name string) sdk.ToolHandler {
	return func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		if token := r.Params.GetProgressToken(); token != nil {
			ctx = tandem.WithProgress(ctx, func(p tandem.ProgressUpdate) {
				_ = r.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{
					ProgressToken: token, Progress: p.Done, Total: p.Total, Message: p.Message,
				}) // a client that is gone shows elsewhere
			})
		}
		result, err := svc.Invoke(ctx, name, r.Params.Arguments)
		if err != nil {
			problem := err.(*tandem.Error).Problem().JSON()
			return &sdk.CallToolResult{IsError: true, Content: []sdk.Content{&sdk.TextContent{Text: string(problem)}}}, nil
		}
		return &sdk.CallToolResult{
			StructuredContent: result.JSON,
			Content:           []sdk.Content{&sdk.TextContent{Text: string(result.JSON)}},
		}, nil
	}
}

// complete suggests styles, as the enum of the field does.
func complete(_ context.Context, r *sdk.CompleteRequest) (*sdk.CompleteResult, error) {
	styles := []string{}
	if r.Params.Argument.Name == "style" {
		styles = slices.DeleteFunc([]string{"long", "short"}, func(s string) bool {
			return !strings.HasPrefix(s, r.Params.Argument.Value)
		})
	}
	return &sdk.CompleteResult{Completion: sdk.CompletionResultDetails{Values: styles, Total: len(styles)}}, nil
}
