package server

import (
	"fmt"
	"math"
	"net/http"
	"time"
)

// The header fields that tell callers how they stand with their limits, as
// draft-ietf-httpapi-ratelimit-headers-11 defines them: lists of policies by name.
const (
	rateLimitHeader       = "Ratelimit"        // RateLimit, section 4
	rateLimitPolicyHeader = "Ratelimit-Policy" // RateLimit-Policy, section 3
)

// The names of the policies: of all requests, and of the calls of one class.
const (
	requestsPolicy = "requests"
	classPolicy    = "class-"
)

// policy returns the item that describes the rate: its quota, and the window in
// whole seconds.
func (r Rate) policy(name string) string {
	return fmt.Sprintf("%q;q=%d;w=%d", name, r.Requests, wholeSeconds(r.Per))
}

// item returns how a caller stands under the policy: what is left, and when all
// of it is there again.
func (s standing) item(policy string) string {
	return fmt.Sprintf("%q;r=%d;t=%d", policy, s.left, wholeSeconds(s.full))
}

// addRateLimit adds one policy to those that the response tells.
func addRateLimit(h http.Header, policy, item string) {
	h[rateLimitPolicyHeader] = append(h[rateLimitPolicyHeader], policy)
	h[rateLimitHeader] = append(h[rateLimitHeader], item)
}

// wholeSeconds rounds up, to at least one.
func wholeSeconds(d time.Duration) int {
	return max(int(math.Ceil(d.Seconds())), 1)
}
