package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tandem-go/tandem"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		runChild()
	}
	goleak.VerifyTestMain(m)
}

type echoIn struct {
	Text string `json:"text" minLength:"1" maxLength:"100"`
}

type echoOut struct {
	Text   string `json:"text"`
	Caller string `json:"caller"`
}

type none struct{}

type traced struct {
	Trace string `json:"trace,omitzero" in:"header"`
}

func echo(ctx context.Context, in echoIn) (echoOut, error) {
	return echoOut{Text: in.Text, Caller: tandem.PrincipalFrom(ctx).Subject}, nil
}

// newService has an operation of each behaviour that the tests need.
func newService(t testing.TB) *tandem.Service {
	t.Helper()
	svc := tandem.New("testing", "1.0.0")
	svc.Logger = slog.New(slog.DiscardHandler)
	tandem.Register(svc, tandem.Operation{Name: "echo", Summary: "Echo", Path: "/echo"}, echo)
	tandem.Register(svc, tandem.Operation{Name: "get_echo", Summary: "Echo", Method: "GET", Path: "/echo/{text}"}, echo)
	tandem.Register(svc, tandem.Operation{Name: "status", Summary: "Status", Method: "GET", Path: "/status"},
		func(context.Context, traced) (none, error) { return none{}, nil })
	tandem.Register(svc, tandem.Operation{Name: "fail", Summary: "Fail", Path: "/fail"},
		func(context.Context, none) (none, error) { return none{}, errors.New("dial postgres://app:hunter2@db") })
	tandem.Register(svc, tandem.Operation{Name: "boom", Summary: "Panic", Path: "/boom"},
		func(context.Context, none) (none, error) { panic("boom") })
	return svc
}

// newServer returns a server that is stopped when the test ends.
func newServer(t testing.TB, svc *tandem.Service, cfg Config) *Server {
	t.Helper()
	s, err := New(svc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// ask sends one request in process. Headers are pairs of a name and a value.
func ask(h http.Handler, method, target, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host, r.RemoteAddr = "localhost:8000", "127.0.0.1:50000"
	if body == "" {
		r.Body = http.NoBody
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		switch headers[i] {
		case "Host":
			r.Host = headers[i+1]
		case "peer":
			r.RemoteAddr = headers[i+1]
		default:
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// initialize is a request of the Streamable HTTP transport that opens a session.
const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`

// callEcho is a tools/call of the modern era with its headers.
const callEcho = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"text":"hi"},"_meta":{` +
	`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`

var modern = []string{
	"Accept", "application/json, text/event-stream", "MCP-Protocol-Version", "2026-07-28",
	"Mcp-Method", "tools/call", "Mcp-Name", "echo",
}

// problem reads a problem document.
func problem(t *testing.T, w *httptest.ResponseRecorder) tandem.Problem {
	t.Helper()
	var p tandem.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Fatalf("not a problem (%v): %s %s", err, w.Header().Get("Content-Type"), w.Body)
	}
	if p.Status != w.Code {
		t.Errorf("the document says %d, the response %d", p.Status, w.Code)
	}
	return p
}

// syncBuffer is a log that is written while it is read.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// running is a server in Run, on a free port of loopback.
type running struct {
	*Server
	url    string
	client *http.Client
	cancel context.CancelFunc
	done   chan error
}

// run runs a server until the test ends, or stop is called.
func run(t *testing.T, svc *tandem.Service, cfg Config) *running {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listener = listener
	s, err := New(svc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	r := &running{
		Server: s, url: "http://" + listener.Addr().String(), cancel: cancel, done: done,
		client: &http.Client{Transport: &http.Transport{}},
	}
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		r.client.CloseIdleConnections()
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// stop ends Run and returns its error; the second time nil.
func (r *running) stop() error {
	r.cancel()
	if r.done == nil {
		return nil
	}
	done := r.done
	r.done = nil
	return <-done
}

func (r *running) get(t *testing.T, path string) (int, string) {
	t.Helper()
	response, err := r.client.Get(r.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// eventually polls for what another goroutine brings about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("never came true: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// Operations that come and go while the server runs are in the document, and in
// what web pages may send, as they are in the doors.
func TestChangedOperations(t *testing.T) {
	svc := newService(t)
	s := newServer(t, svc, Config{AllowedOrigins: []string{"https://app.example.com"}})
	shown := func() (document, page bool) {
		w := ask(s, "OPTIONS", "/api/v1/late", "", "Origin", "https://app.example.com",
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "x-late")
		page = strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "x-late")
		return strings.Contains(ask(s, "GET", "/openapi.json", "").Body.String(), `"late"`), page
	}
	check := func(when string, want bool) {
		if document, page := shown(); document != want || page != want {
			t.Errorf("%s: in the document %v, from pages %v", when, document, page)
		}
	}
	check("before", false)
	tandem.Register(svc, tandem.Operation{Name: "late"}, func(context.Context, struct {
		XLate string `json:"x_late" in:"header"`
	}) (struct{}, error) {
		return struct{}{}, nil
	})
	check("registered", true)
	svc.RemoveOperation("late")
	check("removed", false)
}

// A caller that was asked may answer to another replica that has the keys, also
// while they are rotated, and to no other.
func TestStateKeys(t *testing.T) {
	old, present := tandem.Secret(strings.Repeat("o", 32)), tandem.Secret(strings.Repeat("p", 32))
	replica := func(keys ...tandem.Secret) *Server {
		svc := newService(t)
		tandem.Register(svc, tandem.Operation{Name: "sure", Asks: true}, func(ctx context.Context, _ struct{}) (struct{}, error) {
			var form struct {
				Sure bool `json:"sure"`
			}
			return struct{}{}, tandem.Ask(ctx, tandem.Form("Sure?", &form))
		})
		return newServer(t, svc, Config{StateKeys: keys})
	}
	asked := ask(replica(old), "POST", "/api/v1/sure", "{}")
	problem := decode[tandem.Problem](t, asked.Body.String())
	if asked.Code != 409 || problem.InputRequired == nil {
		t.Fatalf("%d %s", asked.Code, asked.Body)
	}
	for name, c := range map[string]struct {
		keys []tandem.Secret
		want int
	}{
		"the same": {[]tandem.Secret{old}, 204}, "rotated": {[]tandem.Secret{present, old}, 204}, "dropped": {[]tandem.Secret{present}, 400}, "none": {nil, 400},
	} {
		w := ask(replica(c.keys...), "POST", "/api/v1/sure", "{}", "Tandem-Request-State", problem.InputRequired.State,
			"Tandem-Input-Responses", `{"q1-1":{"action":"accept","content":{"sure":true}}}`)
		if w.Code != c.want {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	if _, err := New(newService(t), Config{StateKeys: []tandem.Secret{"short"}}); err == nil || !strings.Contains(err.Error(), "Config.StateKeys") || strings.Contains(err.Error(), "short ") {
		t.Errorf("a short key: %v", err)
	}
}
