package mcp

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
)

// httpError is a request that is refused before a message could be read.
type httpError struct {
	status  int
	message string
}

func (e *httpError) Error() string { return e.message }

// readBody reads a JSON body into buf, within the limit.
func (d *Door) readBody(w http.ResponseWriter, r *http.Request, buf *buffer) error {
	if !isJSON(r.Header.Get("Content-Type")) {
		return &httpError{http.StatusUnsupportedMediaType, "the Content-Type must be application/json"}
	}
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return &httpError{http.StatusUnsupportedMediaType, "the body must not be compressed"}
	}
	err := buf.readFrom(http.MaxBytesReader(w, r.Body, d.cfg.MaxBody), r.ContentLength)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &httpError{http.StatusRequestEntityTooLarge, "the message is too large"}
	case err != nil:
		return &httpError{http.StatusBadRequest, "the body could not be read"}
	}
	return nil
}

// readFrom appends all of r, of which expected bytes are announced; negative
// means that nothing is. Room for a big body is made as it arrives: an announcement
// costs its sender nothing.
func (buf *buffer) readFrom(r io.Reader, expected int64) error {
	if need := int(min(expected+1, maxPooled)); need > cap(buf.b)-len(buf.b) { // room for the read that finds the end
		buf.b = append(make([]byte, 0, len(buf.b)+need), buf.b...)
	}
	for {
		if len(buf.b) == cap(buf.b) {
			buf.b = append(buf.b, 0)[:len(buf.b)]
		}
		n, err := r.Read(buf.b[len(buf.b):cap(buf.b)])
		buf.b = buf.b[:len(buf.b)+n]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && media == "application/json"
}

// accepted are the media types that a client takes.
type accepted struct{ json, stream bool }

// accepts reads the Accept header; none means everything.
func accepts(h http.Header) accepted {
	values := h["Accept"]
	if len(values) == 0 {
		return accepted{json: true, stream: true}
	}
	var a accepted
	for _, value := range values {
		for part := range strings.SplitSeq(value, ",") {
			media, quality, _ := strings.Cut(part, ";")
			if isZeroQuality(quality) {
				continue
			}
			switch media = strings.TrimSpace(media); {
			case media == "*/*":
				a = accepted{json: true, stream: true}
			case strings.EqualFold(media, "application/json"), strings.EqualFold(media, "application/*"):
				a.json = true
			case strings.EqualFold(media, "text/event-stream"), strings.EqualFold(media, "text/*"):
				a.stream = true
			}
		}
	}
	return a
}

func isZeroQuality(parameters string) bool {
	for p := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(name, "q") {
			return strings.Trim(value, "0.") == ""
		}
	}
	return false
}
