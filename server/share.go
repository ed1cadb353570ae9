package server

import (
	"net/http"
	"sync"

	"github.com/tandem-go/tandem"
)

// shares counts the requests in flight of each caller, so that none takes all the
// room that there is.
type shares struct {
	most int

	mu    sync.Mutex
	taken map[caller]int // without those that are zero
}

func newShares(most int) *shares { return &shares{most: most, taken: map[caller]int{}} }

// enter counts a request in, unless its caller has as many as it may.
func (s *shares) enter(c caller) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[c] >= s.most {
		return false
	}
	s.taken[c]++
	return true
}

func (s *shares) leave(c caller) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken[c]--; s.taken[c] == 0 {
		delete(s.taken, c)
	}
}

// limitShare refuses a caller's requests while too many of them are in flight.
func (s *Server) limitShare(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isSelfCheck(r.Context()) {
			next.ServeHTTP(w, r)
			return
		}
		c := callerOf(requestFrom(r.Context()))
		if !s.shares.enter(c) {
			writeProblem(w, tandem.Errorf(tandem.ResourceExhausted, "too many requests at a time; wait for some of them to end").WithRetryAfter(gateRetry))
			return
		}
		defer s.shares.leave(c)
		next.ServeHTTP(w, r)
	})
}
