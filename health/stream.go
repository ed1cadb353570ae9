package health

import (
	"errors"
	"io"
	"sync"
)

var errTooMuch = errors.New("the answer is longer than the self-check reads")

// stream is a pipe that holds what was written until it is read, as a
// connection's buffers do: a handler must not wait for the self-check, which may
// be waiting for another handler.
type stream struct {
	mu      sync.Mutex
	changed sync.Cond
	data    []byte
	ended   error // why no more can be read after data; nil while open
	closed  bool  // the reader is gone
}

func newStream() *stream {
	s := &stream{}
	s.changed.L = &s.mu
	return s
}

// Write holds p for the reader.
func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.closed || s.ended != nil:
		return 0, io.ErrClosedPipe
	case len(s.data)+len(p) > maxAnswer:
		return 0, errTooMuch
	}
	s.data = append(s.data, p...)
	s.changed.Broadcast()
	return len(p), nil
}

// Read waits for data or the end.
func (s *stream) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.data) == 0 && s.ended == nil && !s.closed {
		s.changed.Wait()
	}
	switch {
	case s.closed:
		return 0, io.ErrClosedPipe
	case len(s.data) > 0:
		n := copy(p, s.data)
		s.data = s.data[n:]
		return n, nil
	}
	return 0, s.ended
}

// end lets the reader have what is held, then err; io.EOF is a good end.
func (s *stream) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.ended = err
	}
	s.changed.Broadcast()
}

// Close is the reader's: what is held is dropped, writers get an error.
func (s *stream) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.data = true, nil
	s.changed.Broadcast()
	return nil
}
