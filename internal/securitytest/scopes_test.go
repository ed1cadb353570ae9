package securitytest

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem/server"
)

var scopeCases = []securityCase{
	{29, "hidden_is_unknown", mcpDoors, testHidden},
	{29, "hidden_routes_are_unknown", restDoors, testHiddenREST},
	{30, "missing_scope", httpDoors, testMissingScope},
	{30, "missing_scope_of_features", mcpDoors, testMissingScopeOfFeatures},
	{30, "decided_on_the_body", legacyDoors, testDecidedOnBody},
	{30, "policy_of_arguments", httpDoors, testPolicy},
	{31, "broad_scope", httpDoors, testBroadScope},
	{32, "filtered_lists", mcpDoors, testFilteredLists},
}

func hideForbidden(c *server.Config) { c.HideForbidden = true }

// What a caller may not use answers as what does not exist, to the byte.
func testHidden(p *probe) {
	w := newWorld(p, hideForbidden)
	alice, root := w.people.add("token-a", "alice", read), w.people.add("token-r", "root", admin)
	c, ofRoot := p.open(w, alice), p.open(w, root)
	for _, ask := range []struct{ method, hidden, unknown string }{
		{"tools/call", callParams("purge", `{}`), callParams("nopes", `{}`)},
		{"prompts/get", `{"name":"vault_prompt"}`, `{"name":"nopes_prompt"}`},
		{"resources/read", `{"uri":"vault://1"}`, `{"uri":"nopes://1"}`},
		{"completion/complete", completion("ref/prompt", "name", "vault_prompt"), completion("ref/prompt", "name", "nopes_prompt")},
		{"completion/complete", completion("ref/resource", "uri", "vault://{id}"), completion("ref/resource", "uri", "nopes://{id}")},
	} {
		hidden, unknown := c.request(alice, ask.method, ask.hidden), c.request(alice, ask.method, ask.unknown)
		same := strip(hidden.body) == strip(unknown.body) && hidden.status == unknown.status &&
			hidden.header.Get("WWW-Authenticate") == unknown.header.Get("WWW-Authenticate")
		p.refused(same && (hidden.rpc != 0 || !strings.Contains(hidden.body, "one")), "%s: hidden %s; unknown %s", ask.method, hidden, unknown)
		p.accepts(ask.method, ofRoot.request(root, ask.method, ask.hidden))
	}
	p.refused(w.ledger.count("alice") == 0, "a hidden handler ran")
}

// A hidden route answers as one that does not exist, whatever the body is.
func testHiddenREST(p *probe) {
	w := newWorld(p, hideForbidden)
	alice, root := w.people.add("token-a", "alice", read), w.people.add("token-r", "root", admin)
	c := p.open(w, alice).(restClient)
	for _, ask := range []struct{ method, hidden, unknown, body string }{
		{"POST", "/purge", "/nopes", `{}`}, {"POST", "/purge", "/nopes", `{"nope":1}`}, {"POST", "/purge", "/nopes", `{`},
		{"GET", "/purge", "/nopes", ""}, {"OPTIONS", "/purge", "/nopes", ""}, {"DELETE", "/purge", "/nopes", ""},
		{"GET", "/secrets", "/nopes", ""}, {"GET", "/secrets/", "/nopes/", ""}, {"GET", "/secrets?x=1", "/nopes?x=1", ""},
	} {
		hidden, unknown := c.send(alice, ask.method, ask.hidden, ask.body), c.send(alice, ask.method, ask.unknown, ask.body)
		rename := strings.NewReplacer("purge", "nopes", "secrets", "nopes")
		for _, o := range []outcome{hidden, unknown} {
			for _, name := range []string{"Date", "X-Request-Id"} { // of this request alone
				o.header.Del(name)
			}
			o.header.Del("Content-Length") // the names differ in length
		}
		same := rename.Replace(hidden.body) == unknown.body && hidden.status == unknown.status && cmp.Equal(hidden.header, unknown.header)
		p.refused(same && !hidden.ok(), "%s %s: %s %v; unknown: %s %v", ask.method, ask.hidden, hidden, hidden.header, unknown, unknown.header)
	}
	p.refused(w.ledger.count("alice") == 0, "a hidden handler ran")
	p.accepts("who may", c.call(root, "purge", `{}`))
	document := w.send(w.newRequest(http.MethodGet, "/openapi.json", ""), alice)
	p.refused(!strings.Contains(document.body, "purge") && strings.Contains(document.body, "read_note"), "the document of alice: %d %s", document.status, document.body)
	document = w.send(w.newRequest(http.MethodGet, "/openapi.json", ""), root)
	p.accepted(strings.Contains(document.body, "purge"), "the document of root: %d", document.status)
}

func completion(kind, member, value string) string {
	return `{"ref":{"type":"` + kind + `","` + member + `":` + quote(value) + `},"argument":{"name":"id","value":""}}`
}

// strip leaves out what differs between two requests: their ids and names.
func strip(message string) string {
	before, rest, _ := strings.Cut(message, `"id":`)
	_, rest, _ = strings.Cut(rest, ",")
	return strings.NewReplacer("purge", "nopes", "vault", "nopes").Replace(before + rest)
}

// insufficient reports whether the challenge names exactly these scopes.
func insufficient(o outcome, scopes string) bool {
	challenge := o.header.Get("WWW-Authenticate")
	return strings.HasPrefix(challenge, "Bearer ") && strings.Contains(challenge, `error="insufficient_scope"`) &&
		strings.Contains(challenge, `scope="`+scopes+`"`) && o.problem.Code == "permission_denied"
}

// The challenge names all scopes of the operation, whichever the caller has.
func testMissingScope(p *probe) {
	w := newWorld(p)
	for i, held := range [][]string{nil, {read}, {write}, {"notes:reader"}, {"NOTES:READ", "notes:write"}} {
		by := w.people.add(fmt.Sprintf("token-%d", i), "alice", held...)
		o := p.open(w, by).call(by, "edit_note", `{"id":"no"}`)
		p.refuses("with "+strings.Join(held, " "), o, http.StatusForbidden)
		p.refused(insufficient(o, read+" "+write), "the challenge of %s", o)
	}
	p.refused(w.ledger.count("alice") == 0, "the handler ran")
	root := w.people.add("token-both", "root", read, write)
	p.accepts("with both scopes", p.open(w, root).call(root, "edit_note", `{}`))
}

// Resources and prompts are refused as tools are.
func testMissingScopeOfFeatures(p *probe) {
	w := newWorld(p)
	alice, root := w.people.add("token-a", "alice", read), w.people.add("token-r", "root", admin)
	c, ofRoot := p.open(w, alice), p.open(w, root)
	for method, params := range map[string]string{"resources/read": `{"uri":"vault://1"}`, "prompts/get": `{"name":"vault_prompt"}`} {
		o := c.request(alice, method, params)
		p.refuses(method, o, http.StatusForbidden)
		p.refused(insufficient(o, admin), "%s: the challenge of %s", method, o)
		p.accepts(method, ofRoot.request(root, method, params))
	}
	p.refused(w.ledger.count("alice") == 0, "the handler ran")
}

// A header that names another operation changes nothing: what runs is what the
// body says, and so is what is judged.
func testDecidedOnBody(p *probe) {
	w := newWorld(p)
	alice := w.people.add("token-a", "alice", read)
	c := p.open(w, alice)
	harmless := alice.with("Mcp-Name", "read_note").with("Mcp-Method", "tools/list")
	p.refuses("a harmless header", c.call(harmless, "edit_note", `{}`), http.StatusForbidden)
	p.refused(w.ledger.count("alice") == 0, "the handler ran")
	p.accepts("a header of what is forbidden", c.call(alice.with("Mcp-Name", "edit_note"), "read_note", `{}`))
}

// A policy judges the arguments of each call by its caller.
func testPolicy(p *probe) {
	w := newWorld(p)
	alice, bob := w.people.add("token-a", "alice", read), w.people.add("token-b", "bob", read)
	c := p.open(w, alice)
	for _, id := range []string{"bob-1", "alice", "", "ALICE-1"} {
		o := c.call(alice, "own_note", `{"id":`+quote(id)+`}`)
		p.refused(!o.ok() && o.problem.Code == "permission_denied", "note %q: %s", id, o)
		p.refused(!strings.Contains(o.header.Get("WWW-Authenticate"), "scope="), "better credentials are asked for: %s", o)
	}
	p.refused(w.ledger.count("alice") == 0, "the handler ran")
	p.accepts("her own", c.call(alice, "own_note", `{"id":"alice-1"}`))
	p.accepts("his own", p.open(w, bob).call(bob, "own_note", `{"id":"bob-1"}`))
}

// A broad scope stands for the narrow ones, and not the other way round.
func testBroadScope(p *probe) {
	w := newWorld(p)
	broad, narrow := w.people.add("token-broad", "root", admin), w.people.add("token-narrow", "alice", read, write)
	c := p.open(w, broad)
	for _, operation := range []string{"read_note", "edit_note", "purge"} {
		p.accepts(operation, c.call(broad, operation, `{}`))
	}
	p.refuses("the narrow scopes", p.open(w, narrow).call(narrow, "purge", `{}`), http.StatusForbidden)
}

// Lists show what their reader may use, and are kept for that reader alone.
func testFilteredLists(p *probe) {
	w := newWorld(p, hideForbidden)
	alice, root := w.people.add("token-a", "alice", read), w.people.add("token-r", "root", admin)
	for method, names := range map[string][2]string{
		"tools/list":               {"read_note", "purge"},
		"prompts/list":             {"shelf_prompt", "vault_prompt"},
		"resources/templates/list": {"shelf_files", "vault_files"},
	} {
		narrow, wide := p.open(w, alice).request(alice, method, `{}`), p.open(w, root).request(root, method, `{}`)
		p.accepted(present(narrow, names) == "yes no", "%s of alice has the two of %v: %s", method, names, present(narrow, names))
		p.accepted(present(wide, names) == "yes yes", "%s of root has the two of %v: %s", method, names, present(wide, names))
		for _, o := range []outcome{narrow, wide} {
			private := p.door.name != modernDoor.name || strings.Contains(o.body, `"cacheScope":"private"`)
			p.refused(private && !strings.Contains(o.body, `"cacheScope":"public"`), "%s: others may keep the list: %s", method, o)
		}
	}
}

// present says of each name whether the list has it.
func present(o outcome, names [2]string) string {
	var found []string
	for _, name := range names {
		word := "no"
		if strings.Contains(o.body, `"name":"`+name+`"`) {
			word = "yes"
		}
		found = append(found, word)
	}
	return strings.Join(found, " ")
}
