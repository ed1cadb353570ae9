package server

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/netip"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/tandem-go/tandem"
)

// request is what the server knows of one HTTP request. Its plain fields are set
// before the request's context is handed on.
type request struct {
	route  *route
	method string
	id     string
	start  time.Time
	client netip.Addr // behind trusted proxies; the zero Addr if there is none
	https  bool       // as the client sees it
	host   string     // as the client sees it: Host, or a trusted proxy's X-Forwarded-Host

	sessionID string // of MCP, as the request's header or query says
	revision  string // of MCP, as the request's header says

	hostKnown bool              // the Host is one of the service's own names
	principal *tandem.Principal // set by the goroutine of the request; nil before
	operation atomic.Pointer[tandem.Registered]
	span      trace.Span // nil where requests are not traced
	writer    responseWriter
}

type requestKey struct{}

func withRequest(ctx context.Context, q *request) context.Context {
	return context.WithValue(tandem.WithRequestID(ctx, q.id), requestKey{}, q)
}

// requestFrom returns the request in whose context a call runs; nil for stdio.
func requestFrom(ctx context.Context) *request {
	q, _ := ctx.Value(requestKey{}).(*request)
	return q
}

// newRequest reads what proxies in front may have said, if they are trusted.
func (s *Server) newRequest(w http.ResponseWriter, r *http.Request, rt *route) *request {
	q := &request{route: rt, method: r.Method, start: time.Now(), host: r.Host, https: r.TLS != nil}
	peer := peerOf(r)
	q.client = peer
	if s.proxies.trusts(peer) {
		s.proxies.apply(q, r.Header, peer)
	}
	if q.id == "" {
		q.id = rand.Text()
	}
	if rt.kind == kindMCP {
		q.revision = r.Header.Get("MCP-Protocol-Version")
		q.sessionID = mcpSession(r)
	}
	q.writer.init(w, s.config.WriteTimeout)
	return q
}

// mcpSession returns the session that the request names, for traces only.
func mcpSession(r *http.Request) string {
	if id := r.Header.Get("Mcp-Session-Id"); id != "" {
		return id
	}
	if r.URL.RawQuery == "" {
		return ""
	}
	return r.URL.Query().Get("sessionId")
}

// peerOf returns the address of the connection's other end.
func peerOf(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return peer.Addr().Unmap()
}

// routeName returns the low-cardinality route: the operation's own where one was
// reached.
func (q *request) routeName(restPrefix string) string {
	if q.route.kind == kindREST {
		if op := q.operation.Load(); op != nil {
			return restPrefix + op.Path
		}
	}
	return q.route.name
}
