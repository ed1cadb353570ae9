package server

import (
	"io"
	"net/http"
	"time"
)

// responseWriter counts what is written and bounds each write in time, so that
// a client which does not read is let go. It cannot be one deadline for the whole
// response: streams stay open.
type responseWriter struct {
	http.ResponseWriter
	control http.ResponseController
	timeout time.Duration

	status   int
	bytes    int64
	extended time.Time // when the deadline was last set
	owned    bool      // the handler sets deadlines itself
	closing  func() bool
}

func (w *responseWriter) init(inner http.ResponseWriter, timeout time.Duration) {
	w.ResponseWriter = inner
	w.control = *http.NewResponseController(inner)
	w.timeout = timeout
}

// Unwrap gives http.ResponseController what this type does not have itself.
func (w *responseWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader sends the status. While the server drains, it also asks the
// client to open its next connection elsewhere.
func (w *responseWriter) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
		if w.closing != nil && w.closing() {
			w.Header().Set("Connection", "close")
		}
	}
	w.extend()
	w.ResponseWriter.WriteHeader(status)
}

func (w *responseWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	w.extend()
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom keeps the server's own way of sending files.
func (w *responseWriter) ReadFrom(src io.Reader) (int64, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	w.extend()
	n, err := io.Copy(w.ResponseWriter, src)
	w.bytes += n
	return n, err
}

// Flush is for handlers that look for an http.Flusher.
func (w *responseWriter) Flush() { _ = w.FlushError() }

// FlushError sends what is buffered.
func (w *responseWriter) FlushError() error {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	w.extend()
	return w.control.Flush()
}

// SetWriteDeadline hands the deadlines over to the handler.
func (w *responseWriter) SetWriteDeadline(t time.Time) error {
	w.owned = true
	return w.control.SetWriteDeadline(t)
}

// extend gives the next write its time, unless it has nearly all of it still.
func (w *responseWriter) extend() {
	if w.owned {
		return
	}
	now := time.Now()
	if now.Sub(w.extended) < w.timeout/10 {
		return
	}
	w.extended = now
	_ = w.control.SetWriteDeadline(now.Add(w.timeout)) // not every connection has deadlines
}

// timedBody bounds the arrival of a request's body. The deadline is taken away
// once the body is read, or it would end the request's context later.
type timedBody struct {
	io.ReadCloser
	control http.ResponseController
	left    int64 // bytes to come; negative if that is unknown
	armed   bool
}

// boundBody gives the request's body its time to arrive. A connection that brought
// a chunked body serves no second request: if there was a Content-Length beside
// it, net/http has dropped that without a trace, and who is in front of this
// server may have gone by it (RFC 9112, section 6.1).
func boundBody(w http.ResponseWriter, r *http.Request, timeout time.Duration) {
	if r.Body == nil || r.Body == http.NoBody {
		return
	}
	b := &timedBody{ReadCloser: r.Body, control: *http.NewResponseController(w), left: r.ContentLength}
	if len(r.TransferEncoding) > 0 && r.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
	}
	b.armed = b.control.SetReadDeadline(time.Now().Add(timeout)) == nil
	r.Body = b
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	if err == io.EOF || b.left == 0 {
		b.disarm() // not after other errors: what is left of the body is still awaited, by net/http
	}
	return n, err
}

func (b *timedBody) Close() error {
	err := b.ReadCloser.Close()
	b.disarm()
	return err
}

func (b *timedBody) disarm() {
	if b.armed {
		b.armed = false
		_ = b.control.SetReadDeadline(time.Time{}) // it could be set, so it can be unset
	}
}
