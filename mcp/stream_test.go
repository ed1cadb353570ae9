package mcp

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

// deadlineWriter is a response that records its deadlines, and fails to write
// once the client is said to be gone.
type deadlineWriter struct {
	httptest.ResponseRecorder
	mu        sync.Mutex
	deadlines []time.Duration // from the time they were set; 0 for none
	gone      bool
}

func newDeadlineWriter() *deadlineWriter {
	return &deadlineWriter{ResponseRecorder: *httptest.NewRecorder()}
}

func (w *deadlineWriter) SetWriteDeadline(at time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	after := time.Duration(0)
	if !at.IsZero() {
		after = time.Until(at)
	}
	w.deadlines = append(w.deadlines, after)
	return nil
}

func (w *deadlineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone {
		return 0, errors.New("gone")
	}
	return w.ResponseRecorder.Write(p)
}

func (w *deadlineWriter) Flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ResponseRecorder.Flush()
}

func (w *deadlineWriter) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Body.String()
}

// A stream that says nothing sends a comment each heartbeat, one that does sends
// none; each write has a deadline, and the connection is left without one.
func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := newDoor(t, Config{})
		w := newDeadlineWriter()
		s := d.openStream(t.Context(), w, func(*stream, *tandem.Error) {})
		if w.mu.Lock(); !w.Flushed {
			t.Error("the header was not flushed at once")
		}
		w.mu.Unlock()
		time.Sleep(31 * time.Second)
		if got := w.text(); got != ": ping\n\n: ping\n\n" {
			t.Errorf("after two heartbeats: %q", got)
		}
		for range 30 {
			time.Sleep(time.Second)
			if err := s.send(event{data: []byte("x")}); err != nil {
				t.Fatal(err)
			}
		}
		if got := strings.Count(w.text(), "ping"); got != 2 {
			t.Errorf("%d pings although the stream spoke", got)
		}
		s.close()
		time.Sleep(time.Minute)
		if got := strings.Count(w.text(), "ping"); got != 2 {
			t.Errorf("%d pings after the end", got)
		}
		if err := s.send(event{data: []byte("late")}); !errors.Is(err, errStreamClosed) || strings.Contains(w.text(), "late") {
			t.Errorf("a write after the end: %v", err)
		}
		last := len(w.deadlines) - 1
		for i, after := range w.deadlines {
			if want := 30 * time.Second; i < last && after != want || i == last && after != 0 {
				t.Errorf("deadline %d of %d is %v", i, last, after)
			}
		}
	})
}

// A client that is found to be gone by a heartbeat ends the stream.
func TestLostClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := newDoor(t, Config{})
		w := newDeadlineWriter()
		r := httptest.NewRequest(http.MethodGet, "/mcp/sse", nil)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			d.SSE().ServeHTTP(w, r)
		}()
		synctest.Wait()
		w.mu.Lock()
		w.gone = true
		w.mu.Unlock()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		select {
		case <-ended:
		default:
			t.Fatal("the stream goes on")
		}
		if got := d.Stats(); got.Streams != 0 || got.Sessions != 1 {
			t.Errorf("stats %+v", got)
		}
		time.Sleep(3 * time.Minute) // two sweeps
		if got := d.Stats().Sessions; got != 0 {
			t.Errorf("%d sessions that nobody came back to", got)
		}
	})
}

// A session with an open stream is not idle; without one it ends in the end.
func TestIdleSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := newDoor(t, Config{})
		ctx, cancel := context.WithCancel(context.Background())
		record, err := d.newSession(ctx, session.Record{Transport: session.Streamable, ProtocolVersion: rev20251125})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/mcp", nil).WithContext(ctx)
		r.Header.Set(headerSession, record.ID)
		go d.ServeHTTP(newDeadlineWriter(), r)
		time.Sleep(2 * time.Hour)
		if got := d.Stats(); got.Sessions != 1 || got.Streams != 1 {
			t.Errorf("with a stream: %+v", got)
		}
		cancel()
		time.Sleep(2 * time.Hour)
		if got := d.Stats(); got.Sessions != 0 || got.Streams != 0 {
			t.Errorf("without: %+v", got)
		}
	})
}

// dialDeaf connects without room for much that is not read.
func dialDeaf(t testing.TB, url string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	return conn
}

// A client that does not read is let go, and blocks nobody meanwhile.
func TestSlowReader(t *testing.T) {
	srv, d, _ := newServer(t, Config{WriteTimeout: 200 * time.Millisecond, Limits: session.Limits{StreamBytes: 64 << 20}})
	s := initialize(t, srv.URL+"/mcp", "2025-11-25")
	id := strings.TrimPrefix(s[0], "Mcp-Session-Id: ")
	conn := dialDeaf(t, srv.URL)
	if _, err := conn.Write([]byte("GET /mcp HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nMcp-Session-Id: " + id + "\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the stream is open", func() bool { return d.Stats().Streams == 1 })
	big := bytes.Repeat([]byte("x"), 1<<20)
	for range 32 {
		if _, err := d.store.Append(context.Background(), session.Output{Session: id, Stream: session.Standing}, big); err != nil {
			t.Fatal(err)
		}
		if a := post(t, srv.URL+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"ping"}`, s...); a.status != http.StatusOK {
			t.Fatalf("ping: %d", a.status)
		}
	}
	eventually(t, "the reader is let go", func() bool { return d.Stats().Streams == 0 })
}

// A slow reader of progress does not hold its call for longer than the timeout.
func TestSlowReaderOfProgress(t *testing.T) {
	srv, d, _ := newServer(t, Config{WriteTimeout: 200 * time.Millisecond})
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count","arguments":{"to":100000},` + strings.Replace(modernMeta, "{", `{"progressToken":7,`, 1) + `}}`
	conn := dialDeaf(t, srv.URL)
	r := newRequest(t, http.MethodPost, srv.URL+"/mcp", body, modernHeaders("tools/call", "count")...)
	if err := r.Write(conn); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the call has begun", func() bool { return d.Stats().InFlight == 1 })
	eventually(t, "the call has ended", func() bool { return d.Stats().InFlight == 0 })
}

// Events have the form of the HTML standard, section "Server-sent events"; line
// breaks in JSON do not break it.
func TestEventForm(t *testing.T) {
	for want, e := range map[string]event{
		"retry: 300\nid: 0_1\nevent: message\ndata: {}\n\n": {retry: retryAfter, id: "0_1", name: "message", data: []byte("{}")},
		"id: 1\ndata: \n\n":            {id: "1", data: []byte{}},
		"retry: 300\n\n":               {retry: retryAfter},
		": open\n\n":                   {comment: "open"},
		"data: {  \"a\":\"\\n\" }\n\n": {data: []byte("{\r\n\"a\":\"\\n\"\n}")},
	} {
		if got := string(e.append(nil)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Whatever JSON an event carries, a reader gets it back as one event.
func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"a": "b\n"}`))
	f.Add([]byte("[1,\n2]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if parse(data, new(message)) != nil && !isBatch(data) {
			return
		}
		e := event{name: "message", id: "1", data: data}
		want := string(oneLine(bytes.Clone(data)))
		events := newEvents(bytes.NewReader(e.append(nil)))
		got, ok := events.try()
		if !ok || got.data != want && strings.TrimSpace(got.data) != strings.TrimSpace(want) {
			t.Errorf("%q comes back as %+v", data, got)
		}
		if _, more := events.try(); more {
			t.Errorf("%q makes two events", data)
		}
	})
}
