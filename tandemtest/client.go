package tandemtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/mcp"
	"github.com/tandem-go/tandem/rest"
)

// Transport is one way to call a service.
type Transport string

// The transports. The 2025 revisions use sessions of Streamable HTTP.
const (
	REST           Transport = "REST"
	SSE            Transport = "MCP 2024-11-05 SSE"
	Session2025_03 Transport = "MCP 2025-03-26"
	Session2025_06 Transport = "MCP 2025-06-18"
	Session2025_11 Transport = "MCP 2025-11-25"
	Modern         Transport = "MCP 2026-07-28"
	Stdio          Transport = "MCP 2025-11-25 stdio"
	ModernStdio    Transport = "MCP 2026-07-28 stdio"
)

// Transports returns every transport, REST first.
func Transports() []Transport {
	return []Transport{REST, SSE, Session2025_03, Session2025_06, Session2025_11, Modern, Stdio, ModernStdio}
}

// version returns the protocol revision of an MCP transport.
func (tr Transport) version() string {
	const prefix = len("MCP ")
	return string(tr[prefix : prefix+len("2025-11-25")])
}

// Outcome is what a caller of one operation sees, the same whichever transport
// carried the call.
type Outcome struct {
	// Result is the operation's output; nil after an error, and where the
	// operation has no output.
	Result json.RawMessage
	// Problem is the error's document; nil after success.
	Problem *tandem.Problem
	// Content is the output where it is content and not JSON.
	Content []Content
	// Asked is what the operation asked, and the client answered. Where calls that
	// overlap share one stream, as over SSE and stdio, it is what any of them asked.
	Asked []Question
	// ToolText is the text of an MCP tool result as a model reads it; empty over
	// REST.
	ToolText string
}

// Code returns the error's code; empty after success.
func (o Outcome) Code() string {
	if o.Problem == nil {
		return ""
	}
	return o.Problem.Code
}

// Client calls a service through one transport.
type Client interface {
	// Call carries out one operation. The error says that the transport failed
	// or broke its protocol; a refusal by the service is an Outcome.
	// [ErrInexpressible] is in the error's chain if the transport has no way to
	// write these arguments, such as a null in a query string. The end of ctx
	// cancels the call. Calls may overlap.
	Call(ctx context.Context, operation string, arguments json.RawMessage) (Outcome, error)
}

// ErrInexpressible says that a transport cannot carry some arguments.
var ErrInexpressible = fmt.Errorf("the transport cannot express these arguments")

// Option changes how [Dial] opens a client.
type Option func(*dialConfig)

type dialConfig struct {
	principal *tandem.Principal
	answer    AnswerFunc
}

// As makes the calls come from p. By default they come from a principal with
// every scope.
func As(p *tandem.Principal) Option {
	return func(c *dialConfig) { c.principal = p }
}

// Dial opens one transport to the service, whose managed resources it starts if
// they are not. Both end with the test.
func Dial(t testing.TB, svc *tandem.Service, transport Transport, options ...Option) Client {
	t.Helper()
	cfg := dialConfig{principal: &tandem.Principal{Issuer: "tandemtest", Subject: "tester", Scopes: []string{tandem.AllScopes}}}
	for _, option := range options {
		option(&cfg)
	}
	if err := svc.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := svc.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	client, err := dial(t, svc, transport, cfg)
	if err != nil {
		t.Fatalf("%s: %v", transport, err)
	}
	return client
}

func dial(t testing.TB, svc *tandem.Service, transport Transport, cfg dialConfig) (Client, error) {
	c := caller{svc: svc, answer: cfg.answer}
	switch transport {
	case Stdio, ModernStdio:
		return dialStdio(t, c, transport.version(), cfg)
	}
	h, err := handler(t, svc)
	if err != nil {
		return nil, err
	}
	httpClient := HTTPClient(t, asPrincipal(cfg.principal, h))
	switch transport {
	case REST:
		return &restClient{http: httpClient, caller: c}, nil
	case SSE:
		return dialSSE(t, c, httpClient)
	case Modern:
		return &modernClient{http: httpClient, caller: c}, nil
	case Session2025_03, Session2025_06, Session2025_11:
		return dialSession(t.Context(), c, httpClient, transport.version())
	}
	return nil, fmt.Errorf("there is no transport %q; Transports lists them", transport)
}

const restPrefix = "/api/v1"

// handler serves both doors under the paths that package server uses.
func handler(t testing.TB, svc *tandem.Service) (http.Handler, error) {
	restDoor, err := rest.New(svc, rest.Config{Prefix: restPrefix})
	if err != nil {
		return nil, err
	}
	door, err := newDoor(t, svc)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(restPrefix+"/", restDoor)
	mux.Handle("/mcp", door)
	mux.Handle("GET /mcp/sse", door.SSE())
	mux.Handle("POST /mcp/messages", door.Messages())
	return mux, nil
}

func newDoor(t testing.TB, svc *tandem.Service) (*mcp.Door, error) {
	door, err := mcp.New(svc, mcp.Config{NoRepair: true}) // which no other door has
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := door.Close(); err != nil {
			t.Errorf("close the MCP door: %v", err)
		}
	})
	return door, nil
}

func asPrincipal(p *tandem.Principal, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(tandem.WithPrincipal(r.Context(), p)))
	})
}
