package securitytest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/server"
)

var faultCases = []securityCase{
	{44, "slow_header_and_body", wireDoors, testSlowRequests},
	{45, "slow_reader", []door{eventsDoor, sseDoor, november, modernDoor}, testSlowReader},
	{46, "requests_at_a_time", httpDoors, testRequestCaps},
	{46, "streams_at_a_time", append([]door{modernDoor}, legacyDoors...), testStreamCaps},
	{46, "sessions_at_a_time", legacyDoors, testSessionCaps},
	{46, "calls_over_stdio", []door{stdioDoor}, testStdioCap},
	{47, "logs", httpDoors, testLogs},
	{48, "causes_stay_inside", everyDoor, testCauses},
	{49, "panics", everyDoor, testPanics},
	{50, "confusable_names", []door{programDoor}, testNames},
}

const brief = 500 * time.Millisecond

// endsSoon reports whether the server closes a connection on its own account,
// which it does long before the patience of a test is over.
func endsSoon(conn net.Conn) bool {
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	_, err := io.Copy(io.Discard, conn)
	return err == nil || !isTimeout(err)
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

// Who sends half a request and then nothing is let go.
func testSlowRequests(p *probe) {
	w := newWorld(p, func(c *server.Config) { c.HeaderTimeout, c.BodyTimeout = brief, brief })
	alice := w.people.add("token-a", "alice", read)
	head, body := p.rawRequest(w, alice)
	framing := fmt.Sprintf("Host: %s\r\nContent-Length: %d\r\n", w.address(), len(body))
	for name, part := range map[string]string{
		"nothing":       "",
		"half a header": head,
		"no body":       head + framing + "\r\n",
		"half a body":   head + framing + "\r\n" + body[:len(body)/2],
		"half a chunk":  head + "Host: " + w.address() + "\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + body[:4],
	} {
		before := len(w.ledger.all())
		conn := w.dial(p)
		must(io.WriteString(conn, part))
		p.refused(endsSoon(conn), "%s: the connection stays open", name)
		p.refused(len(w.ledger.all()) == before, "%s: a handler ran", name)
	}
	o := w.sendRaw(p, head+framing, body)
	p.accepted(o.status == http.StatusOK || o.status == http.StatusAccepted, "the whole request: %d %s", o.status, o.body)
}

// Who does not read what it asked for is let go, and its place is free again.
func testSlowReader(p *probe) {
	places := 1
	if p.door.is(legacyDoors) {
		places = 2 // what is said, and the stream on which it is said
	}
	w := newWorld(p, func(c *server.Config) {
		c.MaxInFlightPerCaller = places
		c.WriteTimeout = brief
		c.MCP.Limits.StreamBytes = 16 << 20
	})
	alice := w.people.add("token-a", "alice", read)
	p.listenDeaf(w, alice)
	probe := restClient{w, "application/json"}
	eventually(p, "no place is left", func() bool {
		return probe.call(alice, "read_note", `{}`).status == http.StatusTooManyRequests
	})
	p.refused(true, "a request beside the stream")
	eventually(p, "the stream is let go", func() bool { return probe.call(alice, "read_note", `{}`).ok() })
	p.accepted(true, "the next request")
}

const pour = `{"name":"pour","arguments":{},"_meta":{"progressToken":"x"}}`

// listenDeaf opens a stream with much to say and does not read it.
func (p *probe) listenDeaf(w *world, by credentials) {
	p.Helper()
	switch p.door.name {
	case eventsDoor.name:
		r := w.newRequest(http.MethodPost, "/api/v1/pour", `{}`)
		r.Header.Set("Accept", "text/event-stream")
		w.dialDeaf(p, r, by)
	case modernDoor.name:
		body, _ := newMessage("tools/call", strings.Replace(withMeta(`{"name":"pour","arguments":{}}`), `"_meta":{`, `"_meta":{"progressToken":"x",`, 1))
		r := modernClient{w}.newRequest("tools/call", body)
		r.Header.Set("Mcp-Name", "pour")
		w.dialDeaf(p, r, by)
	case sseDoor.name:
		r := w.newRequest(http.MethodGet, "/mcp/sse", "")
		r.Header.Set("Accept", "text/event-stream")
		p.pourOverSSE(w, w.dialDeaf(p, r, by), by)
	default: // the call goes on without its caller, and so does its stream
		c := p.open(w, by).(*sessionClient)
		body, _ := newMessage("tools/call", pour)
		s := w.follow(p, c.newRequest(http.MethodPost, body), by)
		first, _ := s.next(p)
		s.close()
		w.dialDeaf(p, c.newRequest(http.MethodGet, ""), by.with("Last-Event-Id", first.id))
	}
}

// dialDeaf sends a request on a connection that takes little.
func (w *world) dialDeaf(p *probe, r *http.Request, by credentials) net.Conn {
	p.Helper()
	head, body := wireForm(r, by)
	conn := w.dial(p).(*net.TCPConn)
	_ = conn.SetReadBuffer(4 << 10) // or the writer would not have to wait for long
	framing := ""
	if body != "" {
		framing = fmt.Sprintf("Content-Length: %d\r\n", len(body))
	}
	must(fmt.Fprintf(conn, "%sHost: %s\r\n%s\r\n%s", head, w.address(), framing, body))
	return conn
}

// pourOverSSE calls what fills the stream of a connection.
func (p *probe) pourOverSSE(w *world, conn net.Conn, by credentials) {
	p.Helper()
	lines := bufio.NewReaderSize(conn, 16)
	messages := ""
	for !strings.HasPrefix(messages, "/") {
		line, err := lines.ReadString('\n')
		if err != nil {
			p.Fatalf("no endpoint came: %v", err)
		}
		messages = strings.TrimPrefix(strings.TrimSpace(line), "data: ")
	}
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":` + initialize("2024-11-05") + `}`,
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":` + pour + `}`,
	} {
		if o := w.send(w.newRequest(http.MethodPost, messages, body), by); o.status != http.StatusAccepted {
			p.Fatalf("POST beside the stream: %d %s", o.status, o.body)
		}
	}
	r := w.newRequest(http.MethodPost, "/api/v1/watch", `{}`) // for the second place
	r.Header.Set("Accept", "text/event-stream")
	w.follow(p, r, by)
}

// wireForm writes a request as it goes over the wire, without Host and length.
func wireForm(r *http.Request, by credentials) (head, body string) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", r.Method, r.URL.RequestURI())
	for name, values := range by.header {
		r.Header[name] = values
	}
	must(0, r.Header.Write(&b))
	return b.String(), string(must(io.ReadAll(r.Body)))
}

// A caller has only so many requests at a time, and so have all together.
func testRequestCaps(p *probe) {
	held := 1
	if p.door.name == sseDoor.name {
		held = 2 // its conversation is a stream
	}
	w := newWorld(p, func(c *server.Config) { c.MaxInFlight, c.MaxInFlightPerCaller = held+1, held })
	alice, bob, carol := w.people.add("token-a", "alice", read), w.people.add("token-b", "bob", read), w.people.add("token-c", "carol", read)
	c := p.open(w, alice)
	hold := func(by credentials) {
		r := w.newRequest(http.MethodPost, "/api/v1/watch", `{}`)
		r.Header.Set("Accept", "text/event-stream")
		if s := w.follow(p, r, by); s.status != http.StatusOK {
			p.Fatalf("a request was not held: %d %s", s.status, s.body)
		}
	}
	p.accepts("with a place left", c.call(alice, "read_note", `{}`))
	hold(alice)
	p.refuses("with none left of the caller's", c.call(alice, "read_note", `{}`), http.StatusTooManyRequests)
	hold(bob)
	o := restClient{w, "application/json"}.call(carol, "read_note", `{}`)
	p.refuses("with none left at all", o, http.StatusServiceUnavailable)
	p.refused(o.header.Get("Retry-After") != "", "when to try again: %v", o.header)
}

// tryStream opens a stream and returns its status.
func (p *probe) tryStream(w *world, by credentials) int {
	p.Helper()
	if p.door.name == sseDoor.name {
		r := w.newRequest(http.MethodGet, "/mcp/sse", "")
		r.Header.Set("Accept", "text/event-stream")
		return w.follow(p, r, by).status
	}
	switch c := p.open(w, by).(type) {
	case *sessionClient:
		return w.follow(p, c.newRequest(http.MethodGet, ""), by).status
	case modernClient:
		body, _ := newMessage("subscriptions/listen", withMeta(`{"notifications":{"toolsListChanged":true}}`))
		return w.follow(p, c.newRequest("subscriptions/listen", body), by).status
	}
	p.Fatalf("%s has no streams", p.door.name)
	return 0
}

func testStreamCaps(p *probe) {
	w := newWorld(p, func(c *server.Config) { c.MCP.MaxStreams, c.MCP.MaxStreamsPerPrincipal = 2, 1 })
	alice, bob, carol := w.people.add("token-a", "alice"), w.people.add("token-b", "bob"), w.people.add("token-c", "carol")
	p.accepted(p.tryStream(w, alice) == http.StatusOK, "alice's first stream")
	p.refused(p.tryStream(w, alice) == http.StatusTooManyRequests, "alice's second stream")
	p.accepted(p.tryStream(w, bob) == http.StatusOK, "bob's first stream")
	p.refused(p.tryStream(w, carol) == http.StatusServiceUnavailable, "one stream more than there may be")
}

func testSessionCaps(p *probe) {
	w := newWorld(p, func(c *server.Config) { c.MCP.Limits.Sessions, c.MCP.Limits.SessionsPerPrincipal = 2, 1 })
	alice, bob, carol := w.people.add("token-a", "alice", read), w.people.add("token-b", "bob"), w.people.add("token-c", "carol")
	c := p.open(w, alice)
	second, o := p.door.open(p, w, alice)
	p.refused(second == nil && o.status == http.StatusTooManyRequests, "alice's second session: %s", o)
	p.open(w, bob)
	third, o := p.door.open(p, w, carol)
	p.refused(third == nil && o.status == http.StatusServiceUnavailable, "one session more than there may be: %s", o)
	p.accepts("in the session that there is", c.call(alice, "read_note", `{}`))
}

func testStdioCap(p *probe) {
	w := newWorld(p, func(c *server.Config) { c.MCP.MaxStdioCalls = 1 })
	c := p.open(w, credentials{}).(*stdioClient)
	p.accepts("alone", c.call(credentials{}, "read_note", `{}`))
	c.write(`{"jsonrpc":"2.0","id":"held","method":"tools/call","params":{"name":"watch","arguments":{}}}`)
	eventually(p, "the call runs", func() bool { return len(w.ledger.all()) == 2 })
	o := c.call(credentials{}, "read_note", `{}`)
	p.refused(!o.ok() && o.rpc != 0, "beside another: %s", o)
}

// hostile is what somebody would like the log to say.
const hostile = "\r\n\x1b[2Jtime=now level=ERROR msg=forged \u202egnp"

// What callers send stands in the log as one value of one line, and their
// credentials not at all.
func testLogs(p *probe) {
	w := newWorld(p)
	alice := w.people.add("token-a-secret", "alice", read)
	c := p.open(w, alice)
	p.accepts("a good call", c.call(alice, "read_note", `{}`))
	escaped := strings.NewReplacer("\r", "%0d", "\n", "%0a", "\x1b", "%1b", " ", "%20", "\u202e", "%e2%80%ae").Replace(hostile)
	for _, path := range []string{"/api/v1/" + escaped, "/" + escaped, "/mcp/messages?sessionId=" + escaped, "/api/v1/notes/" + escaped} {
		o := w.send(w.newRequest(http.MethodGet, path, ""), alice)
		p.refused(o.status != 0, "%s has no answer", path)
	}
	c.call(alice, quoted(hostile), `{}`)
	c.call(bearer("token-b-secret").with("X-Request-Id", "forged-id"), "read_note", `{"id":"`+quoted(hostile)+`"}`)
	w.send(w.newRequest(http.MethodGet, "/api/v1/notes/1?access_token=token-c-secret", ""), credentials{})
	logged := w.journal.String()
	for line := range strings.Lines(logged) {
		p.refused(strings.HasPrefix(line, "time="), "a line of its own: %q", line)
	}
	p.refused(!strings.ContainsAny(logged, "\x1b\r\u202e"), "control characters: %q", logged)
	p.refused(!strings.Contains(logged, "-secret"), "a token: %q", logged)
	p.refused(!strings.Contains(logged, "forged-id"), "an id that nobody trusted may choose: %q", logged)
	p.accepted(strings.Contains(logged, "alice") || strings.Contains(logged, "read_note"), "nothing was logged: %q", logged)
}

// quoted returns the inside of a JSON string, which is none of HTTP's concern.
func quoted(text string) string { return strings.Trim(quote(text), `"`) }

// Who calls learns an id of what went wrong; the log has the cause under it.
func testCauses(p *probe) {
	w := newWorld(p)
	alice := w.people.add("token-a", "alice", read)
	c := p.open(w, alice)
	for operation, cause := range map[string]string{"leak": hiddenDSN, "crash": hiddenPanic} {
		o := c.call(alice, operation, `{}`)
		p.refused(!o.ok() && o.problem.Code == "internal", "%s: %s", operation, o)
		for _, secret := range []string{hiddenDSN, hiddenSQL, hiddenPanic, "hunter2", "db.internal", "goroutine", ".go:", "runtime"} {
			p.refused(!strings.Contains(o.body, secret), "%s tells %q: %s", operation, secret, o)
		}
		id := o.problem.CorrelationID
		p.refused(id != "" && loggedTogether(w.journal.String(), id, cause), "%s: the log lacks %q under the id %q", operation, cause, id)
	}
	p.accepts("another call", c.call(alice, "read_note", `{}`))
}

// loggedTogether reports whether one line of the log has both.
func loggedTogether(log, id, cause string) bool {
	for line := range strings.Lines(log) {
		if strings.Contains(line, id) && strings.Contains(line, cause) {
			return true
		}
	}
	return false
}

// A handler that panics fails its own call alone.
func testPanics(p *probe) {
	w := newWorld(p)
	alice := w.people.add("token-a", "alice", read)
	c := p.open(w, alice)
	var held *stream
	if p.door.name != stdioDoor.name {
		r := w.newRequest(http.MethodPost, "/api/v1/watch", `{}`)
		r.Header.Set("Accept", "text/event-stream")
		held = w.follow(p, r, alice)
	}
	for range 3 {
		o := c.call(alice, "crash", `{}`)
		p.refused(!o.ok() && (o.status == http.StatusInternalServerError || o.status == http.StatusOK) && o.problem.Code == "internal", "a panic: %s", o)
	}
	p.accepts("the next call", c.call(alice, "read_note", `{}`))
	p.accepted(held == nil || held.isOpen(), "a call beside it was ended")
}

// Names that look alike, or differ by case alone, cannot be registered.
func testNames(p *probe) {
	register := func(names ...string) (refusal any) {
		defer func() { refusal = recover() }()
		svc := tandem.New("names", "1")
		svc.Logger = slog.New(slog.DiscardHandler)
		for _, name := range names {
			tandem.Register(svc, tandem.Operation{Name: name, Summary: "x", Path: fmt.Sprintf("/%x", name)},
				func(ctx context.Context, _ struct{}) (number, error) { return number{}, nil })
		}
		return nil
	}
	for _, names := range [][]string{
		{"pay", "Pay"}, {"pay", "PAY"}, {"pay", "pay"}, {"p\u0430y"}, {"pay\u200b"}, {"pay "}, {"p\u00e1y"}, {"ｐay"}, {"pay\x00"}, {""}, {strings.Repeat("p", 65)},
	} {
		p.refused(register(names...) != nil, "%q", names)
	}
	refusal := register("pay", "p-a-y", "p_a_y", "p.a.y", "pay2")
	p.accepted(refusal == nil, "names that differ: %v", refusal)
}
