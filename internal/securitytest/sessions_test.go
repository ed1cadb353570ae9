package securitytest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/rest"
	"github.com/tandem-go/tandem/server"
)

var sessionCases = []securityCase{
	{24, "foreign_session", sessionDoors, testForeignSession},
	{25, "foreign_sse_session", []door{sseDoor}, testForeignSSE},
	{26, "narrower_token_in_a_wide_session", httpDoors, testNarrowerToken},
	{27, "stream_outlives_its_token", streamDoors, testExpiringStream},
	{27, "stream_outlives_a_revocation", streamDoors, testRevokedStream},
	{27, "call_outlives_its_token", []door{eventsDoor, march, june, november, modernDoor}, testExpiringCall},
	{28, "foreign_cursor", mcpDoors, testForeignCursor},
	{28, "foreign_request_state", []door{restDoor, modernDoor}, testForeignState},
	{28, "foreign_event_id", []door{november}, testForeignEventID},
}

// B may neither speak nor listen in A's session, nor end it.
func testForeignSession(p *probe) {
	w := newWorld(p)
	alice, bob := w.people.add("token-a", "alice", read), w.people.add("token-b", "bob", read)
	c := p.open(w, alice).(*sessionClient)
	p.refuses("POST", c.call(bob, "read_note", `{}`), http.StatusForbidden, http.StatusNotFound)
	p.refuses("POST of a ping", c.request(bob, "ping", `{}`), http.StatusForbidden, http.StatusNotFound)
	p.refuses("GET", w.send(c.newRequest(http.MethodGet, ""), bob), http.StatusForbidden, http.StatusNotFound)
	p.refuses("DELETE", w.send(c.newRequest(http.MethodDelete, ""), bob), http.StatusForbidden, http.StatusNotFound)
	p.refused(w.ledger.count("bob") == 0, "bob's call ran")
	p.accepts("the owner's call", c.call(alice, "read_note", `{}`))
	own := p.open(w, bob)
	p.accepts("bob in a session of his own", own.call(bob, "read_note", `{}`))
	p.accepted(w.send(c.newRequest(http.MethodDelete, ""), alice).status == http.StatusNoContent, "the owner's DELETE")
}

// B cannot post into A's stream, nor resume it.
func testForeignSSE(p *probe) {
	w := newWorld(p)
	alice, bob := w.people.add("token-a", "alice", read), w.people.add("token-b", "bob", read)
	c := p.open(w, alice).(*sseClient)
	p.refuses("POST", c.call(bob, "read_note", `{}`), http.StatusForbidden, http.StatusNotFound)
	p.refuses("POST of a ping", c.request(bob, "ping", `{}`), http.StatusForbidden, http.StatusNotFound)
	p.refused(w.ledger.count("bob") == 0, "bob's call ran")
	other, _ := openSSEStream(p, w, bob.with("Last-Event-Id", c.session()+"~0"))
	p.refused(other == nil || other.session() != c.session(), "bob resumed the stream %s", c.session())
	p.accepts("the owner's call", c.call(alice, "read_note", `{}`))
}

// What counts is the token of this request, not that which opened the session.
func testNarrowerToken(p *probe) {
	w := newWorld(p)
	wide, narrow := w.people.add("token-wide", "alice", read, write), w.people.add("token-narrow", "alice", read)
	c := p.open(w, wide)
	p.accepts("the wide token", c.call(wide, "edit_note", `{"id":"1"}`))
	p.refuses("the narrow token", c.call(narrow, "edit_note", `{"id":"2"}`), http.StatusForbidden)
	p.accepts("what the narrow token allows", c.call(narrow, "read_note", `{"id":"3"}`))
	for _, e := range w.ledger.all() {
		p.refused(e.argument != "2", "the handler ran for the narrow token")
	}
}

// streamDoors have streams that outlast a request.
var streamDoors = []door{eventsDoor, sseDoor, march, june, november, modernDoor}

// openStream opens a stream that stays open by itself.
func openStream(p *probe, w *world, by credentials) *stream {
	p.Helper()
	var s *stream
	switch c := p.open(w, by).(type) {
	case restClient:
		r := w.newRequest(http.MethodPost, "/api/v1/watch", `{}`)
		r.Header.Set("Accept", c.accept)
		s = w.follow(p, r, by)
	case *sseClient:
		s = c.stream
	case *sessionClient:
		s = w.follow(p, c.newRequest(http.MethodGet, ""), by)
	case modernClient:
		body, _ := newMessage("subscriptions/listen", withMeta(`{"notifications":{"toolsListChanged":true}}`))
		s = w.follow(p, c.newRequest("subscriptions/listen", body), by)
	}
	if s.status != http.StatusOK {
		p.Fatalf("the stream was not opened: %d %s", s.status, s.body)
	}
	return s
}

// lifetime is that of a token which ends while a stream is open, long enough for a
// loaded machine to open it.
const lifetime = 15 * time.Second

func quickHeartbeat(c *server.Config) { c.Heartbeat = 50 * time.Millisecond }

// A stream ends when its token does, and not before; others go on.
func testExpiringStream(p *probe) {
	w := newWorld(p, quickHeartbeat)
	lasting := openStream(p, w, w.people.add("token-lasting", "bob"))
	expires := time.Now().Add(lifetime)
	brief := w.people.put("token-brief", &tandem.Principal{Issuer: "people", Subject: "alice", Expires: expires})
	ending := openStream(p, w, brief)
	eventually(p, "the stream ends with its token", func() bool { return !ending.isOpen() })
	p.refused(!time.Now().Before(expires), "the stream ended before its token")
	p.accepted(lasting.isOpen(), "the stream of a token without an end has ended")
}

// A stream ends soon after its token was revoked; others go on.
func testRevokedStream(p *probe) {
	w := newWorld(p, quickHeartbeat)
	lasting := openStream(p, w, w.people.add("token-lasting", "bob"))
	ending := openStream(p, w, w.people.add("token-revoked", "alice"))
	p.accepted(ending.isOpen(), "the stream of a good token has ended")
	w.people.revoke("token-revoked")
	eventually(p, "the stream ends with its token", func() bool { return !ending.isOpen() })
	p.refused(!ending.isOpen(), "the stream goes on")
	p.accepted(lasting.isOpen(), "the stream of a good token has ended")
}

// A call whose answer only its own stream can take ends with the token that made
// it, and its handler is told. In a session the stream ends and the call goes on:
// its answer is for who comes back with a good token.
func testExpiringCall(p *probe) {
	w := newWorld(p, quickHeartbeat)
	lasting := p.startWatch(w, w.people.add("token-lasting", "bob"))
	expires := time.Now().Add(lifetime)
	brief := w.people.put("token-brief", &tandem.Principal{Issuer: "people", Subject: "alice", Expires: expires})
	ending := p.startWatch(w, brief)
	eventually(p, "the stream of the call ends with its token", func() bool { return !ending.isOpen() })
	p.refused(!time.Now().Before(expires), "the stream ended before its token")
	p.accepted(lasting.isOpen(), "the stream of a token without an end has ended")
	if p.door.is(sessionDoors) {
		return
	}
	ended := entry{"watch", "alice", "ended"}
	eventually(p, "the handler is told", func() bool { return slices.Contains(w.ledger.all(), ended) })
	p.accepted(w.ledger.count("bob") == 1, "the call of a token without an end: %v", w.ledger.all())
}

// startWatch makes a call that goes on, on a stream of its own.
func (p *probe) startWatch(w *world, by credentials) (s *stream) {
	p.Helper()
	switch c := p.open(w, by).(type) {
	case restClient:
		r := w.newRequest(http.MethodPost, "/api/v1/watch", `{}`)
		r.Header.Set("Accept", c.accept)
		s = w.follow(p, r, by)
	case *sessionClient:
		s = w.streamOfCall(p, c, by)
	case modernClient:
		body, _ := newMessage("tools/call", strings.Replace(withMeta(`{"name":"watch","arguments":{}}`), `"_meta":{`, `"_meta":{"progressToken":"x",`, 1))
		r := c.newRequest("tools/call", body)
		r.Header.Set("Mcp-Name", "watch")
		s = w.follow(p, r, by)
	}
	if _, ok := s.find(p, "watching"); !ok {
		p.Fatalf("the call did not begin: %d %s", s.status, s.body)
	}
	return s
}

// A cursor is good for whom it was given to.
func testForeignCursor(p *probe) {
	w := newWorld(p, func(c *server.Config) { c.MCP.PageSize = 1 })
	alice, bob := w.people.add("token-a", "alice", admin), w.people.add("token-b", "bob", admin)
	ofAlice, ofBob := p.open(w, alice), p.open(w, bob)
	for _, method := range []string{"tools/list", "prompts/list", "resources/templates/list"} {
		first := ofAlice.request(alice, method, `{}`)
		var page struct {
			NextCursor string `json:"nextCursor"`
		}
		if err := json.Unmarshal(first.result, &page); err != nil || page.NextCursor == "" {
			p.Fatalf("%s has no further page: %s", method, first)
		}
		next := `{"cursor":` + quote(page.NextCursor) + `}`
		foreign, made := ofBob.request(bob, method, next), ofBob.request(bob, method, `{"cursor":"bm90IG9uZQ"}`)
		p.refused(!foreign.ok() && foreign.rpc == made.rpc && foreign.status == made.status, "%s: %s; a made-up one: %s", method, foreign, made)
		p.accepts(method, ofAlice.request(alice, method, next))
	}
}

// The state of a question is good for whom it was put to.
func testForeignState(p *probe) {
	w := newWorld(p)
	alice, bob := w.people.add("token-a", "alice"), w.people.add("token-b", "bob")
	state, question := askFirst(p, w, alice)
	foreign := answerWith(p, w, bob, state, question)
	p.refused(!foreign.ok(), "bob went on with alice's state: %s", foreign)
	p.refused(w.ledger.count("bob") == 0, "the handler went on for bob")
	p.accepts("alice's answer", answerWith(p, w, alice, state, question))
}

// askFirst makes the call that asks, and returns its state and the question's id.
func askFirst(p *probe, w *world, by credentials) (state, question string) {
	p.Helper()
	o := p.open(w, by).call(by, "confirm", `{"id":"7"}`)
	var asked struct {
		InputRequired json.RawMessage            `json:"input_required"`
		State         string                     `json:"requestState"`
		Requests      map[string]json.RawMessage `json:"inputRequests"`
	}
	text := []byte(o.body)
	if o.result != nil {
		text = o.result
	}
	err := json.Unmarshal(text, &asked)
	if asked.InputRequired != nil {
		var rest struct {
			State     string `json:"state"`
			Questions []struct {
				ID string `json:"id"`
			} `json:"questions"`
		}
		err = json.Unmarshal(asked.InputRequired, &rest)
		if err == nil && len(rest.Questions) > 0 {
			return rest.State, rest.Questions[0].ID
		}
	}
	for id := range asked.Requests {
		return asked.State, id
	}
	p.Fatalf("no question came: %v: %s", err, o)
	return "", ""
}

func answerWith(p *probe, w *world, by credentials, state, question string) outcome {
	p.Helper()
	answers := `{` + quote(question) + `:{"action":"accept","content":{"sure":true}}}`
	if p.door.name == restDoor.name {
		return p.open(w, by).call(by.with(rest.StateHeader, state).with(rest.AnswersHeader, answers), "confirm", `{"id":"7"}`)
	}
	params := strings.TrimSuffix(callParams("confirm", `{"id":"7"}`), "}") +
		`,"requestState":` + quote(state) + `,"inputResponses":` + answers + `}`
	return p.open(w, by).request(by, "tools/call", params)
}

// The place in A's stream means nothing in B's session.
func testForeignEventID(p *probe) {
	w := newWorld(p)
	alice, bob := w.people.add("token-a", "alice"), w.people.add("token-b", "bob")
	ofAlice, ofBob := p.open(w, alice).(*sessionClient), p.open(w, bob).(*sessionClient)
	first, ok := w.streamOfCall(p, ofAlice, alice).next(p)
	if !ok || first.id == "" {
		p.Fatalf("the stream of a call has no ids: %+v", first)
	}
	foreign := w.follow(p, ofBob.newRequest(http.MethodGet, ""), bob.with("Last-Event-Id", first.id))
	p.refused(foreign.status >= 400 && foreign.status < 500, "bob resumed alice's stream: %d", foreign.status)
	own := w.follow(p, ofAlice.newRequest(http.MethodGet, ""), alice.with("Last-Event-Id", first.id))
	p.accepted(own.status == http.StatusOK, "alice's own: %d %s", own.status, own.body)
}

// streamOfCall makes a call that goes on, and has events.
func (w *world) streamOfCall(p *probe, c *sessionClient, by credentials) *stream {
	p.Helper()
	body, _ := newMessage("tools/call", `{"name":"watch","arguments":{},"_meta":{"progressToken":"x"}}`)
	return w.follow(p, c.newRequest(http.MethodPost, body), by)
}
