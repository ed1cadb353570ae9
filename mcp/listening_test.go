package mcp

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

// changingService has resources and prompts that can change.
func changingService() *tandem.Service {
	svc := tandem.New("changing", "1")
	svc.Logger = slog.New(slog.DiscardHandler)
	read := func(context.Context) (string, error) { return "content", nil }
	tandem.Resource(svc, tandem.ResourceInfo{URI: "test://a", Name: "a"}, read)
	tandem.Resource(svc, tandem.ResourceInfo{URI: "test://b", Name: "b"}, read)
	tandem.Resource(svc, tandem.ResourceInfo{URI: "test://guarded", Name: "guarded", Policy: nobody}, read)
	addPrompt(svc, "first")
	return svc
}

// nobody is a policy that allows nobody anything.
func nobody(context.Context, tandem.Access) error {
	return tandem.Errorf(tandem.PermissionDenied, "nobody may")
}

func addTool(svc *tandem.Service, name string) {
	tandem.Register(svc, tandem.Operation{Name: name}, func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
}

func addPrompt(svc *tandem.Service, name string) {
	tandem.Prompt(svc, tandem.PromptInfo{Name: name}, func(context.Context, struct{}) ([]tandem.Message, error) { return nil, nil })
}

// The SDK's client hears of changed lists and of the resources that it subscribed
// to, over every transport, in every revision.
func TestChangesReachClients(t *testing.T) {
	svc := changingService()
	srv, d := serveService(t, svc, Config{})
	for name, transport := range transports(t, d, srv.URL) {
		for _, revision := range allRevisions {
			if name == "sse" && revision == rev20260728 {
				continue
			}
			t.Run(name+"/"+revision, func(t *testing.T) {
				hearChanges(t, svc, transport(), revision, strings.ReplaceAll(name+revision, "-", "_"))
			})
		}
	}
}

// heard are the notifications that a client got, by their kind.
type heard struct {
	mu   sync.Mutex
	seen map[string]int
}

func (h *heard) note(what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen[what]++
}

func (h *heard) has(what string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seen[what] > 0
}

func hearChanges(t *testing.T, svc *tandem.Service, transport sdk.Transport, revision, unique string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	h := &heard{seen: map[string]int{}}
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, &sdk.ClientOptions{
		ToolListChangedHandler:     func(context.Context, *sdk.ToolListChangedRequest) { h.note("tools") },
		PromptListChangedHandler:   func(context.Context, *sdk.PromptListChangedRequest) { h.note("prompts") },
		ResourceListChangedHandler: func(context.Context, *sdk.ResourceListChangedRequest) { h.note("resources") },
		ResourceUpdatedHandler: func(_ context.Context, r *sdk.ResourceUpdatedNotificationRequest) {
			h.note(r.Params.URI)
		},
	})
	cs, err := client.Connect(ctx, transport, &sdk.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		t.Fatal(err)
	}
	defer cs.Close()
	if err := cs.Subscribe(ctx, &sdk.SubscribeParams{URI: "test://a"}); err != nil {
		t.Fatal(err)
	}
	addTool(svc, "tool_"+unique)
	addPrompt(svc, "prompt_"+unique)
	tandem.Resource(svc, tandem.ResourceInfo{URI: "test://" + unique, Name: unique}, func(context.Context) (string, error) { return "", nil })
	eventually(t, "everything was heard", func() bool {
		svc.ResourceUpdated("test://b")
		svc.ResourceUpdated("test://a") // again, until the stream is open
		svc.RemoveOperation("none")
		return h.has("test://a") && changed(svc, h, unique)
	})
	if h.has("test://b") {
		t.Error("a resource was heard of that nobody subscribed to")
	}
	if err := cs.Unsubscribe(ctx, &sdk.UnsubscribeParams{URI: "test://a"}); err != nil {
		t.Error(err)
	}
}

// changed makes changes of the lists until they were heard.
func changed(svc *tandem.Service, h *heard, unique string) bool {
	all := true
	if !h.has("tools") {
		addTool(svc, "again_"+unique)
		svc.RemoveOperation("again_" + unique)
		all = false
	}
	if !h.has("prompts") {
		addPrompt(svc, "again_"+unique)
		svc.RemovePrompt("again_" + unique)
		all = false
	}
	if !h.has("resources") {
		tandem.Resource(svc, tandem.ResourceInfo{URI: "test://again", Name: "again"}, func(context.Context) (string, error) { return "", nil })
		svc.RemoveResource("test://again")
		all = false
	}
	return all
}

const listenAll = `{"toolsListChanged":true,"promptsListChanged":false,"resourceSubscriptions":["test://a","test://guarded","test://none"]}`

func listenRequest(id, filter string) string {
	return `{"jsonrpc":"2.0","id":` + id + `,"method":"subscriptions/listen","params":{"notifications":` + filter + `,` + modernMeta + `}}`
}

// A subscription begins with what of the filter is honored: not what the caller
// may not read, nor what does not exist. Everything carries its id, and nothing
// comes that was not asked for. The drain ends it with a result.
func TestListen(t *testing.T) {
	svc := changingService()
	srv, d := serveService(t, svc, Config{})
	resp, err := http.DefaultClient.Do(newRequest(t, http.MethodPost, srv.URL+"/mcp", listenRequest(`"s"`, listenAll), modernHeaders("subscriptions/listen", "")...))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	stream := newEvents(resp.Body)
	expect := func(want string) {
		t.Helper()
		if got := stream.next(t).data; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	expect(`{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"s"},"notifications":{"toolsListChanged":true,"resourceSubscriptions":["test://a"]}}}`)
	if got := d.Stats().Streams; got != 1 {
		t.Errorf("%d streams are counted", got)
	}
	addPrompt(svc, "second")
	svc.ResourceUpdated("test://b")
	svc.ResourceUpdated("test://guarded")
	svc.ResourceUpdated("test://a")
	expect(`{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"s"},"uri":"test://a"}}`)
	addTool(svc, "tool")
	expect(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"s"}}}`)
	if err := d.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"s"},"requestId":"s"}}`)
	expect(`{"jsonrpc":"2.0","id":"s","result":{"resultType":"complete","_meta":{"io.modelcontextprotocol/subscriptionId":"s","io.modelcontextprotocol/serverInfo":{"name":"changing","version":"1"}}}}`)
	if _, err := resp.Body.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the stream goes on: %v", err)
	}
}

// Subscriptions are bounded, need a stream, and end with their client.
func TestListenRules(t *testing.T) {
	srv, d := serveService(t, changingService(), Config{MaxStreamsPerPrincipal: 1})
	listen := func(ctx context.Context, filter string, headers ...string) (*http.Response, error) {
		r := newRequest(t, http.MethodPost, srv.URL+"/mcp", listenRequest("1", filter), append(modernHeaders("subscriptions/listen", ""), headers...)...)
		return http.DefaultClient.Do(r.WithContext(ctx))
	}
	ctx, cancel := context.WithCancel(t.Context())
	first, err := listen(ctx, `{}`, "X-User: ann")
	if err != nil {
		t.Fatal(err)
	}
	defer first.Body.Close()
	for name, c := range map[string]struct {
		filter  string
		headers []string
		status  int
	}{
		"too many streams": {`{}`, []string{"X-User: ann"}, http.StatusTooManyRequests},
		"no stream":        {`{}`, []string{"Accept: application/json"}, http.StatusNotAcceptable},
		"no filter":        {`7`, nil, http.StatusBadRequest},
		"a wrong filter":   {`{"toolsListChanged":1}`, nil, http.StatusBadRequest},
		"too long URIs":    {`{"resourceSubscriptions":["` + strings.Repeat("a", maxSubscribed+1) + `"]}`, nil, http.StatusBadRequest},
		"too long in all":  {`{"resourceSubscriptions":[]` + strings.Repeat(" ", maxListen) + `}`, nil, http.StatusBadRequest},
		"too many URIs":    {`{"resourceSubscriptions":["a"` + strings.Repeat(`,"a"`, maxSubscriptions) + `]}`, nil, http.StatusBadRequest},
	} {
		resp, err := listen(t.Context(), c.filter, c.headers...)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s: status %d, want %d", name, resp.StatusCode, c.status)
		}
	}
	cancel()
	eventually(t, "the subscription has ended", func() bool { return d.Stats().Streams == 0 && d.Stats().InFlight == 0 })
}

// Over stdio several subscriptions share the connection; cancelling one ends it
// without a response, and the end of the input ends the others.
func TestListenStdio(t *testing.T) {
	svc := changingService()
	_, d := serveService(t, svc, Config{})
	c := startStdio(t, context.Background(), d)
	const ack = "acknowledged"
	for _, id := range []string{"1", "2"} {
		c.send(t, listenRequest(id, `{"toolsListChanged":true}`))
		if got := <-c.lines; !strings.Contains(got, ack) || !strings.Contains(got, `subscriptionId":`+id) {
			t.Errorf("got %s", got)
		}
	}
	c.send(t, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	eventually(t, "one has ended", func() bool { return d.Stats().Streams == 1 })
	addTool(svc, "tool")
	if got := <-c.lines; !strings.Contains(got, "tools/list_changed") || !strings.Contains(got, `subscriptionId":2`) {
		t.Errorf("got %s", got)
	}
	c.in.Close()
	if err := <-c.ended; err != nil {
		t.Error(err)
	}
	var rest []string
	for line := range c.lines {
		rest = append(rest, line)
	}
	if len(rest) != 2 || !strings.Contains(rest[1], `"id":2,"result"`) {
		t.Errorf("at the end came %q", rest)
	}
}

// A resource that is updated at one replica is told at the others.
func TestUpdatesReachReplicas(t *testing.T) {
	store := session.NewMemory(session.MemoryConfig{})
	t.Cleanup(func() { store.Close() })
	here, there := changingService(), changingService()
	srv, _ := serveService(t, here, Config{Sessions: store})
	_, _ = serveService(t, there, Config{Sessions: store.Join()})
	resp, err := http.DefaultClient.Do(newRequest(t, http.MethodPost, srv.URL+"/mcp", listenRequest("1", listenAll), modernHeaders("subscriptions/listen", "")...))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	stream := newEvents(resp.Body)
	stream.next(t)
	there.ResourceUpdated("test://a")
	if got := stream.next(t).data; !strings.Contains(got, "test://a") {
		t.Errorf("got %s", got)
	}
}

// Of several streams of one session one is told of a change, and the next one
// when that has gone.
func TestChangesGoToOneStream(t *testing.T) {
	svc := changingService()
	srv, d := serveService(t, svc, Config{})
	headers := initialize(t, srv.URL+"/mcp", rev20251125)
	open := func() (*events, func()) {
		ctx, cancel := context.WithCancel(t.Context())
		r := newRequest(t, http.MethodGet, srv.URL+"/mcp", "", append([]string{"Accept: text/event-stream"}, headers...)...)
		resp, err := http.DefaultClient.Do(r.WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		stop := func() { cancel(); resp.Body.Close() }
		t.Cleanup(stop)
		e := newEvents(resp.Body)
		e.next(t) // the primer
		return e, stop
	}
	first, _ := open()
	second, closeSecond := open()
	addTool(svc, "tool")
	if got := second.next(t).data; !strings.Contains(got, "tools/list_changed") {
		t.Errorf("the newest stream got %s", got)
	}
	closeSecond()
	eventually(t, "the newest stream has gone", func() bool { return d.Stats().Streams == 1 })
	addPrompt(svc, "second")
	if got := first.next(t).data; !strings.Contains(got, "prompts/list_changed") {
		t.Errorf("the older stream got %s", got)
	}
}

// Subscriptions of a session are bounded, and only of what its caller may read.
func TestSubscribe(t *testing.T) {
	srv, _ := serveService(t, changingService(), Config{})
	for _, revision := range legacyRevisions[:3] {
		headers := initialize(t, srv.URL+"/mcp", revision)
		subscribe := func(method, uri string) string {
			return post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"resources/`+method+`","params":{"uri":`+uri+`}}`, headers...).body
		}
		for _, c := range [][3]string{
			{"subscribe", `"test://a"`, `"result":{}`},
			{"subscribe", `"test://a"`, `"result":{}`},
			{"unsubscribe", `"test://a"`, `"result":{}`},
			{"unsubscribe", `"test://a"`, `"result":{}`},
			{"subscribe", `"test://none"`, `"code":-32002`},
			{"subscribe", `"test://guarded"`, `"code":-32600`},
			{"subscribe", `7`, `"code":-32602`},
		} {
			if got := subscribe(c[0], c[1]); !strings.Contains(got, c[2]) {
				t.Errorf("%s: %s of %s: got %s", revision, c[0], c[1], got)
			}
		}
	}
	for _, method := range []string{"logging/setLevel", "resources/subscribe", "resources/unsubscribe"} {
		body := `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{"uri":"test://a","level":"info",` + modernMeta + `}}`
		if a := post(t, srv.URL+"/mcp", body, modernHeaders(method, "")...); a.status != http.StatusNotFound {
			t.Errorf("%s of the modern era: status %d", method, a.status)
		}
	}
}

// What a session is subscribed to takes room, so that long URIs count for more.
func TestSubscriptionsHaveRoom(t *testing.T) {
	svc := tandem.New("long", "1")
	type in struct {
		ID string `json:"id"`
	}
	tandem.ResourceTemplate(svc, tandem.ResourceInfo{URI: "test://{id}", Name: "long"}, func(context.Context, in) (string, error) { return "", nil })
	srv, _ := serveService(t, svc, Config{})
	headers := initialize(t, srv.URL+"/mcp", rev20251125)
	const size = 2000
	fits := maxSubscribed / size
	for n := range fits + 1 {
		uri := fmt.Sprintf("test://%0*d", size-len("test://"), n)
		got := post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"`+uri+`"}}`, headers...).body
		if taken := strings.Contains(got, `"result":{}`); taken != (n < fits) {
			t.Fatalf("subscription %d of %d: got %s", n+1, fits, got)
		}
	}
}

// A drain ends what a stdio client listens to by a result, and leaves the
// connection to it.
func TestDrainEndsListeningOverStdio(t *testing.T) {
	_, d := serveService(t, changingService(), Config{})
	c := startStdio(t, context.Background(), d)
	c.send(t, listenRequest("1", `{"toolsListChanged":true}`))
	<-c.lines
	if err := d.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-c.lines; !strings.Contains(got, "notifications/cancelled") {
		t.Errorf("got %s", got)
	}
	if got := <-c.lines; !strings.Contains(got, `"resultType":"complete"`) {
		t.Errorf("got %s", got)
	}
	c.send(t, `{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{`+modernMeta+`}}`)
	if got := <-c.lines; !strings.Contains(got, `"id":2,"error"`) {
		t.Errorf("got %s", got)
	}
}

// Changes are told once however often they come before they are told, and no
// more of them than a bound.
func TestChangesCoalesce(t *testing.T) {
	var a audience
	l := a.join("", everything)
	var c changes
	for i := range 2 * maxUpdated {
		c.add(tandem.Change{Tools: true, Updated: fmt.Sprintf("test://%d", i)})
	}
	a.tell(&c)
	a.tell(&c)
	select {
	case <-l.wake:
	default:
		t.Fatal("nobody was woken")
	}
	got := l.take()
	if n := len(got.notices(nil)); n != maxUpdated+1 {
		t.Errorf("%d notifications, want %d", n, maxUpdated+1)
	}
	if again := l.take(); len(again.notices(nil)) != 0 {
		t.Errorf("told again: %+v", again)
	}
	a.leave(l)
	a.tell(&c)
	if late := l.take(); len(late.notices(nil)) != 0 {
		t.Errorf("told after it left: %+v", late)
	}
}

// A stream tells of what its own token may read, and what policies say now,
// whatever the session was subscribed to by another one.
func TestUpdatesGoByTheTokenOfTheStream(t *testing.T) {
	for _, hide := range []bool{false, true} {
		svc := tandem.New("x", "1")
		var closed atomic.Bool
		read := func(context.Context) (tandem.Text, error) { return tandem.Text{}, nil }
		tandem.Resource(svc, tandem.ResourceInfo{URI: "test://scoped", Name: "scoped", Scopes: []string{"keys"}}, read)
		tandem.Resource(svc, tandem.ResourceInfo{URI: "test://judged", Name: "judged", Policy: func(context.Context, tandem.Access) error {
			if closed.Load() {
				return tandem.Errorf(tandem.PermissionDenied, "not at night")
			}
			return nil
		}}, read)
		tandem.Resource(svc, tandem.ResourceInfo{URI: "test://open", Name: "open"}, read)
		srv, _ := serveService(t, svc, Config{HideForbidden: hide})
		session := initialize(t, srv.URL+"/mcp", rev20251125, "X-User: ann")
		all := `"test://scoped","test://judged","test://open"`
		for _, uri := range strings.Split(all, ",") {
			a := post(t, srv.URL+"/mcp", requestBody(methodSubscribe, `"uri":`+uri, ""), append(session, "X-Scopes: keys")...)
			if !strings.Contains(a.body, `"result":{}`) {
				t.Fatalf("subscribe to %s: %s", uri, a.body)
			}
		}
		narrow := followStream(t, newRequest(t, http.MethodGet, srv.URL+"/mcp", "", append(session, "Accept: text/event-stream")...))
		narrow.next(t) // where it begins
		modern := followStream(t, newRequest(t, http.MethodPost, srv.URL+"/mcp", listenRequest("1", `{"resourceSubscriptions":[`+all+`]}`),
			append(modernHeaders("subscriptions/listen", ""), "X-User: ann", "X-Scopes: keys")...))
		modern.next(t) // what is honored
		closed.Store(true)
		for _, uri := range []string{"test://scoped", "test://judged", "test://open"} {
			svc.ResourceUpdated(uri)
		}
		for name, c := range map[string]struct {
			stream *events
			told   []string
		}{"narrow": {narrow, []string{"open"}}, "modern": {modern, []string{"scoped", "open"}}} {
			for _, want := range c.told {
				if got := c.stream.next(t).data; !strings.Contains(got, "test://"+want) {
					t.Errorf("hide %v: the %s stream tells %s, want %s", hide, name, got, want)
				}
			}
		}
	}
}

func followStream(t *testing.T, r *http.Request) *events {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return newEvents(resp.Body)
}
