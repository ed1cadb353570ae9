package rest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/rest"
)

// TestArguments protects that every place of a request reaches the one arguments object, and that errors point into it.
func TestArguments(t *testing.T) {
	c := serve(t, newHandler(t, newService(), rest.Config{}))
	const jsonBody = "Content-Type: application/json"
	for _, test := range []struct {
		method, target, body string
		headers              []string
		status               int
		want                 string // of success: the body; of a problem: its pointers
	}{
		{"GET", "/api/v1/things/a?limit=5&exact=true&tags=x&tags=y", "", []string{"X-Trace: t"}, 200,
			`{"id":"a","limit":5,"exact":true,"tags":["x","y"],"x_trace":"t"}`},
		{"GET", "/api/v1/things/a?limit=abc&exact=1&nope=1", "", nil, 400, "/limit /exact /nope"},
		{"GET", "/api/v1/things/a?limit=101", "", nil, 400, "/limit"},
		{"GET", "/api/v1/things/a?limit=9223372036854775808", "", nil, 400, "/limit"},
		{"GET", "/api/v1/things/a?limit=1&limit=1&exact=x", "", nil, 400, "/limit /exact"},
		{"GET", "/api/v1/things/a?id=b", "", nil, 400, "/id"},
		{"GET", "/api/v1/things/a?limit=1;exact=true", "", nil, 400, "/limit"},
		{"GET", "/api/v1/things/a?tags=%ff", "", nil, 400, "/tags/0"},
		{"GET", "/api/v1/things/a", "{}", []string{jsonBody}, 400, ""},
		{"DELETE", "/api/v1/things/a", "x", nil, 400, ""},
		{"GET", "/api/v1/lenient?code=a&nope=1", "", nil, 200, `{"code":"a"}`},
		{"GET", "/api/v1/lenient?nope=1", "", nil, 400, "/code"},
		{"PUT", "/api/v1/things/a", `{"limit":3}`, []string{jsonBody}, 201, `{"id":"a","limit":3}`},
		{"PUT", "/api/v1/things/a", "", nil, 201, `{"id":"a","limit":20}`},
		{"PUT", "/api/v1/things/a", `{"id":"b","limit":"x"}`, []string{jsonBody}, 400, "/id /limit"},
		{"PUT", "/api/v1/things/a?limit=3", `{}`, []string{jsonBody}, 400, "/limit"},
		{"PUT", "/api/v1/things/a", `[]`, []string{jsonBody}, 400, ""},
		{"POST", "/api/v1/orders", `{"sku":"a","count":9007199254740993}`, []string{jsonBody}, 200, `{"sku":"a","count":9007199254740993}`},
		{"POST", "/api/v1/orders", `{"sku":"a","count":-9223372036854775808}`, []string{jsonBody}, 200, `{"sku":"a","count":-9223372036854775808}`},
		{"POST", "/api/v1/orders", `{"sku":"","count":1e400,"x":null}`, []string{jsonBody}, 400, "/sku /count /x"},
		{"POST", "/api/v1/orders", "", nil, 400, "/sku /count"},
		{"POST", "/api/v1/orders", `{"sku":"a","count":1,"sku":"b"}`, []string{jsonBody}, 400, "/sku"},
		{"POST", "/api/v1/orders", `{"sku":"a","count":1} x`, []string{jsonBody}, 400, ""},
		{"POST", "/api/v1/orders", "{\"sku\":\"\xff\",\"count\":1}", []string{jsonBody}, 400, "/sku"},
		{"POST", "/api/v1/orders", `{"sku":"\ud800","count":1}`, []string{jsonBody}, 400, "/sku"},
		{"POST", "/api/v1/orders", `{"sku":`, []string{jsonBody}, 400, "/sku"},
		{"POST", "/api/v1/orders", strings.Repeat(`{"a":`, 100_000), []string{jsonBody}, 400, ""},
		{"POST", "/api/v1/orders?nope=1", `{"sku":"a","count":1}`, []string{jsonBody}, 400, "/nope"},
	} {
		name := test.method + " " + test.target + " " + test.body
		t.Run(name[:min(60, len(name))], func(t *testing.T) {
			got := c.do(test.method, test.target, test.body, test.headers...)
			if got.StatusCode != test.status {
				t.Fatalf("status %d: %s", got.StatusCode, got.body)
			}
			if test.status >= 400 {
				p := got.problem(t)
				if pointers := pointers(p); len(p.Errors) == 0 || !strings.HasPrefix(pointers, test.want) {
					t.Errorf("got %s, want errors at %q", got.body, test.want)
				}
			} else if got.body != test.want {
				t.Errorf("got %s, want %s", got.body, test.want)
			}
		})
	}
}

func TestMediaTypes(t *testing.T) {
	c := serve(t, newHandler(t, newService(), rest.Config{}))
	body := `{"sku":"a","count":1}`
	for headers, status := range map[string]int{
		"Content-Type: application/json":                            200,
		"Content-Type: application/json; charset=utf-8":             200,
		`Content-Type: Application/JSON;charset="UTF-8"`:            200,
		"Content-Type: application/vnd.acme+json":                   200,
		"Content-Type: application/merge-patch+json; v=1":           200,
		"Content-Type: application/json|Content-Encoding: identity": 200,
		"":                                415,
		"Content-Type: ":                  415,
		"Content-Type: text/plain":        415,
		"Content-Type: text/json":         415,
		"Content-Type: application/jsonx": 415,
		"Content-Type: application/json; charset=latin1":                415,
		"Content-Type: application/json; charset":                       415,
		"Content-Type: application/x-www-form-urlencoded":               415,
		"Content-Type: application/json|Content-Type: text/plain":       415,
		"Content-Type: application/json|Content-Encoding: gzip":         415,
		"Content-Type: application/json|Content-Encoding: identity, br": 415,
	} {
		var lines []string
		if headers != "" {
			lines = strings.Split(headers, "|")
		}
		for _, chunked := range []bool{false, true} {
			r := c.request("POST", "/api/v1/orders", strings.NewReader(body), lines...)
			if chunked {
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), -1
			}
			got := c.send(r)
			if got.StatusCode != status {
				t.Errorf("%q, chunked %v: status %d, want %d", headers, chunked, got.StatusCode, status)
			}
			if status == 415 {
				got.problem(t)
			}
			if strings.Contains(headers, "gzip") && got.Header.Get("Accept-Encoding") != "identity" {
				t.Errorf("%q: the answer does not say what coding is accepted", headers)
			}
		}
	}
}

// TestEmptyBody protects that no body needs no content type, also where its length is not told.
func TestEmptyBody(t *testing.T) {
	c := serve(t, newHandler(t, newService(), rest.Config{}))
	for _, method := range []string{"PUT", "GET", "DELETE"} {
		r := c.request(method, "/api/v1/things/a", nil)
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("")), -1
		if got := c.send(r); got.StatusCode >= 300 {
			t.Errorf("%s: %d %s", method, got.StatusCode, got.body)
		}
	}
}

func TestTooLarge(t *testing.T) {
	c := serve(t, newHandler(t, newService(), rest.Config{MaxBody: 100}))
	fits := `{"sku":"` + strings.Repeat("x", 79) + `","count":1}`
	if len(fits) != 99 {
		t.Fatal(len(fits))
	}
	for body, status := range map[string]int{fits: 200, fits + " ": 200, fits + "  ": 413, strings.Repeat(" ", 10_000): 413} {
		for _, chunked := range []bool{false, true} {
			r := c.request("POST", "/api/v1/orders", strings.NewReader(body), "Content-Type: application/json")
			if chunked {
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), -1
			}
			got := c.send(r)
			if got.StatusCode != status {
				t.Errorf("%d bytes, chunked %v: status %d, want %d", len(body), chunked, got.StatusCode, status)
			}
			if status == 413 && got.problem(t).Code != "resource_exhausted" {
				t.Errorf("%s", got.body)
			}
		}
	}
}

// TestCompressedBomb protects that no body is ever decompressed.
func TestCompressedBomb(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	if _, err := z.Write(make([]byte, 10<<20)); err != nil {
		t.Fatal(err)
	}
	z.Close()
	c := serve(t, newHandler(t, newService(), rest.Config{}))
	if got := c.do("POST", "/api/v1/orders", bomb.String(), "Content-Type: application/json", "Content-Encoding: gzip"); got.StatusCode != 415 {
		t.Errorf("status %d", got.StatusCode)
	}
}

// TestPooledBuffers protects that a body lives on in the arguments of its call, though its buffer is used again.
func TestPooledBuffers(t *testing.T) {
	svc := newService()
	var kept [][]byte
	svc.Observe(func(next tandem.Invoker) tandem.Invoker {
		return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
			kept = append(kept, call.Arguments)
			return next(ctx, call)
		}
	})
	c := serve(t, newHandler(t, svc, rest.Config{}))
	bodies := []string{`{"sku":"a","count":1}`, `{"sku":"b","count":2}`, `{"sku":"c","count":3}`}
	for _, body := range bodies {
		c.do("POST", "/api/v1/orders", body, "Content-Type: application/json")
	}
	for i, body := range bodies {
		if string(kept[i]) != body {
			t.Errorf("call %d kept %s, want %s", i, kept[i], body)
		}
	}
}

// TestBrokenFraming protects that a body which ends early or stalls gets one answer and a closed connection.
func TestBrokenFraming(t *testing.T) {
	h := newHandler(t, newService(), rest.Config{})
	c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Slow") != "" {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		}
		h.ServeHTTP(w, r)
	}))
	const head = "POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	for name, test := range map[string]struct {
		request string
		closes  bool // the caller ends its side
		status  string
	}{
		"ends early": {head + "Content-Length: 50\r\n\r\n{", true, "400"},
		"bad chunk":  {head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{", false, "400"},
		"none taken": {"GET /api/v1/things/a HTTP/1.1\r\nHost: x\r\nX-Slow: 1\r\nTransfer-Encoding: chunked\r\n\r\n", false, "408"},
		"stalls":     {head + "X-Slow: 1\r\nContent-Length: 50\r\n\r\n{", false, "408"},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(c.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, test.request); err != nil {
			t.Fatal(err)
		}
		if test.closes {
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
		}
		answer, _ := io.ReadAll(conn) // ends only if the server closes
		conn.Close()
		if got := string(answer); !strings.HasPrefix(got, "HTTP/1.1 "+test.status) || strings.Count(got, "HTTP/1.1") != 1 || !strings.Contains(got, "application/problem+json") {
			t.Errorf("%s: got %q, want one problem %s", name, got, test.status)
		}
	}
}
