package rest

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/tandem-go/tandem"
)

// Values of headers, shared by all responses.
var (
	jsonTypes    = []string{"application/json"}
	problemTypes = []string{problemType}
	noSniff      = []string{"nosniff"}
	noStore      = []string{"no-store"}
	acceptVaries = []string{"Accept"}
)

// encode writes the result of a call, or its error.
func (h *Handler) encode(w http.ResponseWriter, r *http.Request, call *tandem.Call, result tandem.Result, err error) {
	if err != nil {
		h.encodeError(w, r, call, err)
		return
	}
	header := w.Header()
	header["X-Content-Type-Options"] = noSniff
	addVary(header)
	tellReplay(header, result)
	status := call.Operation.SuccessStatus()
	if call.Operation.HasContent() {
		writeContent(w, status, result.Blocks)
		return
	}
	if result.JSON == nil {
		w.WriteHeader(status)
		return
	}
	header["Content-Type"] = jsonTypes
	writeBody(w, status, result.JSON)
}

// addVary tells caches that the same URL has another answer for another Accept.
func addVary(header http.Header) {
	if len(header["Vary"]) == 0 {
		header["Vary"] = acceptVaries
		return
	}
	header.Add("Vary", "Accept")
}

// writeBody writes a body whose length is told, also in the answer to HEAD,
// where net/http leaves out the body.
func writeBody(w http.ResponseWriter, status int, body []byte) {
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	_, _ = w.Write(body) // fails only if the caller is gone
}

// encodeError writes the problem of a call with what HTTP says besides.
func (h *Handler) encodeError(w http.ResponseWriter, r *http.Request, call *tandem.Call, err error) {
	if p := (*tandem.Pending)(nil); errors.As(err, &p) {
		writeProblem(w, awaiting(p))
		return
	}
	e := public(err)
	if e.RetryAfter > 0 {
		seconds := (e.RetryAfter + time.Second - 1) / time.Second
		w.Header()["Retry-After"] = []string{strconv.FormatInt(int64(seconds), 10)}
	}
	if challenge := h.challenge(r, e); challenge != "" {
		w.Header().Set("WWW-Authenticate", challenge)
	}
	writeProblem(w, e.Problem())
}

// public returns the error that [tandem.Registered.Invoke] promises; a call that
// awaits answers is another case.
func public(err error) *tandem.Error {
	var e *tandem.Error
	if errors.As(err, &e) {
		return e
	}
	return tandem.Errorf(tandem.Internal, "internal error").WithCause(err)
}
