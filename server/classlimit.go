package server

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// classLimits bound the calls of each caller by the class of the operation. They
// are at the waist and not in front of a door, so that a call counts once,
// wherever it comes from: as one of a batch of MCP messages, or as a request.
type classLimits map[string]*classLimit

type classLimit struct {
	limiter      *limiter
	name, policy string // as the headers tell them
}

func newClassLimits(rates map[string]Rate) classLimits {
	limits := classLimits{}
	for class, r := range rates {
		if l := newLimiter(r, limiterCapacity); l != nil {
			limits[class] = &classLimit{limiter: l, name: classPolicy + class, policy: r.policy(classPolicy + class)}
		}
	}
	return limits
}

// checkClasses refuses rates of classes that nothing in the service has, which
// would bound nothing.
func checkClasses(svc *tandem.Service, rates map[string]Rate) error {
	known := map[string]bool{}
	for _, op := range svc.Operations() {
		known[op.Class] = true
	}
	for _, r := range svc.Resources() {
		known[r.Operation().Class] = true
	}
	for _, p := range svc.Prompts() {
		known[p.Operation().Class] = true
	}
	for _, class := range slices.Sorted(maps.Keys(rates)) {
		if !known[class] {
			return fmt.Errorf("server: Config.RateLimits: no operation has the class %q; set RATE_LIMITS to rates of these: %s",
				class, strings.Join(slices.Sorted(maps.Keys(known)), ", "))
		}
	}
	return nil
}

// intercept refuses calls beyond the rate of their class. Suggestions while
// somebody types are none.
func (l classLimits) intercept(next tandem.Invoker) tandem.Invoker {
	return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
		limit := l[call.Operation.Class]
		if limit == nil || call.Completing != "" || isSelfCheck(ctx) {
			return next(ctx, call)
		}
		standing := limit.limiter.ask(ctx, callerIn(ctx), time.Now())
		limit.tell(ctx, call, standing)
		if standing.wait > 0 {
			return tandem.Result{}, tandem.Errorf(tandem.ResourceExhausted, "too many calls of the class %q; try again later",
				call.Operation.Class).WithRetryAfter(standing.wait)
		}
		return next(ctx, call)
	}
}

// tell enters the caller's standing into the response, where it is of this call
// alone and not begun: an MCP response may have many calls, or began before.
func (l *classLimit) tell(ctx context.Context, call *tandem.Call, s standing) {
	q := requestFrom(ctx)
	if call.Door != tandem.REST || q == nil || q.route.kind != kindREST || q.writer.status != 0 {
		return
	}
	addRateLimit(q.writer.Header(), l.policy, s.item(l.name))
}

// callerIn returns whom to count for a call: the principal of the call, or the
// address from which it came. The caller over stdio has neither, and is one.
func callerIn(ctx context.Context) caller {
	if p := tandem.PrincipalFrom(ctx); p != nil && !auth.IsLocal(p) {
		return caller{issuer: p.Issuer, subject: p.Subject}
	}
	if q := requestFrom(ctx); q != nil {
		return caller{address: network(q.client)}
	}
	return caller{}
}
