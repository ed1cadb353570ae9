package server

import (
	"net/netip"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem"
)

// A caller has its rate as a burst, then evenly; others have theirs.
func TestLimiter(t *testing.T) {
	l := newLimiter(Rate{Requests: 2, Per: time.Second}, 10)
	start := time.Now()
	a, b := caller{subject: "a"}, caller{subject: "b"}
	for i, want := range []time.Duration{0, 0, 500 * time.Millisecond, 500 * time.Millisecond} {
		if got := l.take(a, start).wait; got != want {
			t.Errorf("request %d waits %v, want %v", i, got, want)
		}
	}
	if got := l.take(b, start).wait; got != 0 {
		t.Errorf("another caller waits %v", got)
	}
	if got := l.take(a, start.Add(500*time.Millisecond)).wait; got != 0 {
		t.Errorf("after half a second: %v", got)
	}
}

// However many callers there are, the limiter holds its capacity, and forgets
// the one that was seen least recently.
func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter(Rate{Requests: 1, Per: time.Hour}, 3)
	now := time.Now()
	address := func(n byte) caller { return caller{address: netip.AddrFrom4([4]byte{192, 0, 2, n})} }
	for n := range byte(3) {
		l.take(address(n), now)
	}
	l.take(address(0), now) // seen again
	l.take(address(9), now) // takes the place of 1
	if len(l.entries) != 3 || l.recent.Len() != 3 {
		t.Errorf("holds %d, %d", len(l.entries), l.recent.Len())
	}
	if l.take(address(0), now).wait == 0 {
		t.Error("the one that was seen last was forgotten")
	}
	if l.take(address(1), now).wait != 0 {
		t.Error("the one that was seen least recently was kept")
	}
}

// A caller does not get another rate by another address of its own network.
func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1":          "192.0.2.1",
		"2001:db8:1:2:3::4":  "2001:db8:1:2::",
		"2001:db8:1:2:ff::1": "2001:db8:1:2::",
		"fe80::1%eth0":       "fe80::",
	} {
		if got := network(netip.MustParseAddr(in)); got.String() != want {
			t.Errorf("%s counts as %s", in, got)
		}
	}
	if got := network(netip.Addr{}); got.IsValid() {
		t.Errorf("no address counts as %s", got)
	}
}

// Beyond its rate a caller gets 429 with Retry-After, on both doors together; each
// principal has its own rate, and health none.
func TestRateLimit(t *testing.T) {
	const other = "other-key-0123456789"
	s := newServer(t, newService(t), Config{RateLimit: Rate{Requests: 2, Per: time.Hour}, APIKeys: []tandem.Secret{testKey, other}})
	as := func(key string) []string { return []string{"Authorization", "Bearer " + key, "peer", "192.0.2.1:1"} }
	if code := ask(s, "GET", "/api/v1/status", "", as(testKey)...).Code; code != 204 {
		t.Fatalf("got %d", code)
	}
	if code := ask(s, "POST", "/mcp", callEcho, append(as(testKey), modern...)...).Code; code != 200 {
		t.Fatalf("got %d", code)
	}
	for _, q := range doorRequests {
		w := ask(s, q.method, q.path, q.body, append(as(testKey), q.headers...)...)
		if w.Code != 429 || w.Header().Get("Retry-After") != "1800" || problem(t, w).Code != "resource_exhausted" {
			t.Errorf("%s: %d %v", q.name, w.Code, w.Header())
		}
	}
	if code := ask(s, "GET", "/api/v1/status", "", as(other)...).Code; code != 204 {
		t.Errorf("another principal: %d", code)
	}
	for range 5 {
		if code := ask(s, "GET", "/health", "").Code; code != 200 {
			t.Errorf("a probe: %d", code)
		}
	}
}

// Callers without credentials are told apart by their addresses.
func TestRateLimitByAddress(t *testing.T) {
	s := newServer(t, newService(t), Config{RateLimit: Rate{Requests: 1, Per: time.Hour}})
	from := func(peer string) int { return ask(s, "GET", "/api/v1/status", "", "peer", peer).Code }
	for _, c := range []struct {
		peer string
		want int
	}{{"192.0.2.1:1", 204}, {"192.0.2.1:2", 429}, {"192.0.2.2:1", 204}, {"[2001:db8::1]:1", 204}, {"[2001:db8::2]:1", 429}} {
		if got := from(c.peer); got != c.want {
			t.Errorf("from %s: %d, want %d", c.peer, got, c.want)
		}
	}
}

// Where requests are limited, every answer of either door says how the caller
// stands, in the structured fields of draft-ietf-httpapi-ratelimit-headers-11.
func TestRateLimitHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where no time passes in which tokens come back
		s := newServer(t, newService(t), Config{RateLimit: Rate{Requests: 2, Per: time.Minute}})
		for i, want := range []string{`"requests";r=1;t=30`, `"requests";r=0;t=60`, `"requests";r=0;t=60`} {
			for j, q := range doorRequests {
				w := ask(s, q.method, q.path, q.body, append([]string{"peer", "192.0.2." + strconv.Itoa(j+1) + ":1"}, q.headers...)...)
				if w.Header().Get("RateLimit") != want || w.Header().Get("RateLimit-Policy") != `"requests";q=2;w=60` || (w.Code == 429) != (i == 2) {
					t.Errorf("%s, request %d: %d, %v", q.name, i+1, w.Code, w.Header())
				}
			}
		}
		unlimited := newServer(t, newService(t), Config{})
		if h := ask(unlimited, "GET", "/api/v1/status", "").Header(); h.Get("RateLimit")+h.Get("RateLimit-Policy") != "" {
			t.Errorf("without a limit: %v", h)
		}
	})
}
