package mcp

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem"
)

// bubble is a door and a client that live in fake time. The header X-Expires says
// how long the token of a request is good, and verdict what a check finds.
type bubble struct {
	*testing.T
	door    *Door
	probe   *probeCalls
	client  *http.Client
	verdict atomic.Pointer[tandem.Error]
}

func inBubble(t *testing.T, test func(b *bubble)) {
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{T: t}
		b.door, b.probe = newDoor(t, Config{})
		mux := http.NewServeMux()
		mux.Handle("/mcp", b.door)
		mux.Handle("/mcp/sse", b.door.SSE())
		mux.Handle("/mcp/messages", b.door.Messages())
		listener := newPipeListener()
		srv := &http.Server{Handler: b.tokens(mux)}
		go srv.Serve(listener)
		transport := &http.Transport{DialContext: listener.dial}
		b.client = &http.Client{Transport: transport}
		test(b)
		transport.CloseIdleConnections()
		b.door.refuse()
		b.door.running.close()
		b.door.endLife()
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
}

// tokens gives each request a principal whose credentials end.
func (b *bubble) tokens(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &tandem.Principal{Issuer: "test", Subject: "ann"}
		if d, err := time.ParseDuration(r.Header.Get("X-Expires")); err == nil {
			p.Expires = time.Now().Add(d)
		}
		ctx := tandem.WithReverify(tandem.WithPrincipal(r.Context(), p), func(context.Context) error {
			if e := b.verdict.Load(); e != nil {
				return e
			}
			return nil
		})
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (b *bubble) start(method, path, body string, headers ...string) *http.Response {
	b.Helper()
	resp, err := b.client.Do(newRequest(b, method, "http://pipe"+path, body, headers...).WithContext(b.Context()))
	if err != nil {
		b.Fatal(err)
	}
	return resp
}

// session opens a session and returns the headers that name it.
func (b *bubble) session(revision string) []string {
	b.Helper()
	resp := b.start("POST", "/mcp", strings.Replace(initializeSSE, rev20241105, revision, 1))
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		b.Fatal(err)
	}
	return []string{"Mcp-Session-Id: " + resp.Header.Get("Mcp-Session-Id"), "Mcp-Protocol-Version: " + revision}
}

// until reads a stream to its end, and returns when that was.
func (b *bubble) until(resp *http.Response) (text string, after time.Duration) {
	b.Helper()
	start := time.Now()
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatalf("the stream broke: %v", err)
	}
	return string(content), time.Since(start)
}

// drain reads a response beside the test: whoever waits for a lock stops the fake
// time, as writers do behind one who is not read.
func (b *bubble) drain(resp *http.Response) {
	go func() {
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body) // it ends with the door
	}()
}

const (
	waitCall = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"_meta":{"progressToken":"p"},"name":"wait","arguments":{"name":"x"}}}`
	getSSE   = "Accept: text/event-stream"
)

func modernWait() (body string, headers []string) {
	meta := strings.Replace(modernMeta, "{", `{"progressToken":"p",`, 1)
	return strings.Replace(waitCall, `"_meta":{"progressToken":"p"}`, meta, 1), modernHeaders(methodToolsCall, "wait")
}

// Security 27: no stream outlives the token of its request, whatever it carries, and
// whatever other tokens its session sees meanwhile.
func TestStreamsEndWithTheirToken(t *testing.T) {
	modern, modernHeaders7 := modernWait()
	for name, open := range map[string]func(b *bubble) *http.Response{
		"standing": func(b *bubble) *http.Response {
			return b.start("GET", "/mcp", "", append(b.session(rev20251125), getSSE, "X-Expires: 40s")...)
		},
		"sse": func(b *bubble) *http.Response { return b.start("GET", "/mcp/sse", "", getSSE, "X-Expires: 40s") },
		"listen": func(b *bubble) *http.Response {
			return b.start("POST", "/mcp", listenRequest("7", `{"toolsListChanged":true}`), append(modernHeaders("subscriptions/listen", ""), "X-Expires: 40s")...)
		},
		"modern call": func(b *bubble) *http.Response {
			return b.start("POST", "/mcp", modern, append(modernHeaders7, "X-Expires: 40s")...)
		},
		"session call": func(b *bubble) *http.Response {
			return b.start("POST", "/mcp", waitCall, append(b.session(rev20250618), "X-Expires: 40s")...)
		},
		"batch": func(b *bubble) *http.Response {
			return b.start("POST", "/mcp", "["+waitCall+","+callBody("8", "who", "{}")+"]", append(b.session(rev20250326), "X-Expires: 40s")...)
		},
		"the same call again": func(b *bubble) *http.Response {
			session := b.session(rev20251125)
			b.drain(b.start("POST", "/mcp", waitCall, session...))
			return b.start("POST", "/mcp", waitCall, append(session, "X-Expires: 40s")...)
		},
		"resumption": func(b *bubble) *http.Response {
			session := b.session(rev20251125)
			resp := b.start("POST", "/mcp", waitCall, session...)
			first := newEvents(resp.Body).next(b)
			b.drain(resp)
			return b.start("GET", "/mcp", "", append(session, getSSE, "X-Expires: 40s", "Last-Event-ID: "+first.id)...)
		},
	} {
		for cause, want := range map[string]time.Duration{"expiry": 40 * time.Second, "revocation": 30 * time.Second} {
			t.Run(name+"/"+cause, func(t *testing.T) {
				inBubble(t, func(b *bubble) {
					resp := open(b)
					if cause == "revocation" { // found at the second heartbeat
						time.AfterFunc(20*time.Second, func() { b.verdict.Store(tandem.Errorf(tandem.Unauthenticated, "revoked")) })
					}
					text, after := b.until(resp)
					if after != want {
						t.Errorf("the stream ended after %v: %s", after, text)
					}
					if strings.Contains(text, "revoked") {
						t.Errorf("the cause is told: %s", text)
					}
					if got := b.door.Stats().Streams; got != 0 {
						t.Errorf("%d streams are counted", got)
					}
				})
			})
		}
	}
}

// A verifier that cannot be reached is no verdict: streams last through an outage of
// five minutes, and not for ever.
func TestStreamsLastThroughAnOutage(t *testing.T) {
	inBubble(t, func(b *bubble) {
		session := b.session(rev20251125)
		b.verdict.Store(tandem.Errorf(tandem.Unavailable, "the issuer is down"))
		time.AfterFunc(5*time.Minute+time.Second, func() { b.verdict.Store(nil) })
		time.AfterFunc(10*time.Minute, func() { b.verdict.Store(tandem.Errorf(tandem.Unavailable, "the issuer is down")) })
		if _, after := b.until(b.start("GET", "/mcp", "", append(session, getSSE)...)); after != 10*time.Minute+21*15*time.Second && after != 10*time.Minute+20*15*time.Second {
			t.Errorf("the stream ended after %v", after)
		}
	})
}

// A subscription ends with its result, so that the client listens anew with another
// token.
func TestListenEndsWithItsToken(t *testing.T) {
	inBubble(t, func(b *bubble) {
		text, _ := b.until(b.start("POST", "/mcp", listenRequest("7", `{"toolsListChanged":true}`), append(modernHeaders("subscriptions/listen", ""), "X-Expires: 1m")...))
		if !strings.Contains(text, `"id":7,"result":{"resultType":"complete"`) {
			t.Error(text)
		}
	})
}

// A call without a session is cancelled with its stream, and its client is told why
// in the place of the answer.
func TestModernCallEndsWithItsToken(t *testing.T) {
	body, headers := modernWait()
	inBubble(t, func(b *bubble) {
		text, _ := b.until(b.start("POST", "/mcp", body, append(headers, "X-Expires: 1m")...))
		if last := text[strings.LastIndex(text, "data: "):]; !strings.Contains(last, `"id":7,"error":{"code":-32600`) || !strings.Contains(last, `"code":"unauthenticated"`) || strings.Count(text, `"id":7`) != 1 {
			t.Error(text)
		}
		if ctx := <-b.probe.cancelled; context.Cause(ctx) != errCredentialsEnded {
			t.Errorf("the cause is %v", context.Cause(ctx))
		}
	})
}

// A call of a session goes on when its stream ends with the token, and is fetched
// with a new one by the id of the last event, in every revision that has sessions.
func TestSessionCallOutlivesItsToken(t *testing.T) {
	for _, revision := range legacyRevisions[:3] {
		t.Run(revision, func(t *testing.T) {
			inBubble(t, func(b *bubble) {
				session := b.session(revision)
				text, after := b.until(b.start("POST", "/mcp", waitCall, append(session, "X-Expires: 1m")...))
				if after != time.Minute || strings.Contains(text, `"id":7`) {
					t.Errorf("after %v: %s", after, text)
				}
				if got := b.door.Stats().InFlight; got != 1 {
					t.Errorf("%d calls are in flight", got)
				}
				last := text[strings.LastIndex(text, "id: ")+4:]
				last, _, _ = strings.Cut(last, "\n")
				time.AfterFunc(time.Minute, func() { b.probe.release <- struct{}{} })
				rest, _ := b.until(b.start("GET", "/mcp", "", append(session, getSSE, "Last-Event-ID: "+last, "X-Expires: 1h")...))
				if !strings.Contains(rest, `"id":7,"result"`) {
					t.Errorf("the rest is %s", rest)
				}
			})
		})
	}
}

// What of a batch has not begun when its token ends does not begin.
func TestBatchEndsWithItsToken(t *testing.T) {
	inBubble(t, func(b *bubble) {
		session := b.session(rev20250326)
		second := strings.Replace(waitCall, `"id":7`, `"id":8`, 1)
		b.until(b.start("POST", "/mcp", "["+waitCall+","+second+"]", append(session, "X-Expires: 1m")...))
		<-b.probe.started
		b.probe.release <- struct{}{}
		synctest.Wait()
		select {
		case <-b.probe.started:
			t.Error("the second call began")
		default:
		}
		if got := b.door.Stats().InFlight; got != 0 {
			t.Errorf("%d calls are in flight", got)
		}
	})
}

// An SSE session lives on without its stream, which a client takes up again with
// another token.
func TestSSESessionOutlivesItsToken(t *testing.T) {
	inBubble(t, func(b *bubble) {
		resp := b.start("GET", "/mcp/sse", "", getSSE, "X-Expires: 1m")
		endpoint := newEvents(resp.Body).next(b)
		b.until(resp)
		time.Sleep(5 * time.Minute) // sweeps end sessions that clients have left
		again := b.start("GET", "/mcp/sse", "", getSSE, "X-Expires: 1m", "Last-Event-ID: "+endpoint.id)
		if got := newEvents(again.Body).next(b); got.data != endpoint.data {
			t.Errorf("another session: %+v, want %+v", got, endpoint)
		}
		again.Body.Close()
	})
}

// A stream that is still to begin when the token has ended ends as it begins.
func TestLateStreamOfAnEndedToken(t *testing.T) {
	body, headers := modernWait()
	body = strings.Replace(body, `"progressToken":"p",`, "", 1)
	inBubble(t, func(b *bubble) {
		text, after := b.until(b.start("POST", "/mcp", body, append(headers, "X-Expires: 5s")...))
		if !strings.Contains(text, `"code":"unauthenticated"`) {
			t.Errorf("after %v: %s", after, text)
		}
	})
}
