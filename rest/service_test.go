package rest_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/rest"
)

type thing struct {
	ID    string   `json:"id"`
	Limit int      `json:"limit" default:"20" maximum:"100"`
	Exact bool     `json:"exact,omitzero"`
	Tags  []string `json:"tags,omitzero"`
	Trace string   `json:"x_trace,omitzero" in:"header"`
}

type order struct {
	SKU   string `json:"sku" minLength:"1"`
	Count int64  `json:"count"`
}

type file struct {
	Path string `json:"path"`
}

type failure struct {
	Code string `json:"code"`
}

func echo[T any](_ context.Context, in T) (T, error) { return in, nil }

// newService returns a service with an operation for each thing that the door decides.
func newService() *tandem.Service {
	svc := tandem.New("test", "1")
	svc.Logger = slog.New(slog.DiscardHandler)
	tandem.Register(svc, tandem.Operation{Name: "root", Method: "GET", Path: "/"},
		func(context.Context, struct{}) (string, error) { return "the root", nil })
	tandem.Register(svc, tandem.Operation{Name: "get_thing", Method: "GET", Path: "/things/{id}"}, echo[thing])
	tandem.Register(svc, tandem.Operation{Name: "put_thing", Method: "PUT", Path: "/things/{id}", Status: 201}, echo[thing])
	tandem.Register(svc, tandem.Operation{Name: "delete_thing", Method: "DELETE", Path: "/things/{id}"},
		func(context.Context, struct {
			ID string `json:"id"`
		}) (struct{}, error) {
			return struct{}{}, nil
		})
	tandem.Register(svc, tandem.Operation{Name: "order", Path: "/orders"}, echo[order])
	tandem.Register(svc, tandem.Operation{Name: "get_file", Method: "GET", Path: "/files/{path...}"}, echo[file])
	tandem.Register(svc, tandem.Operation{Name: "put_file", Method: "PUT", Path: "/files"}, echo[struct{}])
	tandem.Register(svc, tandem.Operation{Name: "secret", Method: "GET", Path: "/secret", Scopes: []string{"a:read", "b"}}, echo[thing])
	tandem.Register(svc, tandem.Operation{Name: "lenient", Method: "GET", Path: "/lenient", AllowUnknown: true}, echo[failure])
	tandem.Register(svc, tandem.Operation{Name: "agents_only", Method: "GET", Path: "/agents", Doors: tandem.MCP}, echo[struct{}])
	tandem.Register(svc, tandem.Operation{Name: "fail", Path: "/fail"}, fail)
	return svc
}

func fail(_ context.Context, in failure) (struct{}, error) {
	switch in.Code {
	case "busy":
		return struct{}{}, tandem.Errorf(tandem.Unavailable, "try later").WithRetryAfter(1500 * time.Millisecond)
	case "panic":
		panic("secret of the panic")
	}
	code, ok := tandem.ParseCode(in.Code)
	if !ok {
		return struct{}{}, io.ErrUnexpectedEOF
	}
	return struct{}{}, tandem.Errorf(code, "it is %s", in.Code)
}

func newHandler(t testing.TB, svc *tandem.Service, cfg rest.Config) *rest.Handler {
	t.Helper()
	h, err := rest.New(svc, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// client calls a served handler over a real connection, sends targets as they are and follows no redirect.
type client struct {
	t   testing.TB
	url string
}

func serve(t testing.TB, h http.Handler) *client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &client{t: t, url: server.URL}
}

type answer struct {
	*http.Response
	body string
}

// do sends a request; headers are "Name: value" lines.
func (c *client) do(method, target, body string, headers ...string) answer {
	c.t.Helper()
	return c.send(c.request(method, target, strings.NewReader(body), headers...))
}

func (c *client) request(method, target string, body io.Reader, headers ...string) *http.Request {
	c.t.Helper()
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url, body)
	if err != nil {
		c.t.Fatal(err)
	}
	path, query, _ := strings.Cut(target, "?")
	r.URL = &url.URL{Scheme: "http", Host: r.URL.Host, Opaque: path, RawQuery: query}
	for _, line := range headers {
		key, value, _ := strings.Cut(line, ": ")
		r.Header.Add(key, value)
	}
	return r
}

func (c *client) send(r *http.Request) answer {
	c.t.Helper()
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		c.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	return answer{response, string(body)}
}

// problem returns the answer's problem document, of whose shape every one must be.
func (a answer) problem(t testing.TB) tandem.Problem {
	t.Helper()
	var p tandem.Problem
	if err := json.Unmarshal([]byte(a.body), &p, json.RejectUnknownMembers(true)); err != nil {
		t.Fatalf("%d %s is no problem: %v", a.StatusCode, a.body, err)
	}
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("problem has Content-Type %q", got)
	}
	if got := a.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("problem has Cache-Control %q", got)
	}
	if got := a.Header.Get("X-Content-Type-Options"); got != "nosniff" {
		t.Errorf("problem has X-Content-Type-Options %q", got)
	}
	if _, ok := tandem.ParseCode(p.Code); !ok || p.Status != a.StatusCode || p.Title == "" || p.Detail == "" || p.Type == "" {
		t.Errorf("status %d has the problem %s", a.StatusCode, a.body)
	}
	return p
}

func pointers(p tandem.Problem) string {
	var all []string
	for _, f := range p.Errors {
		all = append(all, f.Pointer)
	}
	return strings.Join(all, " ")
}
