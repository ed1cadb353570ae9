package mcp

import (
	"context"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tandem-go/tandem"
)

// The SDK's client finds and uses resources, prompts, completions and content, over
// every transport and in both eras.
func TestSDKClientFeatures(t *testing.T) {
	srv, d := newFeatureServer(t, Config{PageSize: 2})
	for name, transport := range transports(t, d, srv.URL) {
		for _, revision := range []string{rev20251125, rev20260728} {
			if name == "sse" && revision == rev20260728 {
				continue
			}
			t.Run(name+"/"+revision, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
				defer cancel()
				s, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(ctx, transport(), &sdk.ClientSessionOptions{ProtocolVersion: revision})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				useFeatures(t, ctx, s)
			})
		}
	}
}

func useFeatures(t *testing.T, ctx context.Context, s *sdk.ClientSession) {
	n := 0
	for _, err := range s.Resources(ctx, nil) {
		if n++; err != nil {
			t.Fatal(err)
		}
	}
	if n != 4 {
		t.Errorf("%d resources", n)
	}
	for template, err := range s.ResourceTemplates(ctx, nil) {
		if err != nil || template.URITemplate != "stock://products/{sku}" {
			t.Errorf("template %+v, %v", template, err)
		}
	}
	read, err := s.ReadResource(ctx, &sdk.ReadResourceParams{URI: "stock://products/7"})
	if err != nil || read.Contents[0].Text != `{"sku":"7","qty":3}` {
		t.Errorf("read %+v, %v", read, err)
	}
	if _, err := s.ReadResource(ctx, &sdk.ReadResourceParams{URI: "stock://nowhere"}); err == nil {
		t.Error("a resource that does not exist was read")
	}
	prompt, err := s.GetPrompt(ctx, &sdk.GetPromptParams{Name: "plan", Arguments: map[string]string{"color": "red", "days": "2"}})
	if err != nil || prompt.Messages[0].Content.(*sdk.TextContent).Text != "Plan 2 days of red." {
		t.Errorf("prompt %+v, %v", prompt, err)
	}
	completed, err := s.Complete(ctx, &sdk.CompleteParams{Ref: &sdk.CompleteReference{Type: "ref/prompt", Name: "plan"}, Argument: sdk.CompleteParamsArgument{Name: "color", Value: "g"}})
	if err != nil || fmt.Sprint(completed.Completion.Values) != "[green grey]" {
		t.Errorf("completion %+v, %v", completed, err)
	}
	shown, err := s.CallTool(ctx, &sdk.CallToolParams{Name: "show"})
	if err != nil || len(shown.Content) != 5 || shown.StructuredContent != nil {
		t.Fatalf("content %+v, %v", shown, err)
	}
	if link, ok := shown.Content[3].(*sdk.ResourceLink); !ok || link.URI != "stock://all" {
		t.Errorf("link %+v", shown.Content[3])
	}
}

// The SDK's client takes the annotations, and mirrors what they say.
func TestSDKClientMirrors(t *testing.T) {
	d := mirrorDoor(t, Config{})
	srv := httptest.NewServer(d)
	defer srv.Close()
	s, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), &sdk.StreamableClientTransport{Endpoint: srv.URL}, &sdk.ClientSessionOptions{ProtocolVersion: rev20260728})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	tools, err := s.ListTools(t.Context(), nil)
	if err != nil || len(tools.Tools) != 2 {
		t.Fatalf("tools %+v, %v", tools, err)
	}
	for _, arguments := range []map[string]any{
		{"region": "eu", "count": 4, "deep": map[string]any{"on": true}},
		{"region": " Zürich "},
		{},
	} {
		if result, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: "mirrored", Arguments: arguments}); err != nil || result.IsError {
			t.Errorf("%v: %+v, %v", arguments, result, err)
		}
	}
}

// A service may change while it is asked: every answer is of one state or another.
func TestCatalogUnderChange(t *testing.T) {
	svc := tandem.New("x", "1")
	d, err := New(svc, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var asking sync.WaitGroup
	for range 4 {
		asking.Go(func() {
			for range 100 {
				ctx := withToolsets(t.Context(), []string{"a"})
				s, err := d.sight(ctx)
				if err != nil || len(s.catalog.tools) != len(s.view(ctx).lists[tools].entries) {
					t.Errorf("sight %+v, %v", s, err)
				}
			}
		})
	}
	for i := range 50 {
		name := fmt.Sprint("t", i)
		tandem.Register(svc, tandem.Operation{Name: name, Tags: []string{"a"}}, func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
		if s, err := d.sight(t.Context()); err != nil || s.tool(t.Context(), []byte(name)) == nil {
			t.Fatalf("a tool that was added is not there at once: %v", err)
		}
	}
	asking.Wait()
}
