package auth

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tandem-go/tandem"
)

// Options configure [Middleware]. The zero value is ready to use.
type Options struct {
	// Logger receives the causes of refusals at level info; nil means
	// slog.Default().
	Logger *slog.Logger
	// Refuse is asked before bad or missing credentials are answered; if it
	// returns an error, the caller gets that instead of the challenge. It is the
	// place to slow down somebody who tries many tokens. Nil means no such limit.
	Refuse func(r *http.Request) *tandem.Error
}

var (
	errNoCredentials = errors.New("no credentials were sent")
	errTwoHeaders    = errors.New("more than one Authorization header")
	errNotBearer     = errors.New("the Authorization header is not of the form Bearer TOKEN")
	errTokenInQuery  = errors.New("credentials in the query are not accepted")
)

// What a caller reads, whatever the cause was.
const (
	unauthenticatedDetail = "the request needs valid credentials: send them as Authorization: Bearer TOKEN"
	unavailableDetail     = "credentials cannot be checked at the moment"
)

// unavailableRetry is how long a caller is told to wait when a verifier could
// not reach a verdict and does not say.
const unavailableRetry = 5 * time.Second

// maxToken bounds what a verifier has to look at, in bytes.
const maxToken = 16 << 10

// Middleware returns a middleware that lets only requests with good credentials
// through, with their principal in the context. Each request is judged by its
// own credentials.
func Middleware(v Verifier, o Options) func(http.Handler) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			principal, err := authenticate(v, r)
			if err != nil {
				o.refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(tandem.WithPrincipal(r.Context(), principal)))
		})
	}
}

func authenticate(v Verifier, r *http.Request) (*tandem.Principal, error) {
	token, err := bearer(r)
	if err != nil {
		return nil, err
	}
	return verify(r.Context(), v, token)
}

// bearer takes the token from the one place where it may be.
func bearer(r *http.Request) (string, error) {
	if strings.Contains(r.URL.RawQuery, "=") && tokenInQuery(r) {
		return "", errTokenInQuery
	}
	headers := r.Header["Authorization"]
	switch len(headers) {
	case 0:
		return "", errNoCredentials
	case 1:
	default:
		return "", errTwoHeaders
	}
	scheme, token, ok := strings.Cut(headers[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || len(token) > maxToken || !isToken68(token) {
		return "", errNotBearer
	}
	return token, nil
}

// tokenInQuery finds the parameters that RFC 6750 (section 2.3) and habit use
// for credentials. Addresses end up in histories and logs, so a token that was
// sent there must not work.
func tokenInQuery(r *http.Request) bool {
	query := r.URL.Query()
	return query.Has("access_token") || query.Has("api_key")
}

// refuse answers a request without good credentials. The cause goes to the log.
func (o Options) refuse(w http.ResponseWriter, r *http.Request, cause error) {
	text := cause.Error()
	var e *tandem.Error
	if errors.As(cause, &e) && e.Unwrap() != nil {
		text += ": " + e.Unwrap().Error()
	}
	o.Logger.InfoContext(r.Context(), "request refused", "cause", text, "request_id", tandem.RequestID(r.Context()))
	if o.Refuse != nil {
		if err := o.Refuse(r); err != nil {
			writeError(w, err)
			return
		}
	}
	if e != nil && e.Code == tandem.Unavailable {
		writeError(w, unavailable(r, e))
		return
	}
	w.Header().Set("WWW-Authenticate", challenge(cause))
	writeError(w, tandem.Errorf(tandem.Unauthenticated, unauthenticatedDetail))
}

// unavailable keeps nothing of the verifier's error but when to try again.
func unavailable(r *http.Request, e *tandem.Error) *tandem.Error {
	retry := e.RetryAfter
	if retry == 0 {
		retry = unavailableRetry
	}
	public := tandem.Errorf(tandem.Unavailable, unavailableDetail).WithRetryAfter(retry)
	public.CorrelationID = tandem.RequestID(r.Context())
	return public
}

// challenge returns the value of WWW-Authenticate. RFC 6750, section 3.1: a
// request without any credentials gets no error code.
func challenge(cause error) string {
	if errors.Is(cause, errNoCredentials) {
		return "Bearer"
	}
	return `Bearer error="invalid_token"`
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
