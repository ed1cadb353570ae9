package mcp

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

// All that a server says on its own account in an SSE session, byte for byte: log
// messages, questions, what changes, and a question that is taken back.
func TestSSEConversation(t *testing.T) {
	svc := askingService()
	tandem.Resource(svc, tandem.ResourceInfo{URI: "test://a", Name: "a"}, func(context.Context) (string, error) { return "a", nil })
	tandem.Register(svc, tandem.Operation{Name: "log"}, func(ctx context.Context, _ struct{}) (struct{}, error) {
		tandem.Log(ctx, slog.LevelInfo, "quiet")
		tandem.Log(ctx, slog.LevelWarn, "loud", "rows", 3)
		return struct{}{}, nil
	})
	srv, _ := serveService(t, svc, Config{})
	c := openSSE(t, srv.URL)
	var out bytes.Buffer
	id := regexp.MustCompile(`[A-Z2-7]{26}(\.[0-9a-f]{12})?`)
	session := regexp.MustCompile(`"id":"([A-Z2-7]{26}\.[0-9a-f]{12})"`)
	write := func(format string, args ...any) {
		out.WriteString(id.ReplaceAllStringFunc(fmt.Sprintf(format, args...), func(found string) string {
			if strings.Contains(found, ".") {
				return "QUESTION"
			}
			return "SESSION"
		}))
	}
	asked := ""
	hear := func(answers int) {
		for range answers {
			e := c.events.next(t)
			write("<- id %s event %s data %s\n", e.id, e.name, e.data)
			if m := session.FindStringSubmatch(e.data); m != nil {
				asked = m[1]
			}
		}
	}
	exchange := func(body string, answers int) {
		body = strings.Replace(body, "ASKED", asked, 1)
		write("\n-> %s\n", body)
		if a := c.send(t, body); a.status != 202 {
			t.Errorf("%s: status %d", body, a.status)
		}
		hear(answers)
	}
	const initialize = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"elicitation":{},"roots":{},"sampling":{}},"clientInfo":{"name":"test","version":"1"}}}`
	exchange(initialize, 1)
	exchange(`{"jsonrpc":"2.0","method":"notifications/initialized"}`, 0)
	exchange(`{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"warning"}}`, 1)
	exchange(callBody("2", "log", `{}`), 2)
	exchange(callBody("3", "order", `{}`), 1)
	exchange(`{"jsonrpc":"2.0","id":"ASKED","result":{"action":"accept","content":{"size":"large","number":1}}}`, 1)
	exchange(`{"jsonrpc":"2.0","id":"ASKED","result":{"action":"decline"}}`, 1)
	exchange(callBody("4", "several", `{}`), 2)
	exchange(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":4}}`, 2)
	exchange(`{"jsonrpc":"2.0","id":5,"method":"resources/subscribe","params":{"uri":"test://a"}}`, 1)
	write("\nthe resource is updated, a tool is added\n")
	svc.ResourceUpdated("test://a")
	hear(1)
	addTool(svc, "more")
	hear(1)
	golden(t, "sse-conversation.golden", out.String())
}
