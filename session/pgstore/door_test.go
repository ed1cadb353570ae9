package pgstore_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/pgtest"
	"github.com/tandem-go/tandem/mcp"
	"github.com/tandem-go/tandem/session"
)

type greeting struct {
	Name string `json:"name" doc:"Who is greeted"`
}

// replica is a service's MCP door whose sessions are in the database.
func replica(t *testing.T, url string) http.Handler {
	t.Helper()
	svc := tandem.New("greeter", "1.0.0")
	tandem.Register(svc, tandem.Operation{Name: "greet", Summary: "Greet somebody"},
		func(_ context.Context, in greeting) (greeting, error) { return greeting{"Hello, " + in.Name}, nil })
	door, err := mcp.New(svc, mcp.Config{Sessions: open(t, url, options(session.Limits{}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = door.Close() }) // before the store
	mux := http.NewServeMux()
	mux.Handle("/mcp", door)
	mux.Handle("/mcp/sse", door.SSE())
	mux.Handle("/mcp/messages", door.Messages())
	return mux
}

// A balancer that sends every request to another replica breaks no session, in
// either of the old transports.
func doorsShareSessions(t *testing.T, server *pgtest.Server) {
	url := server.Database(t)
	replicas := []http.Handler{replica(t, url), replica(t, url), replica(t, url)}
	var requests atomic.Int64
	balancer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		replicas[int(requests.Add(1))%len(replicas)].ServeHTTP(w, r)
	}))
	t.Cleanup(balancer.Close)
	for name, transport := range map[string]sdk.Transport{
		"streamable": &sdk.StreamableClientTransport{Endpoint: balancer.URL + "/mcp"},
		"sse":        &sdk.SSEClientTransport{Endpoint: balancer.URL + "/mcp/sse"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, nil).Connect(t.Context(), transport,
				&sdk.ClientSessionOptions{ProtocolVersion: "2025-06-18"})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			for i := range 30 {
				name := fmt.Sprint("caller ", i)
				result, err := client.CallTool(t.Context(), &sdk.CallToolParams{Name: "greet", Arguments: greeting{name}})
				if err != nil || result.IsError {
					t.Fatalf("call %d: %+v, %v", i, result, err)
				}
				if text := result.Content[0].(*sdk.TextContent).Text; text != `{"name":"Hello, `+name+`"}` {
					t.Fatalf("call %d answers %s", i, text)
				}
			}
		})
	}
}
