package securitytest

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// stream is an answer of server-sent events that is read as it comes.
type stream struct {
	status int
	header http.Header
	body   string // of an answer that is no stream
	events chan event
	ended  chan struct{} // closed at the end of the body
	close  func()

	mu  sync.Mutex
	err error // how the body ended; nil for a proper end
}

// follow sends a request whose answer is a stream and reads it to its end, or
// until t ends.
func (w *world) follow(t testing.TB, r *http.Request, by credentials) *stream {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r = r.WithContext(ctx)
	response, err := w.try(r, by)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	s := &stream{status: response.StatusCode, header: response.Header, events: make(chan event, 1024), ended: make(chan struct{}), close: cancel}
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		defer response.Body.Close()
		defer close(s.ended)
		body, err := io.ReadAll(response.Body)
		s.body, s.err = string(body), err
		return s
	}
	go s.read(response.Body)
	t.Cleanup(func() {
		cancel()
		<-s.ended
	})
	return s
}

func (s *stream) read(body io.ReadCloser) {
	defer close(s.ended)
	defer body.Close()
	var block strings.Builder
	lines := bufio.NewReader(body)
	for {
		line, err := lines.ReadString('\n')
		if strings.TrimSpace(line) != "" {
			block.WriteString(line)
		} else if e, ok := parseEvent(block.String()); ok {
			s.events <- e
			block.Reset()
		} else {
			block.Reset()
		}
		if err != nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if !errors.Is(err, io.EOF) {
				s.err = err
			}
			return
		}
	}
}

// isOpen reports whether there is a stream that has not ended.
func (s *stream) isOpen() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// next returns the next event that there is within a while.
func (s *stream) next(t testing.TB) (event, bool) {
	t.Helper()
	select {
	case e := <-s.events:
		return e, true
	case <-s.ended:
		select {
		case e := <-s.events:
			return e, true
		default:
			return event{}, false
		}
	case <-time.After(patience):
		t.Error("nothing came on a stream")
		return event{}, false
	}
}

// find returns the next event whose data contains the text.
func (s *stream) find(t testing.TB, text string) (event, bool) {
	t.Helper()
	for {
		e, ok := s.next(t)
		if !ok || strings.Contains(e.data, text) {
			return e, ok
		}
	}
}
