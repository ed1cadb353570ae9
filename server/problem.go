package server

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/tandem-go/tandem"
)

// writeProblem answers with the error's problem document.
func writeProblem(w http.ResponseWriter, e *tandem.Error) {
	writeStatus(w, e, e.Code.HTTPStatus())
}

// writeStatus is writeProblem for HTTP's own errors, whose status no code has.
func writeStatus(w http.ResponseWriter, e *tandem.Error, status int) {
	problem := e.Problem()
	if status != problem.Status {
		problem.Status, problem.Title = status, http.StatusText(status)
	}
	body := problem.JSON()
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if seconds := e.RetrySeconds(); seconds > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may be gone; there is nobody else to tell
}

// only lets a handler serve some methods.
func only(next http.Handler, methods ...string) http.Handler {
	allow := strings.Join(methods, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, m := range methods {
			if r.Method == m {
				next.ServeHTTP(w, r)
				return
			}
		}
		w.Header().Set("Allow", allow)
		writeStatus(w, tandem.Errorf(tandem.Unimplemented, "this path takes the methods %s", allow), http.StatusMethodNotAllowed)
	})
}
