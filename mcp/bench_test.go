package mcp

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

// discard is a response that costs nothing.
type discard struct{ header http.Header }

func (w *discard) Header() http.Header         { return w.header }
func (w *discard) Write(p []byte) (int, error) { return len(p), nil }
func (w *discard) WriteHeader(int)             {}
func (w *discard) reset()                      { clear(w.header) }

type body struct{ *bytes.Reader }

func (body) Close() error { return nil }

// served is a request that can be served again and again.
type served struct {
	r    *http.Request
	data []byte
	body body
	w    *discard
}

func newServed(b testing.TB, data string, headers ...string) *served {
	s := &served{data: []byte(data), body: body{bytes.NewReader(nil)}, w: &discard{http.Header{}}}
	s.r = newRequest(b, http.MethodPost, "/mcp", data, headers...).WithContext(context.Background())
	s.r.Body = s.body
	return s
}

func (s *served) serve(h http.Handler) {
	s.body.Reset(s.data)
	s.r.Body = s.body
	s.w.reset()
	h.ServeHTTP(s.w, s.r)
}

func BenchmarkModernCall(b *testing.B) {
	d, _ := newDoor(b, Config{})
	s := newServed(b, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ann"},`+modernMeta+`}}`, modernHeaders("tools/call", "greet")...)
	b.ReportAllocs()
	for b.Loop() {
		s.serve(d)
	}
}

// What it costs that a call must not outlive its token.
func BenchmarkModernCallByToken(b *testing.B) {
	d, _ := newDoor(b, Config{})
	s := newServed(b, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ann"},`+modernMeta+`}}`, modernHeaders("tools/call", "greet")...)
	s.r = s.r.WithContext(byToken(s.r.Context()))
	b.ReportAllocs()
	for b.Loop() {
		s.serve(d)
	}
}

// byToken returns the context of a request whose credentials end.
func byToken(ctx context.Context) context.Context {
	p := &tandem.Principal{Issuer: "i", Subject: "s", Expires: time.Now().Add(time.Hour)}
	return tandem.WithReverify(tandem.WithPrincipal(ctx, p), func(context.Context) error { return nil })
}

func BenchmarkModernList(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			svc := tandem.New("x", "1")
			for i := range n {
				tandem.Register(svc, tandem.Operation{Name: fmt.Sprint("tool", i)}, func(context.Context, greetIn) (greetOut, error) { return greetOut{}, nil })
			}
			d, err := New(svc, Config{PageSize: 1000})
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			s := newServed(b, `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{`+modernMeta+`}}`, modernHeaders("tools/list", "")...)
			b.ReportAllocs()
			for b.Loop() {
				s.serve(d)
			}
		})
	}
}

func BenchmarkSessionCall(b *testing.B) {
	srv, d, _ := newServer(b, Config{})
	headers := initialize(b, srv.URL+"/mcp", "2025-11-25")
	s := newServed(b, callBody("1", "greet", `{"name":"Ann"}`), headers...)
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		s.data = fmt.Appendf(s.data[:0], `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ann"}}}`, n)
		s.r.ContentLength = int64(len(s.data))
		s.serve(d)
	}
}

func BenchmarkSessionCallByToken(b *testing.B) {
	_, d, _ := newServer(b, Config{})
	record, err := d.newSession(byToken(b.Context()), session.Record{Transport: session.Streamable, ProtocolVersion: rev20251125})
	if err != nil {
		b.Fatal(err)
	}
	s := newServed(b, callBody("1", "greet", `{"name":"Ann"}`), "Mcp-Session-Id: "+record.ID, "Mcp-Protocol-Version: "+rev20251125)
	s.r = s.r.WithContext(byToken(s.r.Context()))
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		s.data = fmt.Appendf(s.data[:0], `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ann"}}}`, n)
		s.r.ContentLength = int64(len(s.data))
		s.serve(d)
	}
}

func BenchmarkSSECall(b *testing.B) {
	srv, d, _ := newServer(b, Config{})
	c := openSSE(b, srv.URL)
	c.call(b, initializeSSE)
	r, err := http.NewRequest(http.MethodPost, c.post, nil)
	if err != nil {
		b.Fatal(err)
	}
	s := newServed(b, "{}")
	s.r.URL = r.URL
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		s.data = fmt.Appendf(s.data[:0], `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ann"}}}`, n)
		s.r.ContentLength = int64(len(s.data))
		s.serve(d.Messages())
		c.events.next(b)
	}
}

func BenchmarkStdioCall(b *testing.B) {
	d, _ := newDoor(b, Config{})
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	go d.ServeStdio(context.Background(), inR, outW)
	defer inW.Close()
	line := []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ann"},` + modernMeta + "}}\n")
	answer := make([]byte, 64<<10)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := inW.Write(line); err != nil {
			b.Fatal(err)
		}
		if _, err := outR.Read(answer); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInvoke is the operation without a door: what a door cannot save.
func BenchmarkInvoke(b *testing.B) {
	d, _ := newDoor(b, Config{})
	op, _ := d.svc.Operation("greet")
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := op.Invoke(ctx, &tandem.Call{Operation: op, Door: tandem.MCP, Arguments: []byte(`{"name":"Ann"}`)}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	data := []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ann"},` + modernMeta + `}}`)
	b.ReportAllocs()
	for b.Loop() {
		var m message
		if err := parse(data, &m); err != nil {
			b.Fatal(err)
		}
	}
}
