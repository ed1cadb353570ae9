package server

import (
	"net/http"
	"net/netip"
	"regexp"
	"strings"
)

// proxies are the networks whose forwarding headers are believed.
type proxies []netip.Prefix

func (p proxies) trusts(addr netip.Addr) bool {
	for _, network := range p {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

// saneID is what is accepted as a request's id from a trusted proxy.
var saneID = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)

// apply enters what a trusted peer says about the client.
func (p proxies) apply(q *request, h http.Header, peer netip.Addr) {
	q.client = p.clientOf(h.Values("X-Forwarded-For"), peer)
	switch last(h.Values("X-Forwarded-Proto")) {
	case "https":
		q.https = true
	case "http":
		q.https = false
	}
	if host := last(h.Values("X-Forwarded-Host")); host != "" {
		q.host = host
	}
	if id := h.Get("X-Request-Id"); saneID.MatchString(id) {
		q.id = id
	}
}

// clientOf walks the chain of proxies from its trusted end and returns the first
// address that is not a trusted proxy: everything left of it may be made up.
func (p proxies) clientOf(forwardedFor []string, peer netip.Addr) netip.Addr {
	hops := strings.Split(strings.Join(forwardedFor, ","), ",")
	client := peer
	for i := len(hops) - 1; i >= 0 && p.trusts(client); i-- {
		hop, err := parseHop(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		client = hop
	}
	return client
}

// parseHop reads an address with or without a port.
func parseHop(s string) (netip.Addr, error) {
	if withPort, err := netip.ParseAddrPort(s); err == nil {
		return withPort.Addr().Unmap(), nil
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return addr.Unmap(), err
}

// last returns the last element of a list header: the one that the nearest
// proxy added.
func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	list := values[len(values)-1]
	return strings.ToLower(strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:]))
}
