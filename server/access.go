package server

import (
	"context"
	"net"
	"net/http"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

type selfCheckKey struct{}

// withSelfCheck marks the requests of the self-check. A context cannot come over
// a connection, so nobody else can be taken for it.
func withSelfCheck(ctx context.Context) context.Context {
	return context.WithValue(ctx, selfCheckKey{}, true)
}

func isSelfCheck(ctx context.Context) bool { return ctx.Value(selfCheckKey{}) != nil }

// selfCheckPrincipal sees every operation, but is no caller of the service.
var selfCheckPrincipal = &tandem.Principal{Issuer: "local", Subject: "health", Scopes: []string{tandem.AllScopes}}

// authenticate establishes the principal of each request.
func (s *Server) authenticate(next http.Handler) http.Handler {
	next = remember(next)
	known := s.anonymous(next)
	if s.config.hasCredentials() {
		known = auth.Middleware(s.verifier, s.authOptions())(next)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isSelfCheck(r.Context()) {
			next.ServeHTTP(w, r.WithContext(tandem.WithPrincipal(r.Context(), selfCheckPrincipal)))
			return
		}
		known.ServeHTTP(w, r)
	})
}

func (s *Server) authOptions() auth.Options {
	return auth.Options{
		Logger:       s.config.Logger,
		Certificates: s.config.Certificates,
		Source:       sourceOf,
		Refuse:       s.refuseFailures,

		ResourceMetadata: s.resources.of,
	}
}

// sourceOf returns where a request comes from, as what one caller can be assumed
// to hold: see network.
func sourceOf(r *http.Request) string {
	return network(requestFrom(r.Context()).client).String()
}

// remember notes the principal for the access log and the limits.
func remember(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requestFrom(r.Context()).principal = tandem.PrincipalFrom(r.Context())
		next.ServeHTTP(w, r)
	})
}

const anonymousDetail = "this service has no credentials configured and serves its own machine only; " +
	"set API_KEYS_FILE, AUTH_ISSUER or API_KEYS, or INSECURE_NO_AUTH=1 to let everybody in"

// anonymous lets everybody in whose connection ends on loopback. A handler that
// is mounted in another server does not know where that one listens, so each
// connection is looked at.
func (s *Server) anonymous(next http.Handler) http.Handler {
	local := auth.Local()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.config.InsecureNoAuth && !endsOnLoopback(r.Context()) {
			writeProblem(w, tandem.Errorf(tandem.PermissionDenied, anonymousDetail))
			return
		}
		next.ServeHTTP(w, r.WithContext(tandem.WithPrincipal(r.Context(), local)))
	})
}

// endsOnLoopback reports whether the connection came to a loopback address. A
// request without a connection, as in tests, is the program's own.
func endsOnLoopback(ctx context.Context) bool {
	addr, ok := ctx.Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return !ok || addr.IP.IsLoopback()
}
