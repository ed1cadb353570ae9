package rest_test

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/rest"
)

// Security 27: an event stream ends with the credentials of its request, by an error
// that says so and none of the cause, and the call is cancelled; a call without a
// stream is not.
func TestStreamEndsWithItsToken(t *testing.T) {
	const wait = 5 * time.Minute
	for name, c := range map[string]struct {
		expires  time.Duration // zero for never
		revoked  time.Duration // when it is revoked; zero for never
		plain    bool
		want     time.Duration
		contains string
	}{
		"good":         {0, 0, false, wait, "event: result"},
		"good long":    {time.Hour, 0, false, wait, "event: result"},
		"expires":      {40 * time.Second, 0, false, 40 * time.Second, `"code":"unauthenticated"`},
		"has expired":  {-time.Second, 0, false, 0, `"code":"unauthenticated"`},
		"is revoked":   {time.Hour, 20 * time.Second, false, 30 * time.Second, `"code":"unauthenticated"`},
		"plain answer": {40 * time.Second, 20 * time.Second, true, wait, `{"a":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := scripted(t, rest.Config{}, func(ctx context.Context) (json.RawMessage, error) {
					select {
					case <-time.After(wait):
					case <-ctx.Done():
					}
					return json.RawMessage(`{"a":1}`), ctx.Err()
				})
				start := time.Now()
				p := &tandem.Principal{Issuer: "i", Subject: "s"}
				if c.expires != 0 {
					p.Expires = start.Add(c.expires)
				}
				var revoked atomic.Bool
				if c.revoked > 0 {
					time.AfterFunc(c.revoked, func() { revoked.Store(true) })
				}
				ctx := tandem.WithReverify(tandem.WithPrincipal(t.Context(), p), func(context.Context) error {
					if revoked.Load() {
						return tandem.Errorf(tandem.Unauthenticated, "revoked by the issuer")
					}
					return nil
				})
				r := httptest.NewRequest("POST", "/api/v1/run", nil).WithContext(ctx)
				if !c.plain {
					r.Header.Set("Accept", "text/event-stream")
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				synctest.Wait()
				body := w.Body.String()
				if after := time.Since(start); after != c.want || !strings.Contains(body, c.contains) || strings.Contains(body, "by the issuer") {
					t.Errorf("after %v, want %v: %s", after, c.want, body)
				}
				if n := strings.Count(body, "event: "); n != 1 && !c.plain {
					t.Errorf("%d events: %s", n, body)
				}
				time.Sleep(time.Hour) // nothing is written to the response that is over
			})
		})
	}
}
