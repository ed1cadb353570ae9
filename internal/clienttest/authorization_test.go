package clienttest

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-go/tandem/examples/inventory/service"
	"github.com/tandem-go/tandem/internal/nodetools"
	"github.com/tandem-go/tandem/internal/oidctest"
	"github.com/tandem-go/tandem/server"
)

// seenAuthorized is what a client saw that had to be authorized.
type seenAuthorized struct {
	Scopes   []string `json:"scopes"`   // of each authorization, with spaces between
	Resource string   `json:"resource"` // of the last one
	Results  []struct {
		IsError    bool `json:"isError"`
		Structured any  `json:"structured"`
	} `json:"results"`
}

// Both TypeScript SDKs find the authorization server from the service's address
// alone, get a token for it, call, and step up where a call needs more scopes.
func TestTypeScriptFindsItsWay(t *testing.T) {
	nodetools.Dir(t) // skip before anything starts
	as := oidctest.Start(t, service.ReadInventory, service.WriteInventory)
	url := serveAuthorized(t, as)
	calls := []call{goodCall, {"adjust_stock", map[string]any{"sku": "SKU-0042", "warehouse_id": "default", "delta": 1, "reason": "restock"}}}
	for _, test := range []struct {
		name        string
		sdk         int
		negotiation any
	}{
		{"1.x", 1, nil},
		{"2.x legacy", 2, "legacy"},
		{"2.x modern", 2, map[string]string{"pin": modern}},
		{"2.x auto", 2, "auto"},
	} {
		t.Run(test.name, func(t *testing.T) {
			as.Forget(t)
			seen := runAuthorization(t, map[string]any{"url": url, "sdk": test.sdk, "negotiation": test.negotiation, "calls": calls})
			seen.check(t, url)
			if n := as.Requests(t)["/reg"]; n != 1 {
				t.Errorf("the client registered itself %d times", n)
			}
		})
	}
}

// check demands one authorization to begin with and one more for the call that
// needs more, each for this very service.
func (s seenAuthorized) check(t *testing.T, url string) {
	t.Helper()
	if len(s.Scopes) != 2 || !asks(s.Scopes[0], service.ReadInventory) || asks(s.Scopes[0], service.WriteInventory) ||
		!asks(s.Scopes[1], service.WriteInventory) {
		t.Errorf("the authorizations asked for %q", s.Scopes)
	}
	if s.Resource != url {
		t.Errorf("the token is for %q", s.Resource)
	}
	if len(s.Results) != 2 {
		t.Fatalf("%d calls had results", len(s.Results))
	}
	for i, result := range s.Results {
		if result.IsError || result.Structured == nil {
			t.Errorf("call %d: %+v", i+1, result)
		}
	}
}

func asks(scopes, scope string) bool { return slices.Contains(strings.Fields(scopes), scope) }

// serveAuthorized serves the inventory with the tokens of an authorization server
// and returns where MCP is.
func serveAuthorized(t *testing.T, as *oidctest.Server) string {
	t.Helper()
	svc, err := service.New(service.Config{DatabaseURL: "sqlite::memory:"})
	if err != nil {
		t.Fatal(err)
	}
	listener := httptest.NewUnstartedServer(nil)
	url := "http://" + listener.Listener.Addr().String()
	srv, err := server.New(svc, server.Config{
		PublicURL: url,
		Auth:      server.Auth{Issuer: as.Issuer(), ScopesSupported: []string{service.ReadInventory}}, // to begin with
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	listener.Config.Handler = srv.Handler()
	listener.Start()
	t.Cleanup(func() {
		listener.CloseClientConnections() // Close waits for open streams
		listener.Close()
		if err := srv.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return url + streamable.path()
}

// runAuthorization runs the script and returns what its client saw.
func runAuthorization(t *testing.T, plan map[string]any) (seen seenAuthorized) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	path, err := filepath.Abs("authorization.mjs")
	if err != nil {
		t.Fatal(err)
	}
	argument, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	command := nodetools.Script(ctx, t, 0, path, string(argument))
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	if err := json.Unmarshal(output, &seen); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return seen
}
