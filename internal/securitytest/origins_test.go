package securitytest

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/tandem-go/tandem/server"
)

var originCases = []securityCase{
	{33, "dns_rebinding", httpDoors, testRebinding},
	{34, "foreign_origin", httpDoors, testForeignOrigin},
	{35, "unsafe_origins", []door{programDoor}, testUnsafeOrigins},
	{35, "cors_preset", httpDoors, testCORS},
	{53, "escaped_paths", restDoors, testEscapedPaths},
	{53, "escaped_uris", mcpDoors, testEscapedURIs},
	{54, "forwarded_for", wireDoors, testForwardedFor},
}

// A name that suddenly resolves to the service is not the service's, although
// the page that it serves has the same origin.
func testRebinding(p *probe) {
	w := newWorld(p)
	alice := w.people.add("token-a", "alice", read)
	c := p.open(w, alice)
	for _, host := range []string{"evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example"} {
		for _, by := range []credentials{alice.with("Host", host), alice.with("Host", host).with("Origin", "http://"+host)} {
			p.refuses("Host "+host, c.call(by, "read_note", `{}`), http.StatusForbidden)
			page := w.send(w.newRequest(http.MethodGet, "/docs", ""), by)
			p.refused(page.status == http.StatusForbidden, "the docs under Host %s: %d", host, page.status)
		}
	}
	p.refused(w.ledger.count("alice") == 0, "a handler ran")
	p.accepts("its own name", c.call(alice.with("Host", w.address()), "read_note", `{}`))
}

const goodOrigin = "https://app.example.com"

// evilOrigins are near the good one, or near the service's own.
func evilOrigins(w *world) []string {
	return []string{
		"https://evil.example", "null", "", "*", "file://",
		"http://app.example.com", "https://app.example.com:8443", "https://app.example.com.", "https://app.example.com/",
		"https://app.example.com.evil.example", "https://evil-app.example.com", "https://app.example.comx",
		"https://APP.example.com", "https://user@app.example.com", goodOrigin + " " + goodOrigin,
		w.url + "0", "https://" + w.address(), w.url + ".evil.example", "http://127.0.0.1",
	}
}

// Pages of other origins get a 403 on MCP; on REST they get no CORS headers, and
// their forms, which need none, a 403.
func testForeignOrigin(p *probe) {
	w := newWorld(p, func(c *server.Config) { c.AllowedOrigins = []string{goodOrigin} })
	alice := w.people.add("token-a", "alice", read)
	c := p.open(w, alice)
	for _, origin := range evilOrigins(w) {
		o := c.call(alice.with("Origin", origin), "read_note", `{}`)
		p.refused(o.header.Get("Access-Control-Allow-Origin") == "", "origin %q may read: %s", origin, o)
		if p.door.is(mcpDoors) {
			p.refuses("origin "+origin, o, http.StatusForbidden)
			continue
		}
		form := c.call(alice.with("Origin", origin).with("Content-Type", "text/plain"), "read_note", `{}`)
		p.refuses("a form of origin "+origin, form, http.StatusForbidden)
	}
	twice := credentials{header: alice.header.Clone()}
	twice.header["Origin"] = []string{goodOrigin, "https://evil.example"}
	p.refused(c.call(twice, "read_note", `{}`).header.Get("Access-Control-Allow-Origin") == "", "two origins")
	for _, origin := range []string{goodOrigin, w.url} {
		o := c.call(alice.with("Origin", origin), "read_note", `{}`)
		p.accepts("origin "+origin, o)
		if p.door.name != sseDoor.name { // whose answer comes by the stream
			p.accepted(o.header.Get("Access-Control-Allow-Origin") == origin, "origin %s may not read: %v", origin, o.header)
		}
	}
}

// Lists of origins that other servers take for everybody keep this one from
// starting.
func testUnsafeOrigins(p *probe) {
	start := func(origins []string) error {
		l := newListener(p)
		defer l.Close()
		svc := newService(newLedger(), slog.New(slog.DiscardHandler))
		s, err := server.New(svc, server.Config{Listener: l, Verifier: newPeople(), AllowedOrigins: origins})
		if err == nil {
			err = s.Stop()
		}
		return err
	}
	for _, origins := range [][]string{
		{}, {"*"}, {"null"}, {""}, {goodOrigin, "*"}, {goodOrigin + "/"}, {goodOrigin + "/app"}, {"https://*.example.com"},
		{"app.example.com"}, {"https://app.example.com:443"}, {"HTTPS://app.example.com"}, {"file://"},
	} {
		err := start(origins)
		p.refused(err != nil && strings.Contains(err.Error(), "AllowedOrigins"), "origins %q: %v", origins, err)
	}
	for _, origins := range [][]string{nil, {goodOrigin}, {"http://localhost:3000", "http://[::1]:3000"}} {
		err := start(origins)
		p.accepted(err == nil, "origins %q: %v", origins, err)
	}
}

// corsRequestHeaders are what pages of both doors send.
var corsRequestHeaders = []string{
	"Authorization", "Content-Type", "MCP-Protocol-Version", "Mcp-Session-Id", "Mcp-Method", "Mcp-Name",
	"Mcp-Param-Anything", "Last-Event-ID", "Idempotency-Key",
}

// A page's preflight needs no credentials, and the page can read a 401.
func testCORS(p *probe) {
	w := newWorld(p, func(c *server.Config) { c.AllowedOrigins = []string{goodOrigin} })
	path := map[string]string{sseDoor.name: "/mcp/messages", restDoor.name: "/api/v1/read_note", eventsDoor.name: "/api/v1/watch"}[p.door.name]
	if path == "" {
		path = "/mcp"
	}
	preflight := credentials{}.with("Access-Control-Request-Method", "POST").
		with("Access-Control-Request-Headers", strings.ToLower(strings.Join(corsRequestHeaders, ",")))
	o := w.send(w.newRequest(http.MethodOptions, path, ""), preflight.with("Origin", goodOrigin))
	allowed := strings.Split(strings.ToLower(strings.ReplaceAll(o.header.Get("Access-Control-Allow-Headers"), " ", "")), ",")
	p.accepted(o.status == http.StatusNoContent && o.header.Get("Access-Control-Allow-Origin") == goodOrigin, "preflight: %d %v", o.status, o.header)
	for _, name := range corsRequestHeaders {
		p.accepted(slices.Contains(allowed, strings.ToLower(name)), "header %s is not allowed: %v", name, allowed)
	}
	o = w.send(w.newRequest(http.MethodPost, path, `{}`), bearer("token-unknown").with("Origin", goodOrigin))
	p.accepted(o.header.Get("Access-Control-Allow-Origin") == goodOrigin && strings.Contains(o.header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate"), "a page cannot read the 401: %v", o.header)
	p.refused(o.status == http.StatusUnauthorized, "an unknown token: %d", o.status)
	p.refused(o.header.Get("Access-Control-Allow-Credentials") == "", "cookies are allowed")
	o = w.send(w.newRequest(http.MethodOptions, path, ""), preflight.with("Origin", "https://evil.example"))
	p.refused(o.header.Get("Access-Control-Allow-Origin")+o.header.Get("Access-Control-Allow-Headers") == "", "preflight of evil: %v", o.header)
}

// Escapes reach the argument decoded and lead nowhere else: what is judged is the
// route that matched.
func testEscapedPaths(p *probe) {
	w := newWorld(p)
	alice, root := w.people.add("token-a", "alice", read), w.people.add("token-r", "root", admin)
	c := p.open(w, alice).(restClient)
	for path, argument := range map[string]string{
		"/notes/%2e%2e": "..", "/notes/..%2fsecrets": "../secrets", "/notes/%2e%2e%2fsecrets": "../secrets",
		"/notes/a%00b": "a\x00b", "/notes/%252e%252e": "%2e%2e", "/notes/a%5c..%5cb": `a\..\b`,
	} {
		before := len(w.ledger.all())
		o := c.send(alice, http.MethodGet, path, "")
		ran := w.ledger.all()[before:]
		p.accepted(o.ok() && len(ran) == 1 && ran[0] == entry{"get_note", "alice", argument}, "%s: %v: %s", path, ran, o)
	}
	before := len(w.ledger.all())
	for _, path := range []string{
		"/secrets", "/notes/../secrets", "/notes/./../secrets", "/./secrets", "//secrets", "/notes//../secrets",
		"/%73ecrets", "/notes/..;/secrets", "/secrets/", "/SECRETS", "/secrets%00", "/secrets%2f",
	} {
		o := w.sendRaw(p, "GET /api/v1"+path+" HTTP/1.1\r\nAuthorization: "+alice.header.Get("Authorization")+"\r\nAccept: "+c.accept+"\r\n", "")
		p.refused(o.status == http.StatusForbidden || o.status == http.StatusNotFound || o.status == http.StatusBadRequest, "%s: %d %s", path, o.status, o.body)
	}
	p.refused(len(w.ledger.all()) == before, "a handler ran: %v", w.ledger.all()[before:])
	p.accepts("who may read it", c.send(root, http.MethodGet, "/secrets", ""))
}

// A resource's variables are decoded, and lead to no other resource.
func testEscapedURIs(p *probe) {
	w := newWorld(p)
	alice := w.people.add("token-a", "alice", read)
	c := p.open(w, alice)
	for uri, argument := range map[string]string{"shelf://%2e%2e": "..", "shelf://..%2fvault": "../vault", "open://vault%3A%2F%2F1": "vault://1"} {
		before := len(w.ledger.all())
		o := c.request(alice, "resources/read", `{"uri":`+quote(uri)+`}`)
		ran := w.ledger.all()[before:]
		p.accepted(o.ok() && len(ran) == 1 && ran[0].argument == argument, "%s: %v: %s", uri, ran, o)
	}
	before := len(w.ledger.all())
	for _, uri := range []string{"vault://1", "shelf://../vault://1", "VAULT://1", "vault://%2e%2e", "shelf://x/../../vault"} {
		o := c.request(alice, "resources/read", `{"uri":`+quote(uri)+`}`)
		p.refused(!o.ok(), "%s: %s", uri, o)
	}
	p.refused(len(w.ledger.all()) == before, "a handler ran: %v", w.ledger.all()[before:])
}

// Who fails to authenticate too often is slowed down by its address, whatever it
// claims to stand for; a proxy that is trusted may say whom it stands for.
func testForwardedFor(p *probe) {
	for _, trusted := range []bool{false, true} {
		w := newWorld(p, func(c *server.Config) {
			if trusted {
				c.TrustedProxies = loopbackNetworks
			}
		})
		var limited atomic.Int64
		storm(4*failuresAllowed, func(i int) { // more than are let through meanwhile
			from := credentials{header: http.Header{"X-Forwarded-For": {must(addressOf(i))}}}
			if w.strangerOn(p, from.with("Authorization", "Bearer nobody")).status == http.StatusTooManyRequests {
				limited.Add(1)
			}
		})
		if trusted {
			p.accepted(limited.Load() == 0, "%d requests of different clients were limited", limited.Load())
		} else {
			p.refused(limited.Load() > 0, "a spoofed header kept the limit away")
		}
		alice := w.people.add("token-a", "alice", read)
		p.accepts("good credentials from the same address", p.open(w, alice).call(alice, "read_note", `{}`))
	}
}

// strangerOn makes the first request of a conversation.
func (w *world) strangerOn(p *probe, by credentials) outcome {
	p.Helper()
	c, o := p.door.open(p, w, by)
	if c != nil {
		o = c.call(by, "read_note", `{}`)
	}
	return o
}
