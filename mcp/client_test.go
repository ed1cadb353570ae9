//lint:file-ignore SA1019 what the newest revision deprecates is still served to clients that use it

package mcp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"
)

// transports are the ways in which the SDK's client reaches a door.
func transports(t testing.TB, d *Door, url string) map[string]func() sdk.Transport {
	return map[string]func() sdk.Transport{
		"streamable": func() sdk.Transport {
			return &sdk.StreamableClientTransport{Endpoint: url + "/mcp"}
		},
		"sse": func() sdk.Transport { return &sdk.SSEClientTransport{Endpoint: url + "/mcp/sse"} },
		"stdio": func() sdk.Transport {
			inR, inW := io.Pipe()
			outR, outW := io.Pipe()
			done := make(chan struct{})
			go func() {
				defer close(done)
				err := d.ServeStdio(context.Background(), inR, outW)
				if err != nil && !errors.Is(err, io.ErrClosedPipe) { // the SDK's client closes both ends at once
					t.Errorf("stdio: %v", err)
				}
				outW.Close()
			}()
			t.Cleanup(func() { inW.Close(); outR.Close(); <-done })
			return &sdk.IOTransport{Reader: outR, Writer: inW}
		},
	}
}

// The SDK's client lists the tools and calls them, over every transport and in
// both eras.
func TestSDKClient(t *testing.T) {
	srv, d, _ := newServer(t, Config{PageSize: 3})
	for name, transport := range transports(t, d, srv.URL) {
		for _, revision := range []string{rev20241105, rev20250326, rev20250618, rev20251125, rev20260728} {
			t.Run(name+"/"+revision, func(t *testing.T) {
				if name == "sse" && revision == rev20260728 {
					t.Skip("the HTTP+SSE transport belongs to the legacy era")
				}
				converse(t, transport(), revision)
			})
		}
	}
}

func converse(t *testing.T, transport sdk.Transport, revision string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var mu sync.Mutex
	var reports []float64
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, &sdk.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *sdk.ProgressNotificationClientRequest) {
			mu.Lock()
			defer mu.Unlock()
			reports = append(reports, r.Params.Progress)
		},
	})
	session, err := client.Connect(ctx, transport, &sdk.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	if got := session.InitializeResult().ProtocolVersion; got != revision {
		t.Errorf("revision %s, want %s", got, revision)
	}
	var names []string
	for tool, err := range session.Tools(ctx, nil) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, tool.Name)
	}
	if got := strings.Join(names, " "); got != "greet list silent fail secret panic count wait who guarded" {
		t.Errorf("tools: %s", got)
	}
	result, err := session.CallTool(ctx, &sdk.CallToolParams{Name: "greet", Arguments: map[string]any{"name": "Ann"}})
	if err != nil {
		t.Fatal(err)
	}
	if text := result.Content[0].(*sdk.TextContent).Text; text != `{"text":"Hello, Ann!"}` {
		t.Errorf("text %s", text)
	}
	if got := fmt.Sprint(result.StructuredContent); hasStructured(revision) != (got == "map[text:Hello, Ann!]") {
		t.Errorf("structured content %s", got)
	}
	result, err = session.CallTool(ctx, &sdk.CallToolParams{Name: "fail", Arguments: map[string]any{"name": "x"}})
	if err != nil || !result.IsError {
		t.Errorf("fail: %+v, %v", result, err)
	}
	if _, err := session.CallTool(ctx, &sdk.CallToolParams{Name: "nope"}); err == nil {
		t.Error("an unknown tool is no error")
	}
	counted := &sdk.CallToolParams{Name: "count", Arguments: map[string]any{"to": 3}}
	counted.SetProgressToken("p")
	if _, err := session.CallTool(ctx, counted); err != nil {
		t.Error(err)
	}
	eventually(t, "three reports of progress", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return fmt.Sprint(reports) == "[1 2 3]"
	})
}

// What is added to the SDK's server is advertised and served over every
// transport, in both eras, and its faults are sanitised.
func TestSDKServerFeatures(t *testing.T) {
	srv, d, _ := newServer(t, Config{})
	d.Server().AddPrompt(&sdk.Prompt{Name: "plan"}, func(_ context.Context, r *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		return &sdk.GetPromptResult{Description: "for " + r.Params.Arguments["who"]}, nil
	})
	d.Server().AddPrompt(&sdk.Prompt{Name: "panics"}, func(context.Context, *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		panic("postgres://")
	})
	d.Server().AddPrompt(&sdk.Prompt{Name: "fails"}, func(context.Context, *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		return nil, fmt.Errorf("postgres://")
	})
	d.Server().AddResource(&sdk.Resource{URI: "test://a", Name: "a"}, func(ctx context.Context, _ *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
		return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: "test://a", Text: "content"}}}, nil
	})
	for name, transport := range transports(t, d, srv.URL) {
		for _, revision := range []string{rev20250618, rev20260728} {
			if name == "sse" && revision == rev20260728 {
				continue
			}
			t.Run(name+"/"+revision, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
				defer cancel()
				session, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(ctx, transport(), &sdk.ClientSessionOptions{ProtocolVersion: revision})
				if err != nil {
					t.Fatal(err)
				}
				defer session.Close()
				if c := session.InitializeResult().Capabilities; c.Prompts == nil || c.Resources == nil || c.Tools == nil || c.Completions != nil || !c.Prompts.ListChanged || !c.Resources.Subscribe || c.Logging == nil {
					t.Errorf("capabilities %+v", c)
				}
				prompt, err := session.GetPrompt(ctx, &sdk.GetPromptParams{Name: "plan", Arguments: map[string]string{"who": "Ann"}})
				if err != nil || prompt.Description != "for Ann" {
					t.Errorf("prompt %+v, %v", prompt, err)
				}
				for _, name := range []string{"panics", "fails"} {
					if _, err := session.GetPrompt(ctx, &sdk.GetPromptParams{Name: name}); err == nil || strings.Contains(err.Error(), "postgres") {
						t.Errorf("%s: %v", name, err)
					}
				}
				if _, err := session.GetPrompt(ctx, &sdk.GetPromptParams{Name: "nope"}); err == nil || !strings.Contains(err.Error(), "unknown prompt") {
					t.Errorf("unknown prompt: %v", err)
				}
				resource, err := session.ReadResource(ctx, &sdk.ReadResourceParams{URI: "test://a"})
				if err != nil || resource.Contents[0].Text != "content" {
					t.Errorf("resource %+v, %v", resource, err)
				}
			})
		}
	}
	body := `{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://a",` + modernMeta + `}}`
	a := post(t, srv.URL+"/mcp", body, modernHeaders("resources/read", "test://a")...)
	if !strings.Contains(a.body, `"cacheScope":"private"`) {
		t.Errorf("what may depend on the caller can be cached by others: %s", a.body)
	}
	if a := post(t, srv.URL+"/mcp", body, modernHeaders("resources/read", "test://b")...); a.status != http.StatusBadRequest {
		t.Errorf("another URI in the header: status %d", a.status)
	}
}

// What a handler of the SDK's server says meanwhile reaches the caller; what it
// asks is declined at once, since nobody carries the answer.
func TestBridgeConversation(t *testing.T) {
	srv, d, _ := newServer(t, Config{})
	d.Server().AddPrompt(&sdk.Prompt{Name: "talks"}, func(ctx context.Context, r *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		if err := r.Session.NotifyProgress(ctx, &sdk.ProgressNotificationParams{ProgressToken: "p", Progress: 1}); err != nil {
			t.Errorf("progress: %v", err)
		}
		_, err := r.Session.Elicit(ctx, &sdk.ElicitParams{Message: "?"})
		if err == nil || !strings.Contains(err.Error(), "cannot be asked") {
			t.Errorf("elicit: %v", err)
		}
		return &sdk.GetPromptResult{Description: "said"}, nil
	})
	a := post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"elicitation":{}},"clientInfo":{"name":"c","version":"1"}}}`)
	const get = `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"talks"}}`
	a = post(t, srv.URL+"/mcp", get, "Mcp-Session-Id: "+a.header.Get("Mcp-Session-Id"))
	events := newEvents(strings.NewReader(a.body))
	if e := events.next(t); !strings.Contains(e.data, "notifications/progress") {
		t.Errorf("event %+v", e)
	}
	if e := events.next(t); !strings.Contains(e.data, `"description":"said"`) {
		t.Errorf("event %+v", e)
	}
	sse := openSSE(t, srv.URL)
	sse.call(t, strings.Replace(initializeSSE, `"capabilities":{}`, `"capabilities":{"elicitation":{}}`, 1))
	if got := sse.call(t, get) + sse.events.next(t).data; !strings.Contains(got, "notifications/progress") || !strings.Contains(got, `"description":"said"`) {
		t.Error(got)
	}
}

// A cancelled request ends the handler of the SDK's server.
func TestBridgeCancel(t *testing.T) {
	srv, d, _ := newServer(t, Config{})
	started, ended := make(chan struct{}), make(chan struct{})
	d.Server().AddPrompt(&sdk.Prompt{Name: "waits"}, func(ctx context.Context, _ *sdk.GetPromptRequest) (*sdk.GetPromptResult, error) {
		close(started)
		<-ctx.Done()
		close(ended)
		return nil, ctx.Err()
	})
	r := newRequest(t, http.MethodPost, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"waits",`+modernMeta+`}}`, modernHeaders("prompts/get", "waits")...)
	ctx, cancel := context.WithCancel(r.Context())
	go func() {
		<-started
		cancel()
	}()
	if _, err := http.DefaultClient.Do(r.WithContext(ctx)); err == nil {
		t.Error("the cancelled request was answered")
	}
	<-ended
}
