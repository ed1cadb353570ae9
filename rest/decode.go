package rest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"sync"

	"github.com/tandem-go/tandem"
)

// decode turns the request into a call. What HTTP itself decides (size, media
// type) is refused at once; what is wrong with the arguments travels with the
// call, so that it is authorized and counted like every other.
func (h *Handler) decode(w http.ResponseWriter, r *http.Request, op *tandem.Registered) (*tandem.Call, *tandem.Problem) {
	call := &tandem.Call{Operation: op, Door: tandem.REST}
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		call.Arguments, call.Invalid = op.Binding().Arguments(nil, r, nil)
		return call, nil
	}
	if !op.Binding().TakesBody() {
		first, err := firstByte(r.Body)
		if err != nil {
			return nil, h.unread(w, err)
		}
		call.Arguments, call.Invalid = op.Binding().Arguments(nil, r, first)
		return call, nil
	}
	buf := buffers.Get().(*bytes.Buffer)
	defer release(buf)
	if refusal := h.readBody(w, r, buf); refusal != nil {
		return nil, refusal
	}
	call.Arguments, call.Invalid = op.Binding().Arguments(nil, r, buf.Bytes()) // a copy: arguments may outlive the request
	return call, nil
}

// buffers holds what bodies are read into.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// release returns buf to the pool, unless a large body has grown it.
func release(buf *bytes.Buffer) {
	const keep = 256 << 10
	if buf.Cap() <= keep {
		buf.Reset()
		buffers.Put(buf)
	}
}

// firstByte tells a body from none, where none is taken.
func firstByte(body io.Reader) ([]byte, error) {
	first := make([]byte, 1)
	n, err := io.ReadFull(body, first)
	if err == io.EOF {
		err = nil
	}
	return first[:n], err
}

// readBody reads the body into buf and refuses what is no JSON by its headers or
// too large. The type of a chunked body counts only if it is not empty.
func (h *Handler) readBody(w http.ResponseWriter, r *http.Request, buf *bytes.Buffer) *tandem.Problem {
	refusal := checkMedia(w, r.Header)
	switch {
	case refusal != nil && r.ContentLength > 0:
		return refusal
	case r.ContentLength > h.cfg.MaxBody:
		return h.tooLarge()
	}
	if _, err := buf.ReadFrom(http.MaxBytesReader(w, r.Body, h.cfg.MaxBody)); err != nil {
		return h.unread(w, err)
	}
	if buf.Len() > 0 {
		return refusal
	}
	return nil
}

func (h *Handler) tooLarge() *tandem.Problem {
	p := problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body may have at most %d bytes", h.cfg.MaxBody))
	return &p
}

// unread says why the body could not be read.
func (h *Handler) unread(w http.ResponseWriter, err error) *tandem.Problem {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return h.tooLarge()
	}
	w.Header().Set("Connection", "close") // where the next request begins is unknown
	p := problem(http.StatusBadRequest, "the body ended before it was complete, or is wrongly framed")
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p = problem(http.StatusRequestTimeout, "the body did not come in time")
	}
	return &p
}

// checkMedia refuses bodies that are not plain JSON in UTF-8 (RFC 8259 section 8.1).
func checkMedia(w http.ResponseWriter, header http.Header) *tandem.Problem {
	for _, coding := range header["Content-Encoding"] {
		if coding != "" && !strings.EqualFold(coding, "identity") {
			w.Header().Set("Accept-Encoding", "identity") // RFC 9110 section 12.5.3
			p := problem(http.StatusUnsupportedMediaType, "the body must not be compressed")
			return &p
		}
	}
	if types := header["Content-Type"]; len(types) != 1 || !isJSON(types[0]) {
		p := problem(http.StatusUnsupportedMediaType, "the body must be declared as Content-Type: application/json")
		return &p
	}
	return nil
}

func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	return media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json")
}
