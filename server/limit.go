package server

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"golang.org/x/time/rate"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// caller is whom a limit counts: a principal, or an address where callers cannot
// be told apart by their principal.
type caller struct {
	issuer, subject string
	address         netip.Addr
}

// limiter keeps a token bucket for each of the callers that were seen last.
type limiter struct {
	rate Rate
	callers[*rate.Limiter]
	shared *sharedLimit // counts instead while it can; nil for one replica
}

// limiterCapacity bounds the memory of a limiter, about 2 MB.
const limiterCapacity = 10_000

// newLimiter returns nil, which lets everything through, for no rate.
func newLimiter(r Rate, capacity int) *limiter {
	if r.Requests == 0 {
		return nil
	}
	return &limiter{rate: r, callers: newCallers(capacity, func() *rate.Limiter { return rate.NewLimiter(r.limit(), r.Requests) })}
}

// standing is how a caller stands after it asked for a token.
type standing struct {
	wait time.Duration // until there is a token, if there was none
	left int           // whole tokens that are left
	full time.Duration // until all of them are there again
}

// ask takes a token, if there is one, of the bucket that all replicas share, or
// of this one's while that is out of reach.
func (l *limiter) ask(ctx context.Context, c caller, now time.Time) standing {
	if l != nil && l.shared != nil {
		if s, ok := l.shared.take(ctx, c, now); ok {
			return s
		}
	}
	return l.take(c, now)
}

// take takes a token of this replica's bucket, if there is one.
func (l *limiter) take(c caller, now time.Time) standing {
	if l == nil {
		return standing{}
	}
	tokens := l.of(c)
	var s standing
	r := tokens.ReserveN(now, 1)
	if s.wait = r.DelayFrom(now); s.wait > 0 {
		r.CancelAt(now)
	}
	have := tokens.TokensAt(now)
	s.left = max(int(have), 0)
	s.full = time.Duration((float64(l.rate.Requests) - have) / float64(tokens.Limit()) * float64(time.Second))
	return s
}

// callerOf returns whom to count for a request.
func callerOf(q *request) caller {
	if p := q.principal; p != nil && !auth.IsLocal(p) {
		return caller{issuer: p.Issuer, subject: p.Subject}
	}
	return caller{address: network(q.client)}
}

// network returns what one caller can be assumed to hold: an IPv4 address, or an
// IPv6 /64.
func network(addr netip.Addr) netip.Addr {
	if !addr.Is6() {
		return addr
	}
	prefix, err := addr.WithZone("").Prefix(64)
	if err != nil { // not reachable: an IPv6 address has 128 bits
		return addr
	}
	return prefix.Addr()
}

func tooMany(wait time.Duration) *tandem.Error {
	return tandem.Errorf(tandem.ResourceExhausted, "too many requests; try again later").WithRetryAfter(wait)
}

// limitRate refuses a caller's requests beyond its rate.
func (s *Server) limitRate(next http.Handler) http.Handler {
	if s.limiter == nil {
		return next
	}
	policy := s.config.RateLimit.policy(requestsPolicy)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isSelfCheck(r.Context()) {
			next.ServeHTTP(w, r)
			return
		}
		standing := s.limiter.ask(r.Context(), callerOf(requestFrom(r.Context())), time.Now())
		addRateLimit(w.Header(), policy, standing.item(requestsPolicy))
		if standing.wait > 0 {
			writeProblem(w, tooMany(standing.wait))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// failureRate bounds how often an address may try credentials that are refused.
var failureRate = Rate{Requests: 60, Per: 6 * time.Second}

// refuseFailures is asked before a 401: who fails too often gets a 429.
func (s *Server) refuseFailures(r *http.Request) *tandem.Error {
	address := caller{address: network(requestFrom(r.Context()).client)}
	if wait := s.failures.take(address, time.Now()).wait; wait > 0 {
		return tooMany(wait)
	}
	return nil
}
