package mcp

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A call that takes longer than a heartbeat becomes a stream with signs of life,
// if its client takes one; otherwise the answer is still one document.
func TestLongCallBecomesStream(t *testing.T) {
	for name, c := range map[string]struct{ accept, want string }{
		"both": {"application/json, text/event-stream", ": ping\n\nevent: message\ndata: {\"jsonrpc\""},
		"JSON": {"application/json", `{"jsonrpc"`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, probe := newDoor(t, Config{})
				w := newDeadlineWriter()
				r := newRequest(t, http.MethodPost, "/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","arguments":{"name":"x"},`+modernMeta+`}}`, append(modernHeaders("tools/call", "wait"), "Accept: "+c.accept)...)
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					d.ServeHTTP(w, r.WithContext(context.Background()))
				}()
				time.Sleep(35 * time.Second)
				probe.release <- struct{}{}
				<-ended
				if got := w.text(); !strings.HasPrefix(got, c.want) {
					t.Errorf("the response is %q", got)
				}
			})
		})
	}
}
