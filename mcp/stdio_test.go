package mcp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
)

// stdioClient is the other end of ServeStdio.
type stdioClient struct {
	in    *io.PipeWriter
	lines chan string
	ended chan error
}

func startStdio(t testing.TB, ctx context.Context, d *Door) *stdioClient {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	c := &stdioClient{in: inW, lines: make(chan string, 100), ended: make(chan error, 1)}
	go func() {
		c.ended <- d.ServeStdio(ctx, inR, outW)
		inR.Close()
		outW.Close()
	}()
	go func() {
		defer close(c.lines)
		for s := bufio.NewScanner(outR); s.Scan(); {
			c.lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		inW.Close()
		for range c.lines {
		}
	})
	return c
}

func (c *stdioClient) send(t testing.TB, line string) {
	t.Helper()
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

func (c *stdioClient) next(t testing.TB) string {
	t.Helper()
	select {
	case line := <-c.lines:
		return line
	case <-time.After(10 * time.Second):
		t.Fatal("no line")
		return ""
	}
}

// Both eras over one pair of streams: what is asked and what is answered.
func TestStdioExchange(t *testing.T) {
	d, _ := newDoor(t, Config{MaxBody: 4096})
	c := startStdio(t, context.Background(), d)
	const server = `"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"test-service","title":"Test service","version":"1.2.3"}}`
	for _, step := range []struct{ send, want string }{
		{`{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":1,"result":{}}`},
		{`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`, `{"jsonrpc":"2.0","id":2,"error":{"code":-32600,"message":"invalid request: the handshake comes first: initialize"}}`},
		{`{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"greet","arguments":{"name":"Ann"},` + modernMeta + `}}`, `{"jsonrpc":"2.0","id":3,"result":{"resultType":"complete","content":[{"type":"text","text":"{\"text\":\"Hello, Ann!\"}"}],"structuredContent":{"text":"Hello, Ann!"},` + server + `}}`},
		{`{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"greet","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`, `{"jsonrpc":"2.0","id":4,"error":{"code":-32602,"message":"\"_meta\" lacks io.modelcontextprotocol/clientCapabilities"}}`},
		{`{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"greet","_meta":{"io.modelcontextprotocol/protocolVersion":"2030-01-01"}}}`, `{"jsonrpc":"2.0","id":5,"error":{"code":-32022,"message":"unsupported protocol version","data":{"supported":["2026-07-28","2025-11-25","2025-06-18","2025-03-26","2024-11-05"],"requested":"2030-01-01"}}}`},
		{`{"jsonrpc":"2.0","id":6,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`, `{"jsonrpc":"2.0","id":6,"result":{"protocolVersion":"2025-06-18","capabilities":{"logging":{},"tools":{"listChanged":true}},"serverInfo":{"name":"test-service","title":"Test service","version":"1.2.3"},"instructions":"Greet people."}}`},
		{"\n  \r\n" + callBody("7", "greet", `{"name":"Bob"}`), `{"jsonrpc":"2.0","id":7,"result":{"content":[{"type":"text","text":"{\"text\":\"Hello, Bob!\"}"}],"structuredContent":{"text":"Hello, Bob!"}}}`},
		{`{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n" + `{"jsonrpc":"2.0","id":8,"method":"no/such"}`, `{"jsonrpc":"2.0","id":8,"error":{"code":-32601,"message":"method not found: no/such"}}`},
		{`{"jsonrpc":`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error: the message is not valid JSON"}}`},
		{`[{"jsonrpc":"2.0","id":9,"method":"ping"}]`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"invalid request: a batch is not possible here"}}`},
		{`{"jsonrpc":"2.0","id":1,"result":{}}` + "\n" + `{"x":"` + strings.Repeat("x", 5000) + `"}`, `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"invalid request: the message is too large"}}`},
		{`{"jsonrpc":"2.0","id":10,"method":"ping"}`, `{"jsonrpc":"2.0","id":10,"result":{}}`},
	} {
		c.send(t, step.send)
		if got := c.next(t); got != step.want {
			t.Errorf("%s\n got %s\nwant %s", step.send, got, step.want)
		}
	}
	c.in.Close()
	if err := <-c.ended; err != nil {
		t.Errorf("end: %v", err)
	}
}

// A revision with batches has them here too, each answer a line.
func TestStdioBatch(t *testing.T) {
	d, _ := newDoor(t, Config{})
	c := startStdio(t, context.Background(), d)
	c.send(t, strings.Replace(initializeSSE, "2024-11-05", "2025-03-26", 1))
	c.next(t)
	c.send(t, `[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/initialized"},7]`)
	got := c.next(t) + c.next(t)
	if !strings.Contains(got, `"id":1,"result":{}`) || !strings.Contains(got, `"id":null,"error"`) {
		t.Error(got)
	}
}

// Calls run side by side, progress comes before the answer, and the end of the
// input does not cut off calls in flight.
func TestStdioEndsAfterCalls(t *testing.T) {
	d, probe := newDoor(t, Config{})
	c := startStdio(t, context.Background(), d)
	meta := strings.Replace(modernMeta, "{", `{"progressToken":"p",`, 1)
	for _, id := range []string{"1", `"one"`} {
		c.send(t, `{"jsonrpc":"2.0","id":`+id+`,"method":"tools/call","params":{"name":"wait","arguments":{"name":"x"},`+meta+`}}`)
		if got := c.next(t); !strings.Contains(got, `"progressToken":"p","progress":1`) {
			t.Error(got)
		}
		<-probe.started
	}
	c.in.Close()
	probe.release <- struct{}{}
	probe.release <- struct{}{}
	if got := c.next(t) + c.next(t); !strings.Contains(got, `"id":1,"result"`) || !strings.Contains(got, `"id":"one","result"`) {
		t.Error(got)
	}
	if err := <-c.ended; err != nil {
		t.Errorf("end: %v", err)
	}
}

// A cancelled request gets no answer, a duplicate id and one call too many get an
// error, and cancellation is heard even then.
func TestStdioCancelAndBounds(t *testing.T) {
	d, probe := newDoor(t, Config{MaxStdioCalls: 1})
	c := startStdio(t, context.Background(), d)
	call := func(id string) string {
		return `{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":{"name":"wait","arguments":{"name":"x"},` + modernMeta + `}}`
	}
	c.send(t, call("1"))
	<-probe.started
	c.send(t, call("1"))
	if got := c.next(t); !strings.Contains(got, `"id":1,"error":{"code":-32600`) {
		t.Error(got)
	}
	c.send(t, call("2"))
	if got := c.next(t); !strings.Contains(got, `"id":2,"error":{"code":-32603`) {
		t.Error(got)
	}
	c.send(t, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	<-probe.cancelled
	eventually(t, "the cancelled call has left", func() bool { return d.Stats().InFlight == 0 })
	c.send(t, `{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{"name":"silent",`+modernMeta+`}}`)
	if got := c.next(t); !strings.Contains(got, `"id":3,"result"`) {
		t.Errorf("after the cancellation: %s", got)
	}
}

// The end of the context cancels the calls and ends the door's side.
func TestStdioContext(t *testing.T) {
	d, probe := newDoor(t, Config{})
	ctx, cancel := context.WithCancel(tandem.WithPrincipal(context.Background(), &tandem.Principal{Subject: "ann", Issuer: "local"}))
	c := startStdio(t, ctx, d)
	c.send(t, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"who",`+modernMeta+`}}`)
	if got := c.next(t); !strings.Contains(got, `"subject":"ann"`) {
		t.Error(got)
	}
	c.send(t, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","arguments":{"name":"x"},`+modernMeta+`}}`)
	<-probe.started
	cancel()
	<-probe.cancelled
	if err := <-c.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("end: %v", err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
func (brokenPipe) Read([]byte) (int, error)  { return 0, io.ErrNoProgress }

// An output or an input that fails ends the door's side with the error.
func TestStdioBroken(t *testing.T) {
	d, _ := newDoor(t, Config{})
	in, feed := io.Pipe()
	defer feed.Close()
	go io.WriteString(feed, `{"jsonrpc":"2.0","id":1,"method":"x"}`+"\n")
	if err := d.ServeStdio(context.Background(), in, brokenPipe{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("output: %v", err)
	}
	if err := d.ServeStdio(context.Background(), brokenPipe{}, io.Discard); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("input: %v", err)
	}
}

// Whatever comes in, what goes out is one JSON-RPC message per line, and the end
// of the input is the end.
func FuzzStdio(f *testing.F) {
	f.Add([]byte(initializeSSE + "\n" + callBody("1", "greet", `{"name":"x"}`) + "\n{\n\n[]\n"))
	f.Add([]byte(`{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{` + modernMeta + `}}`))
	f.Add([]byte("\xff\n" + `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`))
	svc, _ := testService(f)
	d, err := New(svc, Config{MaxBody: 1000})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { d.Close() })
	f.Fuzz(func(t *testing.T, input []byte) {
		if bytes.Contains(input, []byte("wait")) {
			return // waits for good
		}
		var out bytes.Buffer
		if err := d.ServeStdio(context.Background(), bytes.NewReader(input), &out); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			var m message
			if err := parse([]byte(line), &m); err != nil && m.id != nil || !strings.HasSuffix(line, "\n") {
				t.Errorf("%q is answered by %q: %v", input, line, err)
			}
		}
	})
}
