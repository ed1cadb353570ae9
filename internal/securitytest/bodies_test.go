package securitytest

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/tandem-go/tandem/server"
)

var bodyCases = []securityCase{
	{36, "too_large", everyDoor, testTooLarge},
	{36, "chunked_and_compressed", httpDoors, testChunked},
	{37, "deep_nesting", everyDoor, testDeepNesting},
	{38, "numbers", everyDoor, testNumbers},
	{39, "duplicate_names", everyDoor, testDuplicateNames},
	{40, "invalid_text", everyDoor, testInvalidText},
	{41, "trailing_garbage", everyDoor, testTrailingGarbage},
	{42, "smuggling", wireDoors, testSmuggling},
	{43, "headers_differ_from_the_body", []door{modernDoor}, testMirrors},
}

const smallBody = 64 << 10

func limitBody(c *server.Config) { c.MaxBody = smallBody }

func testTooLarge(p *probe) {
	w := newWorld(p, limitBody)
	alice := w.people.add("token-a", "alice", read)
	c := p.open(w, alice)
	p.accepts("what is small enough", c.call(alice, "plant", `{"data":"`+strings.Repeat("a", smallBody/2)+`"}`))
	before := len(w.ledger.all())
	if s, ok := c.(*stdioClient); ok {
		body, _ := newMessage("tools/call", callParams("plant", `{"data":"`+strings.Repeat("a", smallBody)+`"}`))
		p.refused(!s.say(body, `"error"`).ok(), "a line over the limit")
	} else {
		p.refuses("what is too large", c.call(alice, "plant", `{"data":"`+strings.Repeat("a", smallBody)+`"}`), http.StatusRequestEntityTooLarge)
	}
	p.refused(len(w.ledger.all()) == before, "a handler ran")
	p.accepts("the next call", c.call(alice, "plant", `{}`))
}

// A length that is not known in advance is bounded as well, and what is
// compressed is not unpacked.
func testChunked(p *probe) {
	w := newWorld(p, limitBody)
	alice := w.people.add("token-a", "alice", read)
	c := p.open(w, alice)
	chunked := alice.with("Transfer-Encoding", "chunked")
	p.accepts("chunks within the limit", c.call(chunked, "plant", `{"data":"`+strings.Repeat("a", smallBody/2)+`"}`))
	before := len(w.ledger.all())
	p.refuses("chunks over the limit", c.call(chunked, "plant", `{"data":"`+strings.Repeat("a", smallBody)+`"}`), http.StatusRequestEntityTooLarge)
	for _, encoding := range []string{"gzip", "deflate", "br", "identity, gzip"} {
		o := c.call(alice.with("Content-Encoding", encoding), "plant", `{}`)
		p.refuses("Content-Encoding "+encoding, o, http.StatusUnsupportedMediaType)
	}
	bomb := c.call(alice.with("Content-Encoding", "gzip"), "plant", gzipBomb())
	p.refuses("a gzip bomb", bomb, http.StatusUnsupportedMediaType)
	p.refused(len(w.ledger.all()) == before, "a handler ran")
}

// gzipBomb unpacks to 16 MiB.
func gzipBomb() string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	must(z.Write(bytes.Repeat([]byte(" "), 16<<20)))
	must(0, z.Close())
	return b.String()
}

// refusesBody demands that a body is refused before anything runs: by HTTP's 400,
// or as bad arguments of a tool.
func (p *probe) refusesBody(what string, o outcome) {
	p.Helper()
	bad := o.status == http.StatusBadRequest || o.rpc == -32700 || o.rpc == -32600 || o.rpc == -32602 || o.problem.Code == "invalid_argument"
	p.refused(!o.ok() && bad, "%s: %s", what, o)
}

func testDeepNesting(p *probe) {
	w := newWorld(p)
	alice := w.people.add("token-a", "alice", read)
	c := p.open(w, alice)
	p.accepts("some depth", c.call(alice, "plant", `{"data":`+strings.Repeat("[", 50)+strings.Repeat("]", 50)+`}`))
	before := len(w.ledger.all())
	const deep = 100_000
	for _, brackets := range []string{"[]", `{}`} {
		opening, closing := strings.Repeat("[", deep), strings.Repeat("]", deep)
		if brackets == "{}" {
			opening, closing = strings.Repeat(`{"a":`, deep)+"1", strings.Repeat("}", deep)
		}
		p.refusesBody("100,000 "+brackets, c.call(alice, "plant", `{"data":`+opening+closing+`}`))
		p.refusesBody("100,000 "+brackets+" in an unknown argument", c.call(alice, "count", `{"n":1,"x":`+opening+closing+`}`))
	}
	p.refused(len(w.ledger.all()) == before, "a handler ran")
}

// Numbers are exact or refused.
func testNumbers(p *probe) {
	w := newWorld(p)
	alice := w.people.add("token-a", "alice", read)
	c := p.open(w, alice)
	for _, n := range []string{"9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808"} {
		o := c.call(alice, "count", `{"n":`+n+`}`)
		p.accepted(string(o.result) == `{"n":`+n+`}`, "%s became %s", n, o)
	}
	for _, n := range []string{"1e400", "-1e400", "9223372036854775808", "-9223372036854775809", "1.5", "01", "+1", "0x10", "NaN", "Infinity", "1e1000000000"} {
		p.refusesBody(n, c.call(alice, "count", `{"n":`+n+`}`))
	}
	for _, f := range []string{"1e400", "-1e400", "1e1000000000"} {
		p.refusesBody(f, c.call(alice, "count", `{"n":1,"f":`+f+`}`))
	}
}

func testDuplicateNames(p *probe) {
	w := newWorld(p)
	alice := w.people.add("token-a", "alice", read)
	c := p.open(w, alice)
	for _, arguments := range []string{`{"n":1,"n":2}`, `{"n":1,"n":1}`, `{"n":1,"\u006e":2}`} {
		p.refusesBody(arguments, c.call(alice, "count", arguments))
	}
	p.refusesBody("deep inside", c.call(alice, "plant", `{"data":{"a":{"b":1,"b":2}}}`))
	if p.door.is(mcpDoors) {
		p.refusesBody("a name twice in the message", c.request(alice.with("Mcp-Name", "count"), "tools/call", `{"name":"count","name":"purge","arguments":{"n":1}}`))
		p.refusesBody("arguments twice", c.request(alice.with("Mcp-Name", "count"), "tools/call", `{"name":"count","arguments":{"n":1},"arguments":{"n":2}}`))
	}
	p.refused(len(w.ledger.all()) == 0, "a handler ran")
	p.accepts("each name once", c.call(alice, "count", `{"n":1}`))
}

func testInvalidText(p *probe) {
	w := newWorld(p)
	alice := w.people.add("token-a", "alice", read)
	c := p.open(w, alice)
	for name, text := range map[string]string{
		"invalid UTF-8": "a\xffb", "an overlong form": "\xc0\xaf", "a surrogate in UTF-8": "\xed\xa0\x80",
		"a high surrogate alone": `\ud800`, "a low surrogate alone": `\udc00`, "the wrong order": `\udc00\ud800`,
	} {
		p.refusesBody(name, c.call(alice, "plant", `{"data":"`+text+`"}`))
		p.refusesBody(name+" as a name", c.call(alice, "plant", `{"data":{"`+text+`":1}}`))
	}
	p.refused(len(w.ledger.all()) == 0, "a handler ran")
	p.accepts("a pair of surrogates", c.call(alice, "plant", `{"data":"\ud83d\ude00 ü"}`))
}

func testTrailingGarbage(p *probe) {
	w := newWorld(p)
	alice := w.people.add("token-a", "alice", read)
	c := p.open(w, alice)
	for _, garbage := range []string{"{}", "x", "]", `{"n":2}`, "\x00", ",", "null"} {
		p.refusesBody(fmt.Sprintf("%q", garbage), c.raw(alice, "count", `{"n":1}`, garbage))
	}
	p.refused(len(w.ledger.all()) == 0, "a handler ran")
	p.accepts("white space", c.raw(alice, "count", `{"n":1}`, " \t "))
}

// rawRequest returns a good call as it goes over the wire, without the headers
// that frame it.
func (p *probe) rawRequest(w *world, by credentials) (head, body string) {
	p.Helper()
	var r *http.Request
	switch c := p.open(w, by).(type) {
	case restClient:
		r = w.newRequest(http.MethodPost, "/api/v1/count", `{"n":1}`)
		r.Header.Set("Accept", c.accept)
	case *sseClient:
		body, _ := newMessage("tools/call", callParams("count", `{"n":1}`))
		r = w.newRequest(http.MethodPost, c.messages, body)
	case *sessionClient:
		body, _ := newMessage("tools/call", callParams("count", `{"n":1}`))
		r = c.newRequest(http.MethodPost, body)
	case modernClient:
		body, _ := newMessage("tools/call", withMeta(callParams("count", `{"n":1}`)))
		r = c.newRequest("tools/call", body)
		r.Header.Set("Mcp-Name", "count")
	}
	return wireForm(r, by)
}

// A message whose end two servers could see at two places gets one answer and no
// successor on its connection.
func testSmuggling(p *probe) {
	w := newWorld(p)
	alice := w.people.add("token-a", "alice", read)
	head, body := p.rawRequest(w, alice)
	length := fmt.Sprintf("Content-Length: %d\r\n", len(body))
	host := "Host: " + w.address() + "\r\n"
	chunk := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
	good := w.sendRaw(p, head+host+length, body)
	p.accepted(good.status == http.StatusOK || good.status == http.StatusAccepted, "the request itself: %d %s", good.status, good.body)
	for name, headers := range map[string]string{
		"two lengths":                       host + length + "Content-Length: 3\r\n",
		"a list of lengths":                 host + fmt.Sprintf("Content-Length: %d, 3\r\n", len(body)),
		"a signed length":                   host + fmt.Sprintf("Content-Length: +%d\r\n", len(body)),
		"two hosts":                         host + "Host: evil.example\r\n" + length,
		"an unknown transfer coding":        host + "Transfer-Encoding: xchunked\r\n" + length,
		"a transfer coding twice":           host + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
		"white space before a colon":        host + length + "X-Evil : 1\r\n",
		"a bare carriage return in a value": host + length + "X-Evil: 1\r2\r\n",
	} {
		o := w.sendRaw(p, head+headers, body)
		p.refused(o.status == http.StatusBadRequest || o.status == http.StatusNotImplemented, "%s: %d %s", name, o.status, o.body)
	}
	before := len(w.ledger.all())
	conn := w.dial(p)
	second := head + host + length + "\r\n" + body
	must(io.WriteString(conn, head+host+length+"Transfer-Encoding: chunked\r\n\r\n"+chunk+second))
	answers := bufio.NewReader(conn)
	first := readAnswer(p, answers)
	p.refused(first.status != 0, "there was no answer at all")
	p.refused(readAnswer(p, answers).status == 0, "the connection served a second request after %d", first.status)
	p.refused(len(w.ledger.all()) <= before+1, "the smuggled request ran")
}

// Of headers that say other than the body none counts: the request is refused.
func testMirrors(p *probe) {
	w := newWorld(p)
	alice := w.people.add("token-a", "alice", read)
	c := modernClient{w}
	refuses := func(what string, o outcome) {
		p.Helper()
		p.refused(o.status == http.StatusBadRequest && o.rpc == -32020, "%s: %s", what, o)
	}
	call := callParams("edit_note", `{}`)
	for _, name := range []string{"read_note", "EDIT_NOTE", "", "edit_note ", "=?base64?cmVhZF9ub3Rl?=", "=?base64?!?="} {
		o := c.post(alice.with("Mcp-Name", name), "tools/call", call)
		if name == "edit_note " { // HTTP itself drops white space at the end
			continue
		}
		refuses(fmt.Sprintf("Mcp-Name %q", name), o)
	}
	refuses("Mcp-Method", c.post(alice.with("Mcp-Name", "edit_note").with("Mcp-Method", "tools/list"), "tools/call", call))
	refuses("the revision", c.post(alice.with("Mcp-Name", "edit_note").with("Mcp-Protocol-Version", "2026-07-29"), "tools/call", call))
	p.refused(w.ledger.count("alice") == 0, "a handler ran")
	p.accepts("headers that agree", c.call(alice, "read_note", `{}`))
}
