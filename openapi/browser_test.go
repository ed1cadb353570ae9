package openapi_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/nodetools"
	"github.com/tandem-go/tandem/server"
)

// The pages work in a real browser: testdata/browser.cjs holds the cases. Each
// fails on any request to another host, and on anything that the console reports,
// such as a violation of the content security policy.
func TestBrowser(t *testing.T) {
	chromium := nodetools.Chromium(t)
	seen := &outcomes{codes: map[string][]tandem.Code{}}
	open := inventory(t)
	open.Observe(seen.watch)
	config, err := json.Marshal(map[string]string{
		"chromium": chromium,
		"open":     serve(t, open, server.Config{}),
		"closed":   serve(t, inventory(t), server.Config{APIKeys: []tandem.Secret{browserKey}}),
		"hidden":   serve(t, inventory(t), server.Config{APIKeys: []tandem.Secret{browserKey}, HideForbidden: true}),
		"issuer": serve(t, inventory(t), server.Config{
			APIKeys: []tandem.Secret{browserKey},
			Auth:    server.Auth{Issuer: "http://127.0.0.1:9/realms/shop", Audiences: []string{"shop"}, JWKSURL: "http://127.0.0.1:9/keys"},
		}),
		"key":        browserKey,
		"based":      serve(t, inventory(t), server.Config{BasePath: "/behind/proxy"}) + "/behind/proxy",
		"everything": serve(t, everything(t), server.Config{}),
		"restOnly":   serve(t, inventory(t), server.Config{Doors: tandem.REST}),
		"mcpOnly":    serve(t, inventory(t), server.Config{Doors: tandem.MCP}),
	})
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("testdata/browser.cjs")
	if err != nil {
		t.Fatal(err)
	}
	cmd := nodetools.Script(t.Context(), t, 0, script, string(config))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var cases []struct{ Name, Error string }
	if jsonErr := json.Unmarshal(out, &cases); err != nil || jsonErr != nil || len(cases) == 0 {
		t.Fatalf("browser.cjs: %v, %v\n%s%s", err, jsonErr, out, stderr.Bytes())
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if c.Error != "" {
				t.Error(c.Error)
			}
		})
	}
	t.Run("cancelling reaches the handler", func(t *testing.T) {
		want := []tandem.Code{tandem.Canceled, tandem.Canceled} // once in each era
		if got := seen.of("recount_stock"); !slices.Equal(got, want) {
			t.Errorf("recount_stock ended with %v, want %v", got, want)
		}
	})
}

const browserKey = "browser-test-key-0123456789abcdef"
