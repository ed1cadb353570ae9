package auth

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/internal/challenge"
)

// What a caller reads, whatever the cause was.
const (
	unauthenticatedDetail = "the request needs valid credentials: send them as Authorization: Bearer TOKEN"
	unavailableDetail     = "credentials cannot be checked at the moment"
	floodDetail           = "too many unknown credentials; try again later"
)

// unavailableRetry is how long a caller is told to wait when a verifier could
// not reach a verdict and does not say.
const unavailableRetry = 5 * time.Second

// refuse answers a request without good credentials. The cause goes to the log.
func (g *guard) refuse(w http.ResponseWriter, r *http.Request, cause error) {
	ctx := r.Context()
	g.Logger.InfoContext(ctx, "request refused", "cause", causeText(cause), "request_id", tandem.RequestID(ctx))
	if noVerdict(cause) {
		writeError(w, unavailable(ctx, cause))
		return
	}
	if g.Refuse != nil {
		if err := g.Refuse(r); err != nil {
			writeError(w, err)
			return
		}
	}
	w.Header().Set("WWW-Authenticate", g.challenge(r, cause))
	writeError(w, tandem.Errorf(tandem.Unauthenticated, unauthenticatedDetail))
}

// causeText returns what the log has, with what an error hides from callers.
func causeText(cause error) string {
	text := cause.Error()
	if e, ok := errors.AsType[*tandem.Error](cause); ok && e.Unwrap() != nil {
		text += ": " + e.Unwrap().Error()
	}
	return text
}

// noVerdict reports whether the error says nothing about the credentials.
func noVerdict(err error) bool {
	switch tandem.CodeOf(err) {
	case tandem.Unavailable, tandem.ResourceExhausted, tandem.Canceled, tandem.DeadlineExceeded:
		return true
	}
	return false
}

// unavailable keeps nothing of an error without a verdict but when to try again,
// and whether the caller is to blame.
func unavailable(ctx context.Context, cause error) *tandem.Error {
	public := tandem.Errorf(tandem.Unavailable, unavailableDetail)
	if tandem.CodeOf(cause) == tandem.ResourceExhausted {
		public = tandem.Errorf(tandem.ResourceExhausted, floodDetail)
	}
	public.CorrelationID = tandem.RequestID(ctx)
	public.RetryAfter = unavailableRetry
	if e, ok := errors.AsType[*tandem.Error](cause); ok && e.RetryAfter > 0 {
		public.RetryAfter = e.RetryAfter
	}
	return public.WithCause(cause)
}

// challenge returns the value of WWW-Authenticate. RFC 6750, section 3.1: a
// request without a token gets no error code.
func (g *guard) challenge(r *http.Request, cause error) string {
	c := challenge.Bearer{Error: challenge.InvalidToken, Scopes: g.Scopes}
	if errors.Is(cause, errNoCredentials) {
		c.Error = ""
	}
	if g.ResourceMetadata != nil {
		c.ResourceMetadata = g.ResourceMetadata(r)
	}
	return c.String()
}

// writeError answers with the error's problem document.
func writeError(w http.ResponseWriter, e *tandem.Error) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if e.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(e.RetryAfter.Seconds()))))
	}
	body := e.Problem().JSON()
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(e.Code.HTTPStatus())
	_, _ = w.Write(body) // the caller may be gone; there is nobody else to tell
}
