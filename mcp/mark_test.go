package mcp

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

// Security 26: a token that is good for less than the one that made a call does not
// get its output, although principal and session are the same: it is challenged like
// the call itself, and where things are hidden the stream is none.
func TestResumptionGoesByItsOwnToken(t *testing.T) {
	for _, hide := range []bool{false, true} {
		svc := tandem.New("x", "1")
		allowed := true
		tandem.Register(svc, tandem.Operation{Name: "rotate", Scopes: []string{"keys"}}, func(ctx context.Context, _ struct{}) (string, error) {
			tandem.Progress(ctx, 1, 1, "")
			return "the new key", nil
		})
		tandem.Register(svc, tandem.Operation{Name: "judged", Policy: func(context.Context, tandem.Access) error {
			if allowed {
				return nil
			}
			return tandem.Errorf(tandem.PermissionDenied, "not at night")
		}}, func(ctx context.Context, _ struct{}) (string, error) {
			tandem.Progress(ctx, 1, 1, "")
			return "the judged key", nil
		})
		srv, _ := serveService(t, svc, Config{HideForbidden: hide})
		session := initialize(t, srv.URL+"/mcp", rev20251125, "X-User: ann")
		resume := func(name, scopes string) answerOf {
			call := strings.Replace(callBody(`"`+name+`"`, name, "{}"), `"params":{`, `"params":{"_meta":{"progressToken":1},`, 1)
			allowed = true
			a := post(t, srv.URL+"/mcp", call, append(session, "X-Scopes: keys")...)
			first := newEvents(strings.NewReader(a.body)).next(t)
			allowed = false
			return do(t, http.MethodGet, srv.URL+"/mcp", "", append(session, "Accept: text/event-stream", "X-Scopes: "+scopes, "Last-Event-ID: "+first.id)...)
		}
		if a := resume("rotate", "keys other"); a.status != http.StatusOK || !strings.Contains(a.body, "the new key") {
			t.Errorf("a token that is good for it: %d %s", a.status, a.body)
		}
		never := do(t, http.MethodGet, srv.URL+"/mcp", "", append(session, "Accept: text/event-stream", "Last-Event-ID: AAAAAAAAAAAA_7")...)
		for _, name := range []string{"rotate", "judged"} {
			a := resume(name, "other")
			challenge := a.header.Get("WWW-Authenticate")
			switch {
			case hide && (a.status != never.status || a.body != never.body || challenge != ""):
				t.Errorf("%s: %d %s, and of a stream that there never was: %d %s", name, a.status, a.body, never.status, never.body)
			case !hide && (a.status != http.StatusForbidden || (challenge == `Bearer error="insufficient_scope", scope="keys"`) != (name == "rotate")):
				t.Errorf("%s: %d %s %s", name, a.status, challenge, a.body)
			}
			if strings.Contains(a.body, "key\"") {
				t.Errorf("%s is told: %s", name, a.body)
			}
		}
	}
}
