package server

import (
	"net/netip"
	"strings"
	"testing"
)

// What forwarding headers say counts only as far as the proxies that say it are
// trusted: the client is the first address from the right that is none of them.
func TestClientOf(t *testing.T) {
	trusted := proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for _, c := range []struct {
		name, peer string
		headers    []string
		want       string
	}{
		{"no proxy", "203.0.113.9", []string{"198.51.100.1"}, "203.0.113.9"},
		{"one proxy", "10.0.0.1", []string{"198.51.100.1"}, "198.51.100.1"},
		{"two proxies", "10.0.0.1", []string{"198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"made up on the left", "10.0.0.1", []string{"127.0.0.1, 198.51.100.1"}, "198.51.100.1"},
		{"made up in a header of its own", "10.0.0.1", []string{"127.0.0.1", "198.51.100.1"}, "198.51.100.1"},
		{"a trusted address made up", "10.0.0.1", []string{"10.9.9.9, 198.51.100.1"}, "198.51.100.1"},
		{"nothing said", "10.0.0.1", nil, "10.0.0.1"},
		{"rubbish", "10.0.0.1", []string{"evil\x1b[2J"}, "10.0.0.1"},
		{"rubbish behind a proxy", "10.0.0.1", []string{"198.51.100.1, rubbish, 10.0.0.2"}, "10.0.0.2"},
		{"all trusted", "10.0.0.1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"with a port", "10.0.0.1", []string{"198.51.100.1:4711"}, "198.51.100.1"},
		{"IPv6", "fd00::1", []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		{"IPv4 in IPv6", "10.0.0.1", []string{"::ffff:198.51.100.1"}, "198.51.100.1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := trusted.clientOf(c.headers, netip.MustParseAddr(c.peer)); got.String() != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A caller cannot choose its address, its id or its host by headers; a trusted
// proxy can.
func TestSpoofedHeaders(t *testing.T) {
	spoof := []string{
		"X-Forwarded-For", "127.0.0.1", "X-Forwarded-Proto", "https", "X-Forwarded-Host", "localhost", "X-Request-Id", "chosen-id",
	}
	for _, c := range []struct {
		peer, client string
		trusted      bool
	}{
		{"203.0.113.9:1", "203.0.113.9", false},
		{"10.0.0.1:1", "127.0.0.1", true},
	} {
		var log syncBuffer
		svc := newService(t)
		svc.Logger = logging{json: true}.logger(&log)
		s := newServer(t, svc, Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
		w := ask(s, "GET", "/api/v1/status", "", append([]string{"peer", c.peer, "Host", "evil.example"}, spoof...)...)
		if allowed := w.Code == 204; allowed != c.trusted {
			t.Errorf("from %s: %d", c.peer, w.Code)
		}
		if chosen := w.Header().Get("X-Request-Id") == "chosen-id"; chosen != c.trusted || w.Header().Get("X-Request-Id") == "" {
			t.Errorf("from %s: id %q", c.peer, w.Header().Get("X-Request-Id"))
		}
		if !strings.Contains(log.String(), `"client":"`+c.client+`"`) {
			t.Errorf("from %s: %s", c.peer, log.String())
		}
	}
}

// Even a trusted proxy may only hand on an id that is fit for a log.
func TestRequestID(t *testing.T) {
	s := newServer(t, newService(t), Config{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	for _, id := range []string{"", "a b", "a\nb", strings.Repeat("a", 129), "\x1b[2J", "ü"} {
		got := ask(s, "GET", "/health/live", "", "X-Request-Id", id).Header().Get("X-Request-Id")
		if got == id || !saneID.MatchString(got) {
			t.Errorf("%q became %q", id, got)
		}
	}
	first := ask(s, "GET", "/health/live", "").Header().Get("X-Request-Id")
	if second := ask(s, "GET", "/health/live", "").Header().Get("X-Request-Id"); second == first {
		t.Error("two requests have one id")
	}
}
