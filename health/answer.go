package health

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Status is the state of a component, or of the whole.
type Status string

// The states. Degraded and Draining are of the whole only.
const (
	OK       Status = "ok"
	Degraded Status = "degraded" // it works, but for what needs the state that replicas share
	Failing  Status = "failing"
	Draining Status = "draining"
)

// HTTPStatus returns 200 for OK and Degraded, and 503 for everything else.
func (s Status) HTTPStatus() int {
	if s == OK || s == Degraded {
		return http.StatusOK
	}
	return http.StatusServiceUnavailable
}

// of returns OK for true.
func of(ok bool) Status {
	if ok {
		return OK
	}
	return Failing
}

// answer writes the report of a check. It must not be cached: a balancer reads
// the present state.
func answer(w http.ResponseWriter, status Status, report any) {
	body, err := json.Marshal(report)
	if err != nil { // not reachable: reports are structs of strings and numbers
		http.Error(w, "the report cannot be encoded", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status.HTTPStatus())
	_, _ = w.Write(body) // the caller may be gone; there is nobody else to tell
}

// milliseconds returns d with a resolution of a microsecond.
func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}

// Live returns the handler of the liveness route.
func Live() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, OK, struct {
			Status Status `json:"status"`
		}{OK})
	})
}
