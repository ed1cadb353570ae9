//lint:file-ignore SA1019 what the newest revision deprecates is still served to clients that use it

package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

type pizza struct {
	Size   string `json:"size" enum:"small,large"`
	Number int    `json:"number" minimum:"1"`
}

// askingService has operations that ask.
func askingService() *tandem.Service {
	svc := tandem.New("asking", "1")
	svc.Logger = slog.New(slog.DiscardHandler)
	tandem.Register(svc, tandem.Operation{Name: "order"}, func(ctx context.Context, _ struct{}) (string, error) {
		var p pizza
		err := tandem.Ask(ctx, tandem.Form("Which pizza?", &p).Named("pizza"))
		switch {
		case errors.Is(err, tandem.ErrDeclined):
			return "declined", nil
		case err != nil:
			return "", err
		}
		var sure struct {
			Sure bool `json:"sure"`
		}
		if err := tandem.Ask(ctx, tandem.Form("Sure?", &sure)); err != nil {
			return "", err
		}
		return fmt.Sprintf("%d %s, sure: %v", p.Number, p.Size, sure.Sure), nil
	})
	tandem.Register(svc, tandem.Operation{Name: "several"}, func(ctx context.Context, _ struct{}) (string, error) {
		var said tandem.SampleResult
		var roots []tandem.Root
		request := tandem.SampleRequest{Messages: []tandem.Message{{Role: tandem.User, Content: tandem.Text{Text: "Hi"}}}, MaxTokens: 5}
		if err := tandem.Ask(ctx, tandem.Sampling(request, &said), tandem.ListRoots(&roots)); err != nil {
			return "", err
		}
		return fmt.Sprintf("%s %v %s", said.Model, said.Content, roots[0].URI), nil
	})
	tandem.Register(svc, tandem.Operation{Name: "visit"}, func(ctx context.Context, _ struct{}) (string, error) {
		return "visited", tandem.Ask(ctx, tandem.Visit("Sign in", "https://example.com/in", "v1"))
	})
	return svc
}

// serveService is newServer for another service.
func serveService(t testing.TB, svc *tandem.Service, cfg Config) (*httptest.Server, *Door) {
	t.Helper()
	d, err := New(svc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	mux := http.NewServeMux()
	mux.Handle("/mcp", d)
	mux.Handle("/mcp/sse", d.SSE())
	mux.Handle("/mcp/messages", d.Messages())
	srv := httptest.NewServer(authenticate(mux))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { d.refuse(); d.running.close(); d.endLife() })
	return srv, d
}

// A handler asks in one straight line, and the SDK's client answers: over every
// transport, in every revision that knows the question, several rounds and
// several questions at once.
func TestAsk(t *testing.T) {
	srv, d := serveService(t, askingService(), Config{})
	for name, transport := range transports(t, d, srv.URL) {
		for _, revision := range allRevisions {
			if name == "sse" && revision == rev20260728 {
				continue
			}
			t.Run(name+"/"+revision, func(t *testing.T) { answerQuestions(t, transport(), revision) })
		}
	}
}

func answerQuestions(t *testing.T, transport sdk.Transport, revision string) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client := sdk.NewClient(&sdk.Implementation{Name: "test", Version: "1"}, &sdk.ClientOptions{
		Capabilities: &sdk.ClientCapabilities{
			Elicitation: &sdk.ElicitationCapabilities{Form: &sdk.FormElicitationCapabilities{}, URL: &sdk.URLElicitationCapabilities{}},
			Sampling:    &sdk.SamplingCapabilities{},
			RootsV2:     &sdk.RootCapabilities{},
		},
		ElicitationHandler: func(_ context.Context, r *sdk.ElicitRequest) (*sdk.ElicitResult, error) {
			switch {
			case r.Params.URL != "":
				return &sdk.ElicitResult{Action: "accept"}, nil
			case strings.Contains(r.Params.Message, "pizza"):
				return &sdk.ElicitResult{Action: "accept", Content: map[string]any{"size": "large", "number": 2}}, nil
			}
			return &sdk.ElicitResult{Action: "accept", Content: map[string]any{"sure": true}}, nil
		},
		CreateMessageHandler: func(context.Context, *sdk.CreateMessageRequest) (*sdk.CreateMessageResult, error) {
			return &sdk.CreateMessageResult{Role: "assistant", Model: "m", Content: &sdk.TextContent{Text: "Ho"}}, nil
		},
	})
	client.AddRoots(&sdk.Root{URI: "file:///r"})
	session, err := client.Connect(ctx, transport, &sdk.ClientSessionOptions{ProtocolVersion: revision})
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	for tool, c := range map[string]struct {
		want  string
		since string
	}{
		"order":   {"2 large, sure: true", rev20250618},
		"several": {"Ho", rev20241105},
		"visit":   {"visited", rev20251125},
	} {
		result, err := session.CallTool(ctx, &sdk.CallToolParams{Name: tool})
		if err != nil {
			t.Errorf("%s: %v", tool, err)
			continue
		}
		text := result.Content[0].(*sdk.TextContent).Text
		if revision < c.since {
			if !result.IsError || !strings.Contains(text, "failed_precondition") {
				t.Errorf("%s cannot be asked in this revision: %s", tool, text)
			}
		} else if result.IsError || !strings.Contains(text, c.want) {
			t.Errorf("%s: got %s", tool, text)
		}
	}
}

// askingSession is a session of a client that can be asked, with one call under
// way whose stream a test reads and whose questions it answers by hand.
type askingSession struct {
	url     string
	headers []string
	stream  *events
	close   func()
}

func askIn(t *testing.T, url, tool string, headers ...string) *askingSession {
	t.Helper()
	a := post(t, url+"/mcp", `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"elicitation":{},"sampling":{},"roots":{}},"clientInfo":{"name":"c","version":"1"}}}`, headers...)
	s := &askingSession{url: url, headers: append([]string{"Mcp-Session-Id: " + a.header.Get("Mcp-Session-Id")}, headers...)}
	s.open(t, tool)
	return s
}

func (s *askingSession) open(t *testing.T, tool string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := newRequest(t, http.MethodPost, s.url+"/mcp", `{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"`+tool+`"}}`, s.headers...)
	resp, err := http.DefaultClient.Do(r.WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	s.stream, s.close = newEvents(resp.Body), func() { cancel(); resp.Body.Close() }
	t.Cleanup(s.close)
}

// question returns the id of the next request on the stream.
func (s *askingSession) question(t *testing.T, method string) string {
	t.Helper()
	var m struct{ ID, Method string }
	data := s.stream.next(t).data
	if err := json.Unmarshal([]byte(data), &m); err != nil || m.Method != method || m.ID == "" {
		t.Fatalf("got %s, want a request %s", data, method)
	}
	return m.ID
}

func (s *askingSession) respond(t *testing.T, id, rest string) {
	t.Helper()
	if a := post(t, s.url+"/mcp", `{"jsonrpc":"2.0","id":"`+id+`",`+rest+`}`, s.headers...); a.status != http.StatusAccepted {
		t.Errorf("a response is answered by status %d %s", a.status, a.body)
	}
}

// What a client responds, the handler gets: refusals and faults as errors.
func TestResponses(t *testing.T) {
	srv, _ := serveService(t, askingService(), Config{})
	for name, c := range map[string][2]string{
		"declined":          {`"result":{"action":"decline"}`, `declined`},
		"dismissed":         {`"result":{"action":"cancel"}`, `failed_precondition`},
		"wrong content":     {`"result":{"action":"accept","content":{"size":"huge"}}`, `invalid_argument`},
		"no result":         {`"result":7`, `invalid_argument`},
		"user rejected":     {`"error":{"code":-1,"message":"no"}`, `declined`},
		"not known":         {`"error":{"code":-32601,"message":"no"}`, `cannot be asked`},
		"failed":            {`"error":{"code":-32603,"message":"the client broke"}`, `the client broke`},
		"a dubious message": {`"error":{"code":-32603,"message":"` + strings.Repeat("x", 5000) + `"}`, `xxx…`},
	} {
		t.Run(name, func(t *testing.T) {
			s := askIn(t, srv.URL, "order")
			s.respond(t, s.question(t, "elicitation/create"), c[0])
			if got := s.stream.next(t).data; !strings.Contains(got, c[1]) {
				t.Errorf("got %s, want %s", got, c[1])
			}
		})
	}
}

// A response counts once, and only in the session that was asked.
func TestForeignResponses(t *testing.T) {
	srv, _ := serveService(t, askingService(), Config{})
	s := askIn(t, srv.URL, "order", "X-User: ann")
	id := s.question(t, "elicitation/create")
	other := askIn(t, srv.URL, "order", "X-User: bob")
	otherID := other.question(t, "elicitation/create")
	const pizza, none = `"result":{"action":"accept","content":{"size":"small","number":1}}`, `"result":{"action":"decline"}`
	other.respond(t, id, none)    // another session
	s.respond(t, otherID, none)   // the id of another session
	s.respond(t, "AAAA"+id, none) // made up, with the end of a true one
	s.respond(t, callTag(`"c"`), none)
	s.respond(t, id, pizza)
	s.respond(t, id, none) // again
	s.respond(t, s.question(t, "elicitation/create"), `"result":{"action":"accept","content":{"sure":false}}`)
	if got := s.stream.next(t).data; !strings.Contains(got, "1 small, sure: false") {
		t.Errorf("got %s", got)
	}
	other.respond(t, otherID, none)
	if got := other.stream.next(t).data; !strings.Contains(got, "declined") {
		t.Errorf("got %s", got)
	}
}

// A response that another replica receives reaches the call.
func TestResponseAtAnotherReplica(t *testing.T) {
	store := session.NewMemory(session.MemoryConfig{})
	t.Cleanup(func() { store.Close() })
	here, _ := serveService(t, askingService(), Config{Sessions: store})
	there, _ := serveService(t, askingService(), Config{Sessions: store.Join()})
	s := askIn(t, here.URL, "order")
	id := s.question(t, "elicitation/create")
	s.url = there.URL
	s.respond(t, id, `"result":{"action":"decline"}`)
	if got := s.stream.next(t).data; !strings.Contains(got, "declined") {
		t.Errorf("got %s", got)
	}
}

// A cancelled call takes its questions back, of which several are open at once.
func TestCancelWhileAsking(t *testing.T) {
	srv, d := serveService(t, askingService(), Config{})
	s := askIn(t, srv.URL, "several")
	first, second := s.question(t, tandem.AskSampling), s.question(t, tandem.AskRoots)
	post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"c"}}`, s.headers...)
	for _, id := range []string{first, second} {
		if got := s.stream.next(t).data; !strings.Contains(got, "notifications/cancelled") || !strings.Contains(got, id) {
			t.Errorf("got %s", got)
		}
	}
	s.stream.next(t) // somebody waits still
	eventually(t, "nothing is in flight", func() bool { return d.Stats().InFlight == 0 })
}

// A client that never answers lets the handler go in the end.
func TestAskTimeout(t *testing.T) {
	srv, _ := serveService(t, askingService(), Config{AskTimeout: 20 * time.Millisecond})
	s := askIn(t, srv.URL, "order")
	s.question(t, "elicitation/create")
	if got := s.stream.next(t).data; !strings.Contains(got, "notifications/cancelled") {
		t.Errorf("got %s", got)
	}
	if got := s.stream.next(t).data; !strings.Contains(got, "deadline_exceeded") {
		t.Errorf("got %s", got)
	}
}

// The end of the input ends the questions of a stdio client.
func TestAskStdioEnd(t *testing.T) {
	_, d := serveService(t, askingService(), Config{})
	c := startStdio(t, context.Background(), d)
	c.send(t, `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"elicitation":{}},"clientInfo":{"name":"c","version":"1"}}}`)
	<-c.lines
	c.send(t, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"order"}}`)
	if got := <-c.lines; !strings.Contains(got, "elicitation/create") {
		t.Errorf("got %s", got)
	}
	c.in.Close()
	if got := <-c.lines; !strings.Contains(got, "canceled") {
		t.Errorf("got %s", got)
	}
	if err := <-c.ended; err != nil {
		t.Error(err)
	}
}

// modernAsk makes a call of the modern era with what its client can do and
// further members of its parameters.
func modernAsk(t *testing.T, url, capabilities, params string) answerOf {
	t.Helper()
	meta := strings.Replace(modernMeta, `clientCapabilities":{}`, `clientCapabilities":`+capabilities, 1)
	return post(t, url+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{`+params+`,`+meta+`}}`, modernHeaders("tools/call", "order")...)
}

// Without a session the questions are the result, and the answers come with the
// same request: 2026-07-28, section "Multi Round-Trip Requests".
func TestInputRequired(t *testing.T) {
	srv, _ := serveService(t, askingService(), Config{})
	const can, call, answer = `{"elicitation":{}}`, `"name":"order"`, `"inputResponses":{"pizza":{"action":"accept","content":{"size":"small","number":3}},"other":{}}`
	a := modernAsk(t, srv.URL, can, call)
	var first struct {
		Result struct {
			ResultType    string
			InputRequests map[string]struct {
				Method string
				Params struct{ Mode, Message string }
			}
			RequestState string
		}
	}
	if err := json.Unmarshal([]byte(a.body), &first); err != nil || a.status != http.StatusOK {
		t.Fatalf("%d %s: %v", a.status, a.body, err)
	}
	r := first.Result
	if q := r.InputRequests["pizza"]; r.ResultType != "input_required" || q.Method != "elicitation/create" || q.Params.Mode != "form" || q.Params.Message != "Which pizza?" || len(r.InputRequests) != 1 {
		t.Errorf("got %s", a.body)
	}
	state := `,"requestState":"` + r.RequestState + `"`
	for name, c := range map[string]struct {
		can, params string
		status      int
		want        string
	}{
		"the next round":          {can, call + "," + answer + state, 200, `"q2-1":{"method":"elicitation/create"`},
		"answers without a state": {can, call + "," + answer, 200, `"q2-1":{"method":"elicitation/create"`},
		"no answers":              {can, call + state, 200, `"pizza":{"method":"elicitation/create"`},
		"other answers":           {can, call + `,"inputResponses":{"x":{}}` + state, 200, `"pizza":{"method":"elicitation/create"`},
		"a tampered state":        {can, call + "," + answer + `,"requestState":"` + r.RequestState + `x"`, 400, `"code":-32602`},
		"other arguments":         {can, call + `,"arguments":{"a":1},` + answer + state, 400, `"code":-32602`},
		"a state of no kind":      {can, call + `,"requestState":7`, 400, `"code":-32602`},
		"null answers":            {can, call + `,"inputResponses":null`, 400, `"code":-32602`},
		"an answer of no kind":    {can, call + `,"inputResponses":{"pizza":7}`, 400, `"code":-32602`},
		"an answer of no action":  {can, call + `,"inputResponses":{"pizza":{"action":"x"}}`, 400, `"code":-32602`},
		"nothing declared":        {`{}`, call, 400, `"code":-32021,"message":"the client has not declared a capability that this request requires","data":{"requiredCapabilities":{"elicitation":{"form":{}}}}`},
		"another mode declared":   {`{"elicitation":{"url":{}}}`, call, 400, `{"elicitation":{"form":{}}}`},
	} {
		if a := modernAsk(t, srv.URL, c.can, c.params); a.status != c.status || !strings.Contains(a.body, c.want) {
			t.Errorf("%s: status %d, %s; want %d with %s", name, a.status, a.body, c.status, c.want)
		}
	}
}

// Prompts and resources ask as tools do; lists do not.
func TestInputRequiredElsewhere(t *testing.T) {
	svc := askingService()
	ask := func(ctx context.Context) (string, error) {
		var p pizza
		err := tandem.Ask(ctx, tandem.Form("Which pizza?", &p).Named("pizza"))
		return "size " + p.Size, err
	}
	tandem.Resource(svc, tandem.ResourceInfo{URI: "test://asks", Name: "asks"}, ask)
	tandem.Prompt(svc, tandem.PromptInfo{Name: "asks"}, func(ctx context.Context, _ struct{}) ([]tandem.Message, error) {
		text, err := ask(ctx)
		return []tandem.Message{{Role: tandem.User, Content: tandem.Text{Text: text}}}, err
	})
	srv, _ := serveService(t, svc, Config{})
	meta := strings.Replace(modernMeta, `clientCapabilities":{}`, `clientCapabilities":{"elicitation":{}}`, 1)
	const answer = `,"inputResponses":{"pizza":{"action":"accept","content":{"size":"small","number":3}}}`
	for method, c := range map[string][2]string{
		"prompts/get":    {`"name":"asks"`, "asks"},
		"resources/read": {`"uri":"test://asks"`, "test://asks"},
	} {
		send := func(params, meta string) answerOf {
			return post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":{`+params+`,`+meta+`}}`, modernHeaders(method, c[1])...)
		}
		if a := send(c[0], meta); !strings.Contains(a.body, `"resultType":"input_required"`) {
			t.Errorf("%s: got %s", method, a.body)
		}
		if a := send(c[0]+answer, meta); !strings.Contains(a.body, `"resultType":"complete"`) || !strings.Contains(a.body, "size small") {
			t.Errorf("%s: got %s", method, a.body)
		}
		if a := send(c[0], modernMeta); a.status != http.StatusBadRequest || !strings.Contains(a.body, "-32021") {
			t.Errorf("%s: got %d %s", method, a.status, a.body)
		}
		session := askIn(t, srv.URL, "order")
		session.close()
		a := post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":7,"method":"`+method+`","params":{`+c[0]+`}}`, append(session.headers, "Accept: application/json")...)
		if !strings.Contains(a.body, "has not declared") {
			t.Errorf("%s in a session that takes no stream: got %s", method, a.body)
		}
	}
}

// The capability elicitation reads as its revision has it.
func TestAbilities(t *testing.T) {
	for _, c := range []struct {
		capabilities, revision string
		want                   abilities
	}{
		{``, rev20251125, abilities{}},
		{`{}`, rev20251125, abilities{}},
		{`{"elicitation":{}}`, rev20251125, abilities{form: true}},
		{`{"elicitation":{"form":{}}}`, rev20251125, abilities{form: true}},
		{`{"elicitation":{"url":{}}}`, rev20251125, abilities{url: true}},
		{`{"elicitation":{"form":{},"url":{}}}`, rev20260728, abilities{form: true, url: true}},
		{`{"elicitation":{"url":{}}}`, rev20250618, abilities{form: true}},
		{`{"elicitation":{},"sampling":{},"roots":{"listChanged":true}}`, rev20250326, abilities{sampling: true, roots: true}},
		{`{"elicitation":null,"sampling":true,"roots":[]}`, rev20251125, abilities{}},
	} {
		if got := abilitiesOf([]byte(c.capabilities), c.revision); got != c.want {
			t.Errorf("%s in %s: %+v, want %+v", c.capabilities, c.revision, got, c.want)
		}
	}
}

// The client that was asked for a visit is told when the person has been there,
// and no other client is.
func TestVisitDone(t *testing.T) {
	svc := askingService()
	srv, d := serveService(t, svc, Config{})
	const initialize = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{"url":{}}},"clientInfo":{"name":"c","version":"1"}}}`
	stdio := startStdio(t, context.Background(), d)
	asked, other := openSSE(t, srv.URL), openSSE(t, srv.URL)
	other.call(t, initialize)
	asked.call(t, initialize)
	stdio.send(t, initialize)
	<-stdio.lines
	const call = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"visit"}}`
	stdio.send(t, call)
	if got := asked.call(t, call) + <-stdio.lines; strings.Count(got, `"elicitationId":"v1"`) != 2 {
		t.Errorf("got %s", got)
	}
	svc.VisitDone("v2")
	svc.VisitDone("v1")
	const want = `{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":"v1"}}`
	if got := asked.events.next(t).data; got != want {
		t.Errorf("got %s", got)
	}
	if got := <-stdio.lines; got != want {
		t.Errorf("stdio got %s", got)
	}
	if got := other.call(t, `{"jsonrpc":"2.0","id":9,"method":"ping"}`); !strings.Contains(got, `"id":9`) {
		t.Errorf("another client got %s", got)
	}
}
