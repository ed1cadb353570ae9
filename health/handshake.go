package health

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// The self-check's client. It speaks to the served routes as any client would,
// and nothing of package mcp, so that both sides cannot be wrong in the same way.
const (
	clientInfo = `{"name":"tandem-health","version":"1"}`
	modernMeta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"` + EraModern +
		`","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":` + clientInfo + `}`
)

// maxPages bounds a tools/list whose cursor never ends.
const maxPages = 1000

func initializeParams(version string) string {
	return `{"protocolVersion":"` + version + `","capabilities":{},"clientInfo":` + clientInfo + `}`
}

// checkModern asks server/discover, then tools/list, without a session.
func checkModern(ctx context.Context, c *client) (int, error) {
	call := func(method, more string) (json.RawMessage, error) {
		header := http.Header{}
		header.Set("MCP-Protocol-Version", EraModern)
		header.Set("Mcp-Method", method)
		return c.call(ctx, header, method, "{"+more+modernMeta+"}")
	}
	if _, err := call("server/discover", ""); err != nil {
		return 0, err
	}
	return countTools(func(cursor string) (json.RawMessage, error) {
		if cursor == "" {
			return call("tools/list", "")
		}
		return call("tools/list", `"cursor":`+quote(cursor)+",")
	})
}

// check2025 opens a session, lists the tools in it and ends it, also after a
// failure: checks must not fill the store.
func check2025(ctx context.Context, c *client) (tools int, err error) {
	header := http.Header{}
	if err := c.initialize(ctx, header); err != nil {
		return 0, err
	}
	header.Set("MCP-Protocol-Version", Era2025)
	defer func() {
		if failed := c.delete(ctx, header); err == nil {
			err = failed
		}
	}()
	if err := c.notify(ctx, header, "notifications/initialized"); err != nil {
		return 0, err
	}
	return countTools(func(cursor string) (json.RawMessage, error) {
		return c.call(ctx, header, "tools/list", listParams(cursor))
	})
}

// checkSSE opens the legacy stream and posts where its first event says.
func checkSSE(ctx context.Context, c *client) (int, error) {
	stream, err := c.openSSE(ctx)
	if err != nil {
		return 0, err
	}
	defer stream.close()
	if _, err := stream.call(ctx, "initialize", initializeParams(EraSSE)); err != nil {
		return 0, err
	}
	if err := stream.post(ctx, `{"jsonrpc":"2.0","method":"notifications/initialized"}`, "notifications/initialized"); err != nil {
		return 0, err
	}
	return countTools(func(cursor string) (json.RawMessage, error) {
		return stream.call(ctx, "tools/list", listParams(cursor))
	})
}

func listParams(cursor string) string {
	if cursor == "" {
		return "{}"
	}
	return `{"cursor":` + quote(cursor) + `}`
}

// countTools follows the pages of tools/list to their end.
func countTools(list func(cursor string) (json.RawMessage, error)) (int, error) {
	count, cursor := 0, ""
	for range maxPages {
		result, err := list(cursor)
		if err != nil {
			return count, err
		}
		var page struct {
			Tools      []json.RawMessage `json:"tools"`
			NextCursor string            `json:"nextCursor"`
		}
		if err := json.Unmarshal(result, &page); err != nil || page.Tools == nil {
			return count, &stepError{step: "tools/list", seen: "the result has no list of tools"}
		}
		count += len(page.Tools)
		if cursor = page.NextCursor; cursor == "" {
			return count, nil
		}
	}
	return count, &stepError{step: "tools/list", seen: fmt.Sprintf("more than %d pages", maxPages)}
}

func quote(s string) string {
	quoted, _ := json.Marshal(s) // a string always encodes
	return string(quoted)
}
