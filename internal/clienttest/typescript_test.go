package clienttest

import (
	"bytes"
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/tandem-go/tandem/internal/nodetools"
)

// plan is what a script is told to do.
type plan struct {
	URL         string `json:"url"`
	Transport   string `json:"transport"`   // "http" or "sse"
	Negotiation any    `json:"negotiation"` // the SDK's mode; 1.x has none
	Good        call   `json:"good"`
	Bad         call   `json:"bad"`
	Long        call   `json:"long"`
	CancelAfter int    `json:"cancelAfter"`
}

// Both TypeScript SDKs get REST's answers over every transport and in every era
// they speak, see progress, and cancel.
func TestTypeScript(t *testing.T) {
	nodetools.Dir(t) // skip before the service starts
	s := serve(t)
	pin := map[string]string{"pin": modern}
	for _, test := range []struct {
		name, script, transport string
		negotiation             any
		want                    line
	}{
		{"1.x HTTP", "typescript1.mjs", "http", nil, line{streamable, latestLegacy}},
		{"1.x SSE", "typescript1.mjs", "sse", nil, line{sse, latestLegacy}},
		{"2.x HTTP legacy", "typescript2.mjs", "http", "legacy", line{streamable, latestLegacy}},
		{"2.x HTTP modern", "typescript2.mjs", "http", pin, line{streamable, modern}},
		{"2.x HTTP auto", "typescript2.mjs", "http", "auto", line{streamable, modern}},
		{"2.x SSE legacy", "typescript2.mjs", "sse", "legacy", line{sse, latestLegacy}},
		{"2.x SSE auto", "typescript2.mjs", "sse", "auto", line{sse, latestLegacy}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s.wire.take()
			seen := runScript(t, test.script, plan{
				URL: s.url + test.want.door.path(), Transport: test.transport, Negotiation: test.negotiation,
				Good: goodCall, Bad: badCall, Long: longCall, CancelAfter: cancelAfter,
			})
			s.check(t, seen, test.want.version)
			s.checkWire(t, test.want)
		})
	}
}

// runScript runs a script of this folder and returns what its client saw.
func runScript(t *testing.T, script string, p plan) conversation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	path, err := filepath.Abs(script)
	if err != nil {
		t.Fatal(err)
	}
	argument, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	command := nodetools.Script(ctx, t, 0, path, string(argument))
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, stderr.Bytes())
	}
	var seen conversation
	if err := json.Unmarshal(output, &seen); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, output)
	}
	return seen
}
