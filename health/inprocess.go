package health

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// inProcess carries requests to a handler without a network, streams included.
type inProcess struct {
	handler http.Handler
	running sync.WaitGroup
}

// leave is how long a handler gets to return once its caller is gone.
const leave = time.Second

// wait returns when the handler has left every request, or when one of them
// stays although its context has ended. The bodies must have been closed before.
func (p *inProcess) wait() {
	idle := make(chan struct{})
	go func() {
		p.running.Wait()
		close(idle)
	}()
	timer := time.NewTimer(leave)
	defer timer.Stop()
	select {
	case <-idle:
	case <-timer.C:
	}
}

// roundTrip returns once the handler has sent its header. Closing the response's
// body ends the request's context, as a client that goes away does.
func (p *inProcess) roundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	w := &streamWriter{header: http.Header{}, body: newStream(), started: make(chan struct{})}
	p.running.Go(func() {
		w.finish(serve(p.handler, w, r.WithContext(ctx)))
	})
	select {
	case <-w.started:
	case <-ctx.Done():
		cancel()
		return nil, ctx.Err()
	}
	stop := context.AfterFunc(ctx, func() { w.body.end(context.Cause(ctx)) })
	end := func() { stop(); cancel() }
	return &http.Response{
		StatusCode: w.status,
		Header:     w.sent,
		Body:       &streamBody{stream: w.body, end: end},
		Request:    r,
	}, nil
}

var errHandlerPanic = errors.New("the handler panicked")

// serve turns a panic of the handler into an error, as a connection's end would be.
func serve(h http.Handler, w http.ResponseWriter, r *http.Request) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("%w: %v", errHandlerPanic, v)
		}
	}()
	h.ServeHTTP(w, r)
	return nil
}

// streamBody ends the request when it is closed.
type streamBody struct {
	*stream
	end func()
}

func (b *streamBody) Close() error {
	b.end()
	return b.stream.Close()
}

// streamWriter is the http.ResponseWriter of a request in process.
type streamWriter struct {
	header  http.Header
	body    *stream
	once    sync.Once
	started chan struct{}
	status  int
	sent    http.Header // a copy of header at the time of WriteHeader
}

func (w *streamWriter) Header() http.Header { return w.header }

func (w *streamWriter) WriteHeader(status int) {
	if status < 200 {
		return // an interim response
	}
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.started)
	})
}

func (w *streamWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// Flush sends the header; the body is never held back.
func (w *streamWriter) Flush() { w.WriteHeader(http.StatusOK) }

// SetWriteDeadline does nothing: the reader is the check itself, whose own
// timeout ends the request.
func (w *streamWriter) SetWriteDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing, like SetWriteDeadline.
func (w *streamWriter) SetReadDeadline(time.Time) error { return nil }

// finish ends the body, with an error if the handler failed.
func (w *streamWriter) finish(err error) {
	status := http.StatusOK
	if err == nil {
		err = io.EOF
	} else {
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	w.body.end(err)
}
