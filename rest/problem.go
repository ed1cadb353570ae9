package rest

import (
	"net/http"
	"strings"

	"github.com/tandem-go/tandem"
)

const problemType = "application/problem+json"

// problem returns the document of a refusal that is HTTP's own and reaches no
// operation. Its code is the nearest of the closed set; the status says more.
func problem(status int, detail string) tandem.Problem {
	return tandem.Problem{
		Type:   "about:blank",
		Title:  http.StatusText(status),
		Status: status,
		Code:   codeOf(status).String(),
		Detail: detail,
	}
}

func codeOf(status int) tandem.Code {
	switch status {
	case http.StatusNotFound:
		return tandem.NotFound
	case http.StatusMethodNotAllowed:
		return tandem.Unimplemented
	case http.StatusRequestTimeout:
		return tandem.DeadlineExceeded
	case http.StatusRequestEntityTooLarge, http.StatusRequestHeaderFieldsTooLarge:
		return tandem.ResourceExhausted
	}
	return tandem.InvalidArgument
}

// unacceptable says what the answer would be; no offers mean anything.
func unacceptable(offers []string) string {
	const stream = "text/event-stream with progress is to be had as well"
	if offers == nil {
		return "the answer is content of some media type; " + stream
	}
	return "the answer is " + strings.Join(offers, " or ") + "; " + stream
}

// writeProblem answers with a problem document. It is sent to every caller:
// Accept is about results (RFC 9110 section 15.5.7 leaves that to the server).
func writeProblem(w http.ResponseWriter, p tandem.Problem) {
	header := w.Header()
	header["Content-Type"] = problemTypes
	header["X-Content-Type-Options"] = noSniff
	header["Cache-Control"] = noStore
	writeBody(w, p.Status, p.JSON())
}
