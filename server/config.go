package server

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/mcp"
	"github.com/tandem-go/tandem/session"
)

// Config says how a service is served. The zero value is ready to use: on
// loopback, without credentials, through every door.
type Config struct {
	// Addr is the host:port to listen on; empty means "127.0.0.1:8000".
	Addr string
	// Listener is used instead of Addr; nil means that Run listens on Addr.
	Listener net.Listener
	// inherited says that a supervisor keeps the Listener's socket.
	inherited bool
	// TLS makes Run serve HTTPS; nil means plain HTTP, unless TLSFiles say more.
	TLS *tls.Config
	// TLSFiles add certificates to TLS; the zero value adds none.
	TLSFiles TLSFiles
	// MetricsAddr is a host:port of its own for /metrics, by plain HTTP and without credentials;
	// empty means that /metrics is beside the other routes, behind credentials.
	MetricsAddr string

	// PublicURL is the address under which clients reach the service, such as
	// "https://example.com/inventory". The OpenAPI document, the Host list and
	// the Origin list derive from it, and so does BasePath. Empty means unknown.
	PublicURL string
	// BasePath is the path below which every route hangs, such as "/inventory";
	// empty means the path of PublicURL, then with or without it, since a proxy
	// in front may strip it; "/" means none.
	BasePath string
	// RESTPrefix is the path of the REST door; empty means "/api/v1".
	RESTPrefix string
	// Doors are the doors to open; zero means every one.
	Doors tandem.Doors
	// MCP configures the MCP door further.
	MCP mcp.Config

	// APIKeys are bearer tokens that may do everything; empty means that there
	// are no credentials, which is refused beyond loopback.
	APIKeys []tandem.Secret
	// APIKeysFile is the file of keys that `tandem keys` makes, lists and revokes,
	// each with scopes of its own; it is read again when it changes. It is not a file
	// that holds a list like APIKeys. Empty means none.
	APIKeysFile string
	// Verifier establishes further callers, besides APIKeys.
	Verifier auth.Verifier
	// Auth accepts the tokens of an authorization server, besides APIKeys; the zero
	// value accepts none.
	Auth Auth
	// Certificates establishes callers by the client certificates that TLS verified,
	// where they send no token. Nil means that certificates are no credentials.
	Certificates auth.CertificateVerifier
	// HideForbidden hides from each caller what it may not use: it is not listed
	// on either door nor described in the OpenAPI document, which then needs
	// credentials to show more than what anybody may use, and a call of it is
	// answered as if it did not exist. By default everything is shown, and such a call
	// is refused with what it lacks.
	HideForbidden bool
	// InsecureNoAuth serves everybody beyond loopback without credentials.
	InsecureNoAuth bool

	// StateKeys are secrets, of at least 32 bytes each, by which a caller who was
	// asked may answer to another replica, or after a restart: see
	// [tandem.Service.SetStateKeys]. Nil leaves the service's as they are.
	StateKeys []tandem.Secret
	// StateURL is the engine by which replicas share sessions, with the calls in
	// flight, and rate limits: "redis://…", "rediss://…" or "postgres://…", by one
	// of StateDrivers. It needs StateKeys. Empty or "memory:" shares nothing.
	StateURL tandem.Secret
	// StateDrivers are the drivers that StateURL may name, such as
	// redisstore.Driver() and pgstore.Driver(): what is not here is not compiled in.
	StateDrivers []session.Driver

	// AllowedOrigins are the exact origins of web pages that may call, besides
	// the service's own, such as "https://app.example.com". Nil means none.
	AllowedOrigins []string
	// AllowedHosts are further host names under which the service is reached.
	AllowedHosts []string
	// TrustedProxies are the networks of proxies whose X-Forwarded-For,
	// -Proto and -Host and X-Request-Id are believed. Nil means none.
	TrustedProxies []netip.Prefix
	// RateLimit bounds the requests of each principal, or of each address where
	// callers have no credentials; zero means no limit. With a StateURL it counts
	// over all replicas, each of which takes up to a 20th of it (50 at most) at once;
	// while the engine is away it counts on each replica.
	RateLimit Rate
	// RateLimits bound the calls of each of them by the class of the operation
	// ([tandem.Operation.Class]), through both doors together. A class that no
	// operation has is a mistake. Nil means no such limits.
	RateLimits map[string]Rate

	// MaxInFlight bounds the requests that are served at a time, open streams
	// included (503 beyond); zero means 25,000.
	MaxInFlight int
	// MaxInFlightPerCaller bounds those of one principal, or of one address where
	// callers have no credentials (429 beyond); zero means a fifth of MaxInFlight.
	MaxInFlightPerCaller int
	// MaxBody is the size of a request body in bytes, over which it is refused
	// with 413; zero means 4 MiB.
	MaxBody int64
	// HeaderTimeout bounds the arrival of a request's header; zero means 10 s.
	HeaderTimeout time.Duration
	// BodyTimeout bounds the arrival of a request's body; zero means 30 s.
	BodyTimeout time.Duration
	// WriteTimeout bounds each write of a response, not the whole of it; zero
	// means 30 s.
	WriteTimeout time.Duration
	// Heartbeat is how long a stream is silent before a comment shows that it lives,
	// and the time between two looks at the credentials behind it; zero means 15 s.
	Heartbeat time.Duration
	// IdleTimeout is how long an idle connection is kept; zero means 2 minutes.
	IdleTimeout time.Duration

	// ShutdownGrace bounds the drain; zero means 25 s.
	ShutdownGrace time.Duration
	// DrainDelay is how long the service goes on working after its readiness
	// turned 503, so that balancers notice; zero means 1 s, or 200 ms on
	// loopback, but no more than a quarter of ShutdownGrace, within which it counts.
	DrainDelay time.Duration

	// Middleware wraps the routes below a prefix, "/api" or "/mcp", inside of
	// credentials and limits; the first one is outermost.
	Middleware map[string][]func(http.Handler) http.Handler
	// Logger receives the access log and lifecycle events; nil means the
	// service's, else slog.Default().
	Logger *slog.Logger
	// Tracing says where spans go; zero means nowhere.
	Tracing Tracing

	// Usage is what the flag -h of [Main] prints after its own variables, such as
	// a list of the program's; empty means nothing.
	Usage string
}

const (
	defaultAddr       = "127.0.0.1:8000"
	defaultRESTPrefix = "/api/v1"
	defaultMaxBody    = 4 << 20
	loopbackDelay     = 200 * time.Millisecond
	networkDelay      = time.Second

	// defaultMaxInFlight leaves room for calls beside the MCP door's 20,000 streams.
	defaultMaxInFlight = 25_000
)

func (c Config) withDefaults() Config {
	setDefault(&c.Addr, defaultAddr)
	setDefault(&c.RESTPrefix, defaultRESTPrefix)
	setDefault(&c.MaxInFlight, defaultMaxInFlight)
	setDefault(&c.MaxInFlightPerCaller, max(c.MaxInFlight/5, 1))
	setDefault(&c.MaxBody, defaultMaxBody)
	setDefault(&c.HeaderTimeout, 10*time.Second)
	setDefault(&c.BodyTimeout, 30*time.Second)
	setDefault(&c.WriteTimeout, 30*time.Second)
	setDefault(&c.Heartbeat, 15*time.Second)
	setDefault(&c.IdleTimeout, 2*time.Minute)
	setDefault(&c.ShutdownGrace, 25*time.Second)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	delay := networkDelay
	if c.onLoopback() {
		delay = loopbackDelay
	}
	setDefault(&c.DrainDelay, min(delay, c.ShutdownGrace/4))
	c.PublicURL = canonicalURL(c.PublicURL)
	return c
}

// canonicalURL spells the address as browsers spell origins: without a final
// slash, and without a port that is the scheme's own.
func canonicalURL(raw string) string {
	u, err := url.Parse(strings.TrimSuffix(raw, "/"))
	if err != nil {
		return raw // which validate refuses
	}
	if port := u.Port(); port == "" || isStandardPort(u.Scheme, port) {
		u.Host = strings.TrimSuffix(u.Host, ":"+port)
	}
	return u.String()
}

func isStandardPort(scheme, port string) bool {
	return scheme == "http" && port == "80" || scheme == "https" && port == "443"
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// validate names every field that is wrong.
func (c Config) validate() error {
	var errs []error
	wrong := func(field string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("server: Config.%s: %w", field, err))
		}
	}
	wrong("Addr", checkAddr(c.Addr))
	if c.MetricsAddr != "" {
		wrong("MetricsAddr", checkAddr(c.MetricsAddr))
	}
	wrong("TLSFiles", c.TLSFiles.check(c.TLS))
	wrong("PublicURL", checkPublicURL(c.PublicURL))
	wrong("BasePath", checkBasePath(c.BasePath))
	wrong("RESTPrefix", checkRESTPrefix(c.RESTPrefix))
	wrong("Auth", c.checkAuth())
	wrong("StateKeys", checkStateKeys(c.StateKeys))
	wrong("StateURL", c.checkStateURL())
	wrong("AllowedOrigins", checkOrigins(c.AllowedOrigins))
	wrong("AllowedHosts", checkHosts(c.AllowedHosts))
	wrong("RateLimit", c.RateLimit.check())
	wrong("RateLimits", checkRates(c.RateLimits))
	wrong("Middleware", checkMiddleware(c.Middleware))
	wrong("Doors", checkDoors(c.Doors))
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"MaxInFlight", int64(c.MaxInFlight)},
		{"MaxInFlightPerCaller", int64(c.MaxInFlightPerCaller)},
		{"MaxBody", c.MaxBody},
		{"HeaderTimeout", int64(c.HeaderTimeout)},
		{"BodyTimeout", int64(c.BodyTimeout)},
		{"WriteTimeout", int64(c.WriteTimeout)},
		{"Heartbeat", int64(c.Heartbeat)},
		{"IdleTimeout", int64(c.IdleTimeout)},
		{"ShutdownGrace", int64(c.ShutdownGrace)},
		{"DrainDelay", int64(c.DrainDelay)},
	} {
		if f.value < 0 {
			wrong(f.name, errors.New("it is negative"))
		}
	}
	if c.ShutdownGrace > 0 && c.DrainDelay >= c.ShutdownGrace {
		wrong("DrainDelay", fmt.Errorf("%v leaves calls no time of the %v of ShutdownGrace: make DRAIN_DELAY shorter or SHUTDOWN_GRACE longer",
			c.DrainDelay, c.ShutdownGrace))
	}
	if len(errs) == 0 && !c.hasCredentials() && !c.InsecureNoAuth && !c.onLoopback() {
		errs = append(errs, fmt.Errorf("server: listening on %s, beyond loopback, needs credentials: set API_KEYS_FILE (Config.APIKeysFile), AUTH_ISSUER (Config.Auth) or API_KEYS (Config.APIKeys), "+
			"or INSECURE_NO_AUTH=1 (Config.InsecureNoAuth) to let everybody in", c.listenAddr()))
	}
	return errors.Join(errs...)
}

func (c Config) hasCredentials() bool { return c.hasTokens() || c.Certificates != nil }

func (c Config) hasTokens() bool {
	return c.Verifier != nil || len(c.APIKeys) > 0 || c.APIKeysFile != "" || !c.Auth.isZero()
}

func (c Config) listenAddr() string {
	if c.Listener != nil {
		return c.Listener.Addr().String()
	}
	return c.Addr
}

// onLoopback reports whether only this machine can connect. A name other than
// localhost may resolve to anything.
func (c Config) onLoopback() bool {
	if c.Listener != nil && c.Listener.Addr().Network() == "unix" {
		return true
	}
	host, _, err := net.SplitHostPort(c.listenAddr())
	return err == nil && isLoopbackName(host)
}

// isLoopbackName reports whether a host, without its port, is this machine only.
func isLoopbackName(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		err = checkPort(port)
	}
	if err != nil {
		return fmt.Errorf("%q is not host:port, such as %s", addr, defaultAddr)
	}
	return nil
}

func checkPort(port string) error {
	if _, err := net.LookupPort("tcp", port); err != nil || port == "" {
		return fmt.Errorf("%q is not a port from 0 to 65535", port)
	}
	return nil
}

func checkPublicURL(raw string) error {
	if raw == "" {
		return nil
	}
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Port() != "" && checkPort(u.Port()) != nil {
		return fmt.Errorf("%q is not the address of a service, such as https://example.com/inventory", raw)
	}
	return checkBasePath(u.Path)
}

// checkBasePath accepts paths that need no escaping, so that they can be cut
// from a request's path in both of its forms.
func checkBasePath(path string) error {
	if path == "" || path == "/" {
		return nil
	}
	path, ok := strings.CutPrefix(strings.TrimSuffix(path, "/"), "/")
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.ContainsFunc(segment, isEscaped) {
			ok = false
		}
	}
	if !ok {
		return fmt.Errorf("%q is not a path of plain segments, such as /inventory", path)
	}
	return nil
}

// isEscaped reports whether c is not an unreserved character of RFC 3986.
func isEscaped(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return false
	}
	return !strings.ContainsRune("-._~", c)
}

func checkRESTPrefix(prefix string) error {
	if err := checkBasePath(prefix); err != nil {
		return err
	}
	if strings.HasSuffix(prefix, "/") {
		return fmt.Errorf("%q ends in a slash", prefix)
	}
	for _, taken := range []string{"/mcp", "/docs", "/health", "/metrics", "/openapi.json", "/openapi.yaml"} {
		if prefix == taken || strings.HasPrefix(prefix, taken+"/") {
			return fmt.Errorf("%q is taken by another route", prefix)
		}
	}
	return nil
}

// shortestStateKey is how many bytes a service's state key has at least.
const shortestStateKey = 32

func checkStateKeys(keys []tandem.Secret) error {
	for i, key := range keys {
		if len(key) < shortestStateKey {
			return fmt.Errorf("key %d has %d bytes, of at least %d", i+1, len(key), shortestStateKey)
		}
	}
	return nil
}

func checkDoors(d tandem.Doors) error {
	if d&^(tandem.REST|tandem.MCP) != 0 {
		return errors.New("it names a door that does not exist")
	}
	return nil
}

func checkHosts(hosts []string) error {
	for _, h := range hosts {
		_, err := netip.ParseAddr(h)
		if h == "" || hostname(h) != strings.ToLower(h) || err != nil && strings.ContainsFunc(h, isEscaped) {
			return fmt.Errorf("%q is not one host name without a port", h)
		}
	}
	return nil
}

func checkMiddleware(m map[string][]func(http.Handler) http.Handler) error {
	for prefix, hooks := range m {
		if prefix != prefixAPI && prefix != prefixMCP {
			return fmt.Errorf("prefix %q is not one of %q, %q", prefix, prefixAPI, prefixMCP)
		}
		if slices.ContainsFunc(hooks, func(hook func(http.Handler) http.Handler) bool { return hook == nil }) {
			return fmt.Errorf("a middleware of %q is nil", prefix)
		}
	}
	return nil
}
