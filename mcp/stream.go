package mcp

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/lifetime"
)

// retryAfter is what a stream tells its client to wait before it reconnects.
const retryAfter = 300 * time.Millisecond

var errStreamClosed = errors.New("mcp: the stream is closed")

var pingComment = []byte(": ping\n\n")

// stream writes server-sent events to one HTTP response. It sends a comment
// whenever nothing was written for a heartbeat, and gives up a client that does
// not read for as long as the write timeout. Its methods may be called by several
// goroutines.
type stream struct {
	w         http.ResponseWriter
	rc        *http.ResponseController
	heartbeat time.Duration
	timeout   time.Duration
	beat      *time.Timer
	mu        sync.Mutex
	buf       []byte
	err       error     // the first error of a write, or errStreamClosed
	lost      func()    // called at the first error of a write; nil for nothing
	last      time.Time // of the last write
	unwatch   func()    // ends the watch of the credentials
}

// openStream begins the response to a request and flushes its header. The caller
// must close the stream before its HTTP handler returns. ended is called, perhaps at
// once, when the credentials of the request of ctx end, which the stream must not
// outlive; it runs on a goroutine of its own, and may come with the close.
func (d *Door) openStream(ctx context.Context, w http.ResponseWriter, ended func(*stream, *tandem.Error)) *stream {
	s := &stream{
		w:         w,
		rc:        http.NewResponseController(w),
		heartbeat: d.cfg.Heartbeat,
		timeout:   d.cfg.WriteTimeout,
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.rc.SetReadDeadline(time.Time{}) // that of the request, which would end its context; not every response has one
	s.flush()
	s.beat = time.AfterFunc(s.heartbeat, s.ping)
	s.unwatch = lifetime.Watch(ctx, s.heartbeat, func(e *tandem.Error) {
		d.logger().InfoContext(ctx, "mcp: a stream ends with the credentials of its request", "error", e, "cause", e.Unwrap())
		ended(s, e)
	})
	return s
}

// event is one server-sent event; fields that are empty are left out.
type event struct {
	comment string
	name    string
	id      string
	data    []byte // JSON text, or a URL
	// retry tells the client how long to wait before it reconnects.
	retry time.Duration
}

func (e *event) append(dst []byte) []byte {
	if e.comment != "" {
		dst = append(append(append(dst, ": "...), e.comment...), '\n')
	}
	if e.retry > 0 {
		dst = strconv.AppendInt(append(dst, "retry: "...), e.retry.Milliseconds(), 10)
		dst = append(dst, '\n')
	}
	if e.id != "" {
		dst = append(append(append(dst, "id: "...), e.id...), '\n')
	}
	if e.name != "" {
		dst = append(append(append(dst, "event: "...), e.name...), '\n')
	}
	if e.data != nil {
		start := len(dst) + len("data: ")
		dst = append(append(dst, "data: "...), e.data...)
		oneLine(dst[start:])
		dst = append(dst, '\n')
	}
	return append(dst, '\n')
}

// send writes the events and flushes once.
func (s *stream) send(events ...event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.buf = s.buf[:0]
	for i := range events {
		s.buf = events[i].append(s.buf)
	}
	s.write(s.buf)
	if cap(s.buf) > maxPooled {
		s.buf = nil
	}
	return s.err
}

// write writes and flushes within the timeout; s.mu is held.
func (s *stream) write(b []byte) {
	if s.err != nil {
		return
	}
	s.deadline(s.timeout)
	if _, err := s.w.Write(b); err != nil {
		s.fail(err)
		return
	}
	s.flush()
}

// flush sends what was written; s.mu is held.
func (s *stream) flush() {
	if s.err != nil {
		return
	}
	s.deadline(s.timeout)
	s.last = time.Now()
	if err := s.rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.fail(err)
	}
}

// deadline sets the deadline of the next write, or none for zero. A response
// that has no deadlines, such as a recorder in a test, is written without.
func (s *stream) deadline(after time.Duration) {
	var at time.Time
	if after > 0 {
		at = time.Now().Add(after)
	}
	if err := s.rc.SetWriteDeadline(at); err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.fail(err)
	}
}

func (s *stream) fail(err error) {
	if s.err == nil {
		s.err = err
		if s.lost != nil {
			s.lost()
		}
	}
}

// onLost has lost called when the client turns out to be gone; it must not wait
// for the stream.
func (s *stream) onLost(lost func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lost = lost
	if s.err != nil {
		lost()
	}
}

// ping is the heartbeat.
func (s *stream) ping() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	if quiet := time.Since(s.last); quiet < s.heartbeat {
		s.beat.Reset(s.heartbeat - quiet)
		return
	}
	s.write(pingComment)
	if s.err == nil {
		s.beat.Reset(s.heartbeat)
	}
}

// close ends the stream; nothing is written after it returns. The connection may
// be used again, so that it is left without a deadline.
func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.deadline(0)
		s.fail(errStreamClosed)
	}
	s.beat.Stop()
	s.unwatch()
}
