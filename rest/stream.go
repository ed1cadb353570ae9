package rest

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/lifetime"
)

// serveEvents invokes the call with its progress, result or error as events.
func (h *Handler) serveEvents(w http.ResponseWriter, r *http.Request, call *tandem.Call, resume tandem.Resume) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	s := &stream{ctx: ctx, w: w, control: http.NewResponseController(w), cfg: h.cfg, cancel: cancel, logger: h.logger()}
	defer s.close()
	call.Started = s.open
	result, err := h.invoke(tandem.WithProgress(ctx, s.progress), call, resume)
	if err != nil && !s.isOpen() {
		h.encodeError(w, r, call, err)
		return
	}
	if !s.isOpen() {
		tellReplay(w.Header(), result)
	}
	s.open() // for an answer that an interceptor gave in the handler's stead
	switch {
	case err != nil:
		s.send("error", problemOf(err).JSON())
	case call.Operation.HasContent():
		s.send("result", blocksJSON(result.Blocks))
	case result.JSON == nil:
		s.send("result", []byte("null")) // an event without data would not be dispatched
	default:
		s.send("result", result.JSON)
	}
}

// stream writes server-sent events. Its methods may be called from several
// goroutines at once; after close they do nothing.
type stream struct {
	ctx     context.Context // of the call, with the credentials that the stream must not outlive
	w       http.ResponseWriter
	control *http.ResponseController
	cfg     Config
	cancel  context.CancelFunc // ends the call when the caller cannot be reached, or its credentials end
	logger  *slog.Logger

	mu     sync.Mutex
	opened bool
	closed bool
	buf    []byte
	beat   *time.Timer
	// unwatch ends the watch of the credentials; nil before the stream is open.
	unwatch func()
}

func (s *stream) isOpen() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// open sends the header and a first comment, once.
func (s *stream) open() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.begin()
}

func (s *stream) begin() {
	if s.opened || s.closed {
		return
	}
	s.opened = true
	header := s.w.Header()
	header["Content-Type"] = []string{eventsType}
	header["Cache-Control"] = []string{"no-cache, no-transform"}
	header["X-Accel-Buffering"] = []string{"no"} // nginx would hold the events back
	header["X-Content-Type-Options"] = noSniff
	addVary(header)
	_ = s.control.SetReadDeadline(time.Time{}) // a server's ReadTimeout is for the request, which is read
	s.w.WriteHeader(http.StatusOK)
	s.beat = time.AfterFunc(s.cfg.Heartbeat, s.heartbeat)
	s.write([]byte(": open\n\n"))
	s.unwatch = lifetime.Watch(s.ctx, s.cfg.Heartbeat, s.end)
}

// end tells the caller that its credentials have ended, ends the stream with that,
// and cancels the call.
func (s *stream) end(e *tandem.Error) {
	s.logger.InfoContext(s.ctx, "rest: a stream ends with the credentials of its request", "error", e, "cause", e.Unwrap())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put("error", e.Problem().JSON())
	s.closed = true
	s.beat.Stop()
	s.cancel()
}

// close stops the heartbeat; nothing is written afterwards.
func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.beat != nil {
		s.beat.Stop()
	}
	if s.unwatch != nil {
		s.unwatch()
	}
}

func (s *stream) heartbeat() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write([]byte(": ping\n\n"))
}

// progress sends an update, opening the stream if an interceptor reports before
// the handler does.
func (s *stream) progress(u tandem.ProgressUpdate) {
	u.Done, u.Total = finite(u.Done), finite(u.Total)
	data, err := json.Marshal(u, jsontext.AllowInvalidUTF8(true))
	if err != nil { // not reachable: two finite numbers and a string
		return
	}
	s.open()
	s.send("progress", data)
}

// finite returns 0, which says nothing, for what JSON cannot express.
func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// send writes one event.
func (s *stream) send(event string, data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(event, data)
}

// put is send with s.mu held.
func (s *stream) put(event string, data []byte) {
	s.buf = append(append(s.buf[:0], "event: "...), event...)
	s.buf = appendData(append(s.buf, '\n'), data)
	s.write(append(s.buf, '\n'))
}

// appendData appends data as data lines: line breaks, which JSON has only as
// white space, end a line of the stream.
func appendData(dst, data []byte) []byte {
	dst = append(dst, "data: "...)
	for _, c := range data {
		if c == '\n' || c == '\r' {
			dst = append(dst, "\ndata: "...)
			continue
		}
		dst = append(dst, c)
	}
	return append(dst, '\n')
}

// flush sends what is written; a ResponseWriter that cannot sends it at the end.
func flush(control *http.ResponseController) error {
	if err := control.Flush(); !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// write sends bytes at once, within the deadline; s.mu is held. A caller that
// cannot be written to ends its call.
func (s *stream) write(p []byte) {
	if s.closed {
		return
	}
	s.beat.Reset(s.cfg.Heartbeat)
	_ = s.control.SetWriteDeadline(time.Now().Add(s.cfg.WriteTimeout)) // not every ResponseWriter can
	_, err := s.w.Write(p)
	if err == nil {
		err = flush(s.control)
	}
	_ = s.control.SetWriteDeadline(time.Time{})
	if err != nil {
		s.closed = true
		s.beat.Stop()
		s.cancel()
	}
}
