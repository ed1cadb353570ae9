package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
)

// post posts JSON, by a client of its own if none is given.
func post(url, body string, client *http.Client, headers ...string) (*http.Response, error) {
	if client == nil {
		client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	}
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return client.Do(r)
}

// loader calls echo in one way until it is refused, and notes what was answered.
type loader struct {
	name     string
	url      string
	client   *http.Client
	answered *sync.Map
	calls    *atomic.Int64
}

// call makes one call; false means that it was refused or that the server is gone.
type call func(text string) (answer string, ok bool)

func (l *loader) loop(one call) {
	for n := 0; ; n++ {
		text := fmt.Sprintf("%s-%d", l.name, n)
		answer, ok := one(text)
		if !ok {
			return
		}
		if strings.Contains(answer, `"`+text+`"`) || strings.Contains(answer, `\"`+text+`\"`) {
			l.answered.Store(text, true)
		}
		l.calls.Add(1)
	}
}

// exchange posts and reads the whole answer.
func (l *loader) exchange(path, body string, headers ...string) (string, bool) {
	response, err := post(l.url+path, body, l.client, headers...)
	if err != nil {
		return "", false
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return string(answer), err == nil && response.StatusCode == http.StatusOK
}

func (l *loader) rest() {
	l.loop(func(text string) (string, bool) {
		return l.exchange("/api/v1/echo", `{"text":"`+text+`"}`)
	})
}

func (l *loader) modern() {
	l.loop(func(text string) (string, bool) {
		return l.exchange("/mcp", strings.Replace(callEcho, `"hi"`, `"`+text+`"`, 1), modern...)
	})
}

func toolsCall(id int, text string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"echo","arguments":{"text":%q}}}`, id, text)
}

func (l *loader) sessions() {
	response, err := post(l.url+"/mcp", initialize, l.client, modern[:2]...)
	if err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	headers := append([]string{"Mcp-Session-Id", response.Header.Get("Mcp-Session-Id"), "MCP-Protocol-Version", "2025-11-25"}, modern[:2]...)
	id := 1
	l.loop(func(text string) (string, bool) {
		id++
		return l.exchange("/mcp", toolsCall(id, text), headers...)
	})
}

// sse reads the answers of its posts from a legacy stream.
func (l *loader) sse() {
	r, _ := http.NewRequest(http.MethodGet, l.url+"/mcp/sse", nil)
	r.Header.Set("Accept", "text/event-stream")
	response, err := l.client.Do(r)
	if err != nil {
		return
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	data := func(want string) (string, bool) {
		for lines.Scan() {
			if line, ok := strings.CutPrefix(lines.Text(), "data: "); ok && strings.Contains(line, want) {
				return line, true
			}
		}
		return "", false
	}
	messages, ok := data("/messages")
	if !ok {
		return
	}
	send := func(id int, body string) (string, bool) {
		response, err := post(l.url+messages, body, l.client)
		if err != nil {
			return "", false
		}
		response.Body.Close()
		if response.StatusCode != http.StatusAccepted {
			return "", false
		}
		return data(fmt.Sprintf(`"id":%d,`, id))
	}
	if _, ok := send(1, initialize); !ok {
		return
	}
	id := 1
	l.loop(func(text string) (string, bool) {
		id++
		return send(id, toolsCall(id, text))
	})
}

// SIGTERM under load: every call whose handler was entered is answered, through
// each transport, and the process exits with 0.
func TestDrainLosesNoCall(t *testing.T) {
	c := startChild(t, nil)
	var (
		wg       sync.WaitGroup
		answered sync.Map
		calls    atomic.Int64
	)
	for i := range 3 {
		for name, loop := range map[string]func(*loader){
			"rest": (*loader).rest, "modern": (*loader).modern, "sessions": (*loader).sessions, "sse": (*loader).sse,
		} {
			l := &loader{name: fmt.Sprintf("%s-%d", name, i), url: c.url, answered: &answered, calls: &calls, client: &http.Client{Transport: &http.Transport{}}}
			wg.Go(func() {
				defer l.client.CloseIdleConnections()
				loop(l)
			})
		}
	}
	eventually(t, "the load is on", func() bool { return calls.Load() > 300 })
	c.signal(t, syscall.SIGTERM)
	wg.Wait()
	if code := c.wait(t); code != 0 {
		t.Errorf("exit code %d:\n%s", code, c.stderr.String())
	}
	perTransport := map[string]int{}
	lost := 0
	for _, text := range c.ran() {
		name, _, _ := strings.Cut(text, "-")
		perTransport[name]++
		if _, ok := answered.Load(text); !ok {
			lost++
			t.Errorf("the call %s ran and was not answered", text)
		}
	}
	if len(perTransport) != 4 {
		t.Errorf("not every transport was under load: %v", perTransport)
	}
	t.Logf("%v calls, %d lost", perTransport, lost)
	if !strings.HasSuffix(c.stdout.String(), "resource stopped\nmain returned\n") {
		t.Error("the resources did not stop after the last call")
	}
}

// trail is a managed resource that notes when it starts and stops.
type trail struct {
	name string
	mu   *sync.Mutex
	log  *[]string
}

func (r trail) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*r.log = append(*r.log, what+" "+r.name)
}
func (r trail) Start(context.Context) error { r.note("start"); return nil }
func (r trail) Stop(context.Context) error  { r.note("stop"); return nil }

// The order of the drain: the readiness turns 503 while calls are still served,
// then new calls are refused while accepted ones finish, then the resources stop
// in reverse order.
func TestDrainOrder(t *testing.T) {
	var (
		mu      sync.Mutex
		log     []string
		release = make(chan struct{})
		entered = make(chan struct{})
	)
	svc := newService(t)
	svc.Manage("db", trail{"db", &mu, &log})
	svc.Manage("cache", trail{"cache", &mu, &log})
	tandem.Register(svc, tandem.Operation{Name: "wait", Summary: "Wait", Path: "/wait"}, func(context.Context, none) (none, error) {
		close(entered)
		<-release
		trail{"call", &mu, &log}.note("end")
		return none{}, nil
	})
	r := run(t, svc, Config{DrainDelay: time.Second})
	answer := make(chan int, 1)
	go func() {
		response, err := post(r.url+"/api/v1/wait", "", nil)
		if err != nil {
			answer <- 0
			return
		}
		response.Body.Close()
		answer <- response.StatusCode
	}()
	<-entered
	r.cancel()
	eventually(t, "the readiness turns 503", func() bool {
		code, body := r.get(t, "/health")
		return code == 503 && strings.Contains(body, `"draining"`)
	})
	if code, _ := r.get(t, "/api/v1/status"); code != 204 {
		t.Errorf("before the balancer can know, a call gets %d", code)
	}
	if code, _ := r.get(t, "/health/live"); code != 200 {
		t.Errorf("a service that drains lives: %d", code)
	}
	refused := func() *http.Response {
		response, err := post(r.url+"/api/v1/echo", `{"text":"late"}`, r.client)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response
	}
	eventually(t, "new calls are refused", func() bool { return refused().StatusCode == 503 })
	if response := refused(); response.Header.Get("Retry-After") == "" || !response.Close {
		t.Errorf("refused by %v, close %v", response.Header, response.Close)
	}
	eventually(t, "MCP refuses too", func() bool {
		response, err := post(r.url+"/mcp", callEcho, r.client, modern...)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode == 503
	})
	close(release)
	if code := <-answer; code != 204 {
		t.Errorf("the accepted call got %d", code)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	want := []string{"start db", "start cache", "end call", "stop cache", "stop db"}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A resource that does not start keeps the service from listening, and those
// before it are stopped.
func TestRunFailsToStart(t *testing.T) {
	var (
		mu  sync.Mutex
		log []string
	)
	svc := newService(t)
	svc.Manage("db", trail{"db", &mu, &log})
	svc.Manage("bad", badResource{})
	s, err := New(svc, Config{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "start bad: no disk") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff([]string{"start db", "stop db"}, log); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

type badResource struct{}

func (badResource) Start(context.Context) error { return fmt.Errorf("no disk") }

// An address that is taken is an error, and the resources are stopped.
func TestRunFailsToListen(t *testing.T) {
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	var (
		mu  sync.Mutex
		log []string
	)
	for _, cfg := range []Config{
		{Addr: taken.Listener.Addr().String()},
		{Addr: "127.0.0.1:0", MetricsAddr: taken.Listener.Addr().String()},
	} {
		svc := newService(t)
		log = nil
		svc.Manage("db", trail{"db", &mu, &log})
		s, err := New(svc, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "address already in use") {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff([]string{"start db", "stop db"}, log); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// A handler that is mounted before Start serves no half-wired calls, and says
// what is missing.
func TestHandlerBeforeStart(t *testing.T) {
	svc := newService(t)
	var (
		mu  sync.Mutex
		log []string
	)
	svc.Manage("db", trail{"db", &mu, &log})
	s, err := New(svc, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	w := ask(s, "GET", "/api/v1/status", "")
	if p := problem(t, w); w.Code != 503 || !strings.Contains(p.Detail, "Server.Start") {
		t.Errorf("%d %+v", w.Code, p)
	}
	if w := ask(s, "GET", "/health", ""); w.Code != 503 {
		t.Errorf("the readiness is %d: %s", w.Code, w.Body)
	}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := ask(s, "GET", "/api/v1/status", ""); w.Code != 204 {
		t.Errorf("after Start: %d", w.Code)
	}
}

// Beyond MaxInFlight requests are refused through both doors, health is not, and
// there is room again when one leaves.
func TestMaxInFlight(t *testing.T) {
	svc := newService(t)
	inside, release := make(chan struct{}), make(chan struct{})
	tandem.Register(svc, tandem.Operation{Name: "wait", Summary: "Wait", Path: "/wait"}, func(context.Context, none) (none, error) {
		close(inside)
		<-release
		return none{}, nil
	})
	s := newServer(t, svc, Config{MaxInFlight: 1})
	left := make(chan struct{})
	go func() {
		defer close(left)
		ask(s, "POST", "/api/v1/wait", "")
	}()
	<-inside
	for _, q := range doorRequests {
		if w := ask(s, q.method, q.path, q.body, q.headers...); w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d", q.name, w.Code)
		}
	}
	if w := ask(s, "GET", "/health/live", ""); w.Code != 200 {
		t.Errorf("a probe gets %d", w.Code)
	}
	close(release)
	<-left
	if w := ask(s, "POST", "/mcp", callEcho, modern...); w.Code != 200 {
		t.Errorf("afterwards: %d", w.Code)
	}
}

// Streams do not hold up the drain: they are ended.
func TestDrainEndsStreams(t *testing.T) {
	r := run(t, newService(t), Config{})
	request, _ := http.NewRequest(http.MethodGet, r.url+"/mcp/sse", nil)
	request.Header.Set("Accept", "text/event-stream")
	response, err := r.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, response.Body)
		ended <- err
	}()
	eventually(t, "the stream is counted", func() bool {
		_, body := r.get(t, "/metrics")
		return strings.Contains(body, "tandem_mcp_streams 1")
	})
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the stream broke off: %v", err)
	}
}

// decode reads JSON or fails.
func decode[T any](t *testing.T, text string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
