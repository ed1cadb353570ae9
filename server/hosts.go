package server

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/tandem-go/tandem"
)

// hosts judges the Host of requests, against DNS rebinding: a page of evil.example
// whose name suddenly resolves to this server would otherwise be same-origin with
// it. Ports are not compared, since the attack needs a name.
type hosts struct {
	named    map[string]bool // the service's own names, in lower case
	loopback bool            // only this machine can connect
	tolerant bool            // other names are let in, but do not count as known
}

// newHosts derives the names. Beyond loopback and without any name configured,
// callers with credentials may use any: a rebound page has no credentials to send.
func newHosts(c Config) hosts {
	h := hosts{named: map[string]bool{}, loopback: c.onLoopback()}
	if u, err := url.Parse(c.PublicURL); err == nil && u.Host != "" {
		h.named[hostname(u.Host)] = true
	}
	for _, name := range c.AllowedHosts {
		h.named[hostname(name)] = true
	}
	h.tolerant = len(h.named) == 0 && !h.loopback && c.hasCredentials()
	return h
}

// judge reports whether the host is one of the service's own, and whether a
// request with it may go on.
func (h hosts) judge(host string) (known, allowed bool) {
	name := hostname(host)
	switch {
	case h.named[name], isLoopbackName(name):
		return true, true
	case !h.loopback && name != "" && isLocalName(name):
		return true, true
	}
	return false, h.tolerant
}

// isLocalName reports whether a name cannot be an attacker's: an address, or a
// single label as containers and clusters use them.
func isLocalName(name string) bool {
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	return !strings.ContainsRune(name, '.')
}

// hostname returns the host without its port, brackets and final dot, in lower case.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

const hostDetail = "this service does not go by the name in the Host header; " +
	"set PUBLIC_URL to the address under which clients reach it, and ALLOWED_HOSTS to further names"

// checkHost refuses requests to names that are not the service's.
func (s *Server) checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := requestFrom(r.Context())
		known, allowed := s.hosts.judge(q.host)
		if !allowed {
			writeProblem(w, tandem.Errorf(tandem.PermissionDenied, hostDetail))
			return
		}
		q.hostKnown = known
		next.ServeHTTP(w, r)
	})
}
