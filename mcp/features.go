package mcp

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

// newSDKServer returns the server for everything that the door does not serve
// itself. It has no tools, and says nothing of its sessions to the log: there is
// one for each request.
func (d *Door) newSDKServer(svc *tandem.Service) *sdk.Server {
	info := implementationOf(svc)
	server := sdk.NewServer(&sdk.Implementation{Name: info.Name, Title: info.Title, Version: info.Version}, &sdk.ServerOptions{
		Instructions: svc.Info.Instructions,
		Logger:       slog.New(slog.DiscardHandler),
		Capabilities: &sdk.ServerCapabilities{},
		SetCacheable: func(_ context.Context, _ sdk.Request, c *sdk.Cacheable) {
			if c.CacheScope == "" { // a handler that says nothing may well depend on its caller
				c.CacheScope = "private"
			}
		},
	})
	server.AddReceivingMiddleware(d.recoverPanics)
	return server
}

// Server returns the SDK's server. Resources and prompts that are added to it
// before the door serves its first request are served over every transport; its
// tools are not, since an operation is the one way to make a tool. What the service
// itself has comes first in the lists, and is what a name or a URI of both means.
// They are in no toolset, and not hidden from anybody.
func (d *Door) Server() *sdk.Server { return d.sdk }

// features are the parts of the protocol that the SDK's server has something for.
type features struct{ prompts, resources, completions bool }

// serves reports whether the method can be handed to the SDK's server. What needs
// a session that outlives the request cannot.
func (f features) serves(method string) bool {
	switch method {
	case "prompts/list", "prompts/get":
		return f.prompts
	case "resources/list", "resources/templates/list", "resources/read":
		return f.resources
	case "completion/complete":
		return f.completions
	}
	return false
}

// features asks the SDK's server, once.
func (d *Door) features() features {
	d.featuresOnce.Do(func() {
		f, err := d.askFeatures()
		if err != nil {
			d.logger().Error("mcp: the SDK's server did not tell its capabilities", "error", err)
		}
		d.featuresFound = f
	})
	return d.featuresFound
}

func (d *Door) askFeatures() (features, error) {
	const params = `{"protocolVersion":"` + rev20251125 + `","capabilities":{},"clientInfo":{"name":"door","version":"1"}}`
	result, err := d.dispatch(context.Background(), &exchange{}, methodInitialize, []byte(params))
	if err != nil {
		return features{}, err
	}
	var found struct {
		Capabilities struct {
			Prompts     jsontext.Value `json:"prompts"`
			Resources   jsontext.Value `json:"resources"`
			Completions jsontext.Value `json:"completions"`
		} `json:"capabilities"`
	}
	if err := json.Unmarshal(result, &found); err != nil {
		return features{}, err
	}
	c := found.Capabilities
	return features{prompts: c.Prompts != nil, resources: c.Resources != nil, completions: c.Completions != nil}, nil
}

// capabilities returns ServerCapabilities: tools, and what else there is something
// of, with their changes.
func (f features) capabilities() []byte {
	out := []byte(`{"logging":{},"tools":{"listChanged":true}`)
	if f.prompts {
		out = append(out, `,"prompts":{"listChanged":true}`...)
	}
	if f.resources {
		out = append(out, `,"resources":{"listChanged":true,"subscribe":true}`...)
	}
	if f.completions {
		out = append(out, `,"completions":{}`...)
	}
	return append(out, '}')
}

// sessionState restores the state of a legacy session for the SDK; nil for a
// request that has none.
func sessionState(x *exchange) (*sdk.ServerSessionState, error) {
	if x.record == nil {
		return nil, nil
	}
	initialize, err := initializeParams(x.record)
	if err != nil {
		return nil, err
	}
	return &sdk.ServerSessionState{
		InitializeParams:          initialize,
		InitializedParams:         &sdk.InitializedParams{},
		NegotiatedProtocolVersion: x.record.ProtocolVersion,
	}, nil
}

func initializeParams(r *session.Record) (*sdk.InitializeParams, error) {
	p := &sdk.InitializeParams{ProtocolVersion: r.ProtocolVersion}
	for _, part := range []struct {
		raw  []byte
		into any
	}{{r.Capabilities, &p.Capabilities}, {r.ClientInfo, &p.ClientInfo}} {
		if len(part.raw) == 0 {
			continue
		}
		if err := json.Unmarshal(part.raw, part.into); err != nil {
			return nil, fmt.Errorf("restore a session: %w", err)
		}
	}
	return p, nil
}
