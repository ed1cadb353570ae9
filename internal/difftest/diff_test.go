package difftest

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// plain returns text without what path.Match treats apart.
func plain(text string) string {
	return strings.NewReplacer("/", "|", "[", "(", "]", ")").Replace(text)
}

// sample is one message with what it is.
type sample struct {
	revision, method, mutation string
	message
}

func (c sample) String() string { return c.revision + ": " + c.method + ": " + c.mutation }

// samples returns every method in every mutation, each with an id of its own.
func samples(revision string) []sample {
	var all []sample
	id := 100
	for _, m := range methods(revision) {
		for _, mutation := range mutations {
			id++
			if m.id = id; m.notice {
				m.id = nil
			}
			if mutated, applies := mutation.mutate(m.message, revision); applies {
				all = append(all, sample{revision, m.name, mutation.name, mutated})
			}
		}
	}
	return all
}

// pair is the two servers.
type pair struct{ tandem, sdk peer }

func newPair(t *testing.T) pair {
	svc := newService()
	return pair{peer{url: serveTandem(t, svc).URL + "/mcp"}, peer{url: serveSDK(t, svc).URL + "/mcp"}}
}

// begin returns the pair in a new session.
func (p pair) begin(t *testing.T, revision string) pair {
	if revision == modern {
		return p
	}
	for _, m := range handshake(revision) {
		p.tandem.send(t, m)
		p.sdk.send(t, m)
	}
	if p.tandem.session == "" || p.sdk.session == "" {
		t.Fatal("no session")
	}
	return p
}

// verdict checks differences against the table.
type verdict struct{ used map[int]bool }

func (v *verdict) judge(t *testing.T, c sample, found []difference) {
	t.Helper()
	for _, d := range found {
		listed := false
		for i, k := range table {
			if k.matches(t, c, d) {
				v.used[i], listed = true, true
				break
			}
		}
		if !listed {
			t.Errorf("%v", d)
		}
	}
}

// Tandem answers each message as the official SDK's server does, well formed or
// not, but for what the table lists with its reason. A row of the table that no
// message needs is stale.
func TestDifferences(t *testing.T) {
	p := newPair(t)
	v := verdict{used: map[int]bool{}}
	for _, revision := range append(legacyRevisions, modern) {
		opened := p.begin(t, revision)
		for _, c := range samples(revision) {
			session := opened // what one message opens is not for the next
			v.judge(t, c, differences(c.String(), session.tandem.send(t, c.message), session.sdk.send(t, c.message)))
		}
		v.sequences(t, p, revision)
		v.verbs(t, p, revision)
		v.openings(t, p, revision)
	}
	for i, k := range table {
		if !v.used[i] {
			t.Errorf("this row is stale: %+v", k)
		}
	}
}

// sequences sends messages one after the other in one session.
func (v *verdict) sequences(t *testing.T, p pair, revision string) {
	all := samples(revision)
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		session := p.begin(t, revision)
		for range 15 {
			c := all[random.IntN(len(all))]
			v.judge(t, c, differences(c.String()+" (in a sequence)", session.tandem.send(t, c.message), session.sdk.send(t, c.message)))
		}
	}
}

// verbs sends what is no POST, the end of the session last.
func (v *verdict) verbs(t *testing.T, p pair, revision string) {
	session := p.begin(t, revision)
	ping := newMessage(revision, "ping", nil)
	for _, verb := range []string{"PUT", "PATCH", "GET", "DELETE", "GET", "DELETE", "POST"} {
		m := ping
		if verb != "POST" {
			m.verb = verb
		}
		stream := m
		if verb == "GET" {
			stream = m.with("Accept", "text/event-stream")
			stream.open = revision != modern
		}
		for _, c := range []sample{
			{revision, verb, "as it should be", stream},
			{revision, verb, "Accept JSON", m.with("Accept", "application/json")},
			{revision, verb, "unknown session", m.with("Mcp-Session-Id", "nope")},
		} {
			v.judge(t, c, differences(c.String(), session.tandem.send(t, c.message), session.sdk.send(t, c.message)))
		}
	}
}

// openings begins sessions, each one anew.
func (v *verdict) openings(t *testing.T, p pair, revision string) {
	if revision == modern {
		return
	}
	for _, m := range openings(revision) {
		session := p
		c := sample{revision, m.name, "to begin with", m.message}
		v.judge(t, c, differences(c.String(), session.tandem.send(t, c.message), session.sdk.send(t, c.message)))
	}
}
