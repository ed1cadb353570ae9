package mcp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tandem-go/tandem"
)

type pizza struct {
	Size   string `json:"size" enum:"small,large"`
	Number int    `json:"number" minimum:"1"`
}

// askingService has operations that ask.
func askingService() *tandem.Service {
	svc := tandem.New("asking", "1")
	svc.Logger = slog.New(slog.DiscardHandler)
	tandem.Register(svc, tandem.Operation{Name: "order"}, func(ctx context.Context, _ struct{}) (string, error) {
		var p pizza
		err := tandem.Ask(ctx, tandem.Form("Which pizza?", &p).Named("pizza"))
		switch {
		case errors.Is(err, tandem.ErrDeclined):
			return "declined", nil
		case err != nil:
			return "", err
		}
		var sure struct {
			Sure bool `json:"sure"`
		}
		if err := tandem.Ask(ctx, tandem.Form("Sure?", &sure)); err != nil {
			return "", err
		}
		return fmt.Sprintf("%d %s, sure: %v", p.Number, p.Size, sure.Sure), nil
	})
	tandem.Register(svc, tandem.Operation{Name: "several"}, func(ctx context.Context, _ struct{}) (string, error) {
		var said tandem.SampleResult
		var roots []tandem.Root
		request := tandem.SampleRequest{Messages: []tandem.Message{{Role: tandem.User, Content: tandem.Text{Text: "Hi"}}}, MaxTokens: 5}
		if err := tandem.Ask(ctx, tandem.Sampling(request, &said), tandem.ListRoots(&roots)); err != nil {
			return "", err
		}
		return fmt.Sprintf("%s %v %s", said.Model, said.Content, roots[0].URI), nil
	})
	tandem.Register(svc, tandem.Operation{Name: "visit"}, func(ctx context.Context, _ struct{}) (string, error) {
		return "visited", tandem.Ask(ctx, tandem.Visit("Sign in", "https://example.com/in", "v1"))
	})
	return svc
}

// serveService is newServer for another service.
func serveService(t testing.TB, svc *tandem.Service, cfg Config) (*httptest.Server, *Door) {
	t.Helper()
	d, err := New(svc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	mux := http.NewServeMux()
	mux.Handle("/mcp", d)
	mux.Handle("/mcp/sse", d.SSE())
	mux.Handle("/mcp/messages", d.Messages())
	srv := httptest.NewServer(authenticate(mux))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { d.refuse(); d.running.close(); d.endLife() })
	return srv, d
}

// A handler asks in one straight line, and the SDK's client answers: over every
// transport, in every revision that knows the question, several rounds and
// several questions at once.
func TestAsk(t *testing.T) {
	srv, d := serveService(t, askingService(), Config{})
	for name, transport := range transports(t, d, srv.URL) {
		for _, revision := range allRevisions {
			if name == "sse" && revision == rev20260728 {
				continue
			}
			t.Run(name+"/"+revision, func(t *testing.T) { answerQuestions(t, transport(), revision) })
		}
	}
}

func answerQuestions(t *testing.T, transport sdk.Transport, revision string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, &sdk.ClientOptions{
		Capabilities: &sdk.ClientCapabilities{
			Elicitation: &sdk.ElicitationCapabilities{Form: &sdk.FormElicitationCapabilities{}, URL: &sdk.URLElicitationCapabilities{}},
			Sampling:    &sdk.SamplingCapabilities{},
			RootsV2:     &sdk.RootCapabilities{},
		},
		ElicitationHandler: func(_ context.Context, r *sdk.ElicitRequest) (*sdk.ElicitResult, error) {
			switch {
			case r.Params.URL != "":
				return &sdk.ElicitResult{Action: "accept"}, nil
			case strings.Contains(r.Params.Message, "pizza"):
				return &sdk.ElicitResult{Action: "accept", Content: map[string]any{"size": "large", "number": 2}}, nil
			}
			return &sdk.ElicitResult{Action: "accept", Content: map[string]any{"sure": true}}, nil
		},
		CreateMessageHandler: func(context.Context, *sdk.CreateMessageRequest) (*sdk.CreateMessageResult, error) {
			return &sdk.CreateMessageResult{Role: "assistant", Model: "m", Content: &sdk.TextContent{Text: "Ho"}}, nil
		},
	})
	client.AddRoots(&sdk.Root{URI: "file:///r"})
	session, err := client.Connect(ctx, transport, &sdk.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for tool, c := range map[string]struct {
		want  string
		since string
	}{
		"order":   {"2 large, sure: true", rev20250618},
		"several": {"Ho", rev20241105},
		"visit":   {"visited", rev20251125},
	} {
		result, err := session.CallTool(ctx, &sdk.CallToolParams{Name: tool})
		if err != nil {
			t.Errorf("%s: %v", tool, err)
			continue
		}
		text := result.Content[0].(*sdk.TextContent).Text
		if revision < c.since {
			if !result.IsError || !strings.Contains(text, "failed_precondition") {
				t.Errorf("%s cannot be asked in this revision: %s", tool, text)
			}
		} else if result.IsError || !strings.Contains(text, c.want) {
			t.Errorf("%s: got %s", tool, text)
		}
	}
}
