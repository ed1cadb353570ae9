//go:build unix

package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"chaos","version":"1"}}}`

// event is one of an event stream.
type event struct{ name, id, data string }

// events hands the events of a stream on until it ends or use says false.
func events(body io.Reader, use func(event) bool) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	var e event
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "":
			if !use(e) {
				return
			}
			e = event{}
		case field == "event":
			e.name = value
		case field == "id":
			e.id = value
		case field == "data":
			e.data += value
		}
	}
}

// streamable is a client of a session of 2025-11-25. A call whose stream broke is
// resumed by its last event, or else sent again under its id.
type streamable struct {
	*client
	session string
	call    int64
	last    string // the id of the last event of the call's stream
}

func (*streamable) answers(int64) []result { return nil }
func (*streamable) close()                 {}

func (s *streamable) open(ctx context.Context) error {
	s.session = ""
	response, err := s.send(ctx, "POST", "/mcp", []byte(initialize))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	s.session = response.Header.Get("Mcp-Session-Id")
	return nil
}

func (s *streamable) attempt(ctx context.Context, key string, n int64, a adjustment) (result, error) {
	if s.call != n {
		s.call, s.last = n, ""
	}
	response, err := s.ask(ctx, key, n, a)
	if err != nil {
		return result{}, err
	}
	defer response.Body.Close()
	m, ok := s.await(response, n)
	if !ok {
		return result{}, errAgain
	}
	s.last = ""
	return s.judge(m)
}

func (s *streamable) ask(ctx context.Context, key string, n int64, a adjustment) (*http.Response, error) {
	header := []string{"Mcp-Session-Id", s.session, "Mcp-Protocol-Version", "2025-11-25"}
	if s.last != "" {
		last := s.last
		s.last = "" // if it leads to nothing, the call is sent again
		return s.send(ctx, "GET", "/mcp", nil, append(header, "Last-Event-Id", last, "Accept", "text/event-stream")...)
	}
	return s.send(ctx, "POST", "/mcp", toolCall(n, key, a, map[string]any{}), header...)
}

// await reads the answer to call n.
func (s *streamable) await(response *http.Response, n int64) (m message, ok bool) {
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		return m, read(response, &m) == nil
	}
	events(response.Body, func(e event) bool {
		if e.id != "" {
			s.last = e.id
		}
		m = message{}
		ok = json.Unmarshal([]byte(e.data), &m) == nil && m.ID.String() == jsonID(n)
		return !ok
	})
	return m, ok
}

// legacy is a client of HTTP+SSE, whose answers come by one stream.
type legacy struct {
	*client
	stop func()
	done sync.WaitGroup

	mu       sync.Mutex
	messages string
	last     string
	cut      func() // ends the stream that is open
	gone     bool
	got      map[string]map[string]message // by call, by the event's id
	news     chan struct{}                 // replaced with each event
}

// open opens the session's stream, which is opened again whenever it ends.
func (l *legacy) open(ctx context.Context) error {
	l.close()
	l.mu.Lock()
	l.messages, l.last, l.gone, l.cut, l.got, l.news = "", "", false, func() {}, map[string]map[string]message{}, make(chan struct{})
	l.mu.Unlock()
	reading, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	l.done.Go(func() { l.follow(reading) })
	for !l.has("1") {
		news := l.nextNews()
		if path := l.path(); path != "" {
			if response, err := l.send(ctx, "POST", path, []byte(initialize)); err == nil {
				_ = response.Body.Close()
			}
		}
		if !wait(ctx, news) {
			return errAgain
		}
	}
	return nil
}

func (l *legacy) close() {
	if l.stop != nil {
		l.stop()
		l.done.Wait()
	}
}

// follow reads the stream, and opens it again at its last event when it ends.
func (l *legacy) follow(ctx context.Context) {
	for ctx.Err() == nil {
		one, cut := context.WithCancel(ctx)
		l.mu.Lock()
		last := l.last
		l.cut = cut
		l.mu.Unlock()
		response, err := l.send(one, "GET", "/mcp/sse", nil, "Last-Event-Id", last, "Accept", "text/event-stream")
		if err == nil {
			events(response.Body, l.take)
			_ = response.Body.Close()
		}
		cut()
		if errors.Is(err, errGone) {
			l.mu.Lock()
			l.gone = true
			l.mu.Unlock()
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(betweenTry):
		}
	}
}

// reopen breaks the stream, which may be one that nothing comes from any more.
func (l *legacy) reopen() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut()
}

func (l *legacy) take(e event) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.id != "" {
		l.last = e.id
	}
	switch {
	case e.name == "endpoint":
		if l.messages != "" && l.messages != e.data {
			l.gone = true // another session
		}
		l.messages = e.data
	case e.data != "":
		var m message
		if json.Unmarshal([]byte(e.data), &m) == nil && m.Method == "" {
			if l.got[m.ID.String()] == nil {
				l.got[m.ID.String()] = map[string]message{}
			}
			l.got[m.ID.String()][e.id] = m
		}
	}
	close(l.news)
	l.news = make(chan struct{})
	return true
}

func (l *legacy) has(id string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.got[id]) > 0
}

func (l *legacy) path() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.messages
}

func (l *legacy) nextNews() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.news
}

// wait returns false if ctx ends before news.
func wait(ctx context.Context, news <-chan struct{}) bool {
	select {
	case <-news:
		return true
	case <-ctx.Done():
		return false
	}
}

func jsonID(n int64) string { return strconv.FormatInt(n, 10) }

func (l *legacy) attempt(ctx context.Context, key string, n int64, a adjustment) (result, error) {
	id := jsonID(n)
	if !l.has(id) {
		response, err := l.send(ctx, "POST", l.path(), toolCall(n, key, a, map[string]any{}))
		if err != nil {
			return result{}, err
		}
		_ = response.Body.Close()
	}
	for !l.has(id) {
		news := l.nextNews()
		if l.has(id) {
			break
		}
		if l.lost() {
			return result{}, errGone
		}
		if !wait(ctx, news) {
			l.reopen()
			return result{}, errAgain
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.got[id] {
		got, err := l.judge(m)
		if err != nil {
			delete(l.got, id) // an error after which it asks again
		}
		return got, err
	}
	return result{}, errAgain
}

func (l *legacy) lost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.gone
}

// answers are those of every event that is an answer to call n.
func (l *legacy) answers(n int64) (all []result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, m := range l.got[jsonID(n)] {
		got, err := l.judge(m)
		if err == nil && len(l.got[jsonID(n)]) > 1 {
			got.AdjustmentID += " in event " + id // two events are two answers, whatever they say
		}
		all = append(all, got)
	}
	return all
}
