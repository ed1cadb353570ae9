package mcp

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipeListener hands out connections that live in memory, and so in the fake time
// of a synctest bubble.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

func (l *pipeListener) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// The timeouts of an http.Server, which are for a whole request, do not cut a
// stream; and a connection that carried one is fit for the next request.
func TestServerTimeoutsSpareStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, probe := newDoor(t, Config{})
		listener := newPipeListener()
		srv := &http.Server{Handler: d, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}
		go srv.Serve(listener)
		transport := &http.Transport{DialContext: listener.dial, MaxConnsPerHost: 1}
		client := &http.Client{Transport: transport}
		send := func(name, meta string) string {
			body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"` + name + `","arguments":{"name":"x"},` + strings.Replace(modernMeta, "{", "{"+meta, 1) + `}}`
			r := newRequest(t, http.MethodPost, "http://pipe/mcp", body, modernHeaders("tools/call", name)...)
			resp, err := client.Do(r.WithContext(context.Background()))
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			content, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Error(err)
			}
			return string(content)
		}
		go func() {
			<-probe.started
			time.Sleep(time.Minute)
			probe.release <- struct{}{}
		}()
		if got := send("wait", `"progressToken":1,`); strings.Count(got, ": ping") < 3 || !strings.Contains(got, `"text":"x"`) {
			t.Errorf("the stream is %q", got)
		}
		time.Sleep(time.Second)
		if got := send("greet", ""); !strings.Contains(got, "Hello") {
			t.Errorf("the next answer on the connection: %q", got)
		}
		transport.CloseIdleConnections()
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
}

// Streams and calls share one connection of HTTP/2.
func TestHTTP2(t *testing.T) {
	d, _ := newDoor(t, Config{})
	mux := http.NewServeMux()
	mux.Handle("/mcp", d)
	mux.Handle("/mcp/sse", d.SSE())
	mux.Handle("/mcp/messages", d.Messages())
	srv := httptest.NewUnstartedServer(mux)
	srv.EnableHTTP2 = true
	srv.StartTLS()
	defer srv.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	resp, err := srv.Client().Do(newRequest(t, http.MethodGet, srv.URL+"/mcp/sse", "").WithContext(ctx))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.ProtoMajor != 2 {
		t.Fatalf("the protocol is %s", resp.Proto)
	}
	stream := newEvents(resp.Body)
	messages := srv.URL + stream.next(t).data
	for _, c := range []struct{ body, want string }{
		{initializeSSE, `"protocolVersion":"2024-11-05"`},
		{callBody("1", "greet", `{"name":"Ann"}`), "Hello, Ann!"},
	} {
		posted, err := srv.Client().Do(newRequest(t, http.MethodPost, messages, c.body))
		if err != nil {
			t.Fatal(err)
		}
		posted.Body.Close()
		if e := stream.next(t); posted.StatusCode != http.StatusAccepted || !strings.Contains(e.data, c.want) {
			t.Errorf("%d, %+v", posted.StatusCode, e)
		}
	}
}
