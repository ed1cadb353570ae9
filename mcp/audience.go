package mcp

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/session"
)

// maxUpdated bounds the URIs of updated resources that wait to be told to one
// listener; what comes beyond is dropped.
const maxUpdated = 4096

// changes are what is to be told, each thing once.
type changes struct {
	tools, resources, prompts bool
	updated, visited          uniques // URIs, and ids of visits
}

// uniques are strings in their order, each once.
type uniques struct {
	all   []string
	known map[string]struct{}
}

func (u *uniques) add(s string) {
	if _, ok := u.known[s]; ok || len(u.all) >= maxUpdated {
		return
	}
	if u.known == nil {
		u.known = map[string]struct{}{}
	}
	u.known[s] = struct{}{}
	u.all = append(u.all, s)
}

// keep drops those that are not among these.
func (u *uniques) keep(these []string) {
	u.drop(func(s string) bool { return !slices.Contains(these, s) })
}

func (u *uniques) drop(which func(string) bool) { u.all = slices.DeleteFunc(u.all, which) }

func (c *changes) add(n tandem.Change) {
	c.tools = c.tools || n.Tools
	c.resources = c.resources || n.Resources
	c.prompts = c.prompts || n.Prompts
	if n.Updated != "" {
		c.updated.add(n.Updated)
	}
	if n.Visited != "" {
		c.visited.add(n.Visited)
	}
}

// merge adds those of o that wants lets pass.
func (c *changes) merge(o *changes, wants *filter) (grew bool) {
	tools, resources, prompts := o.tools && wants.tools, o.resources && wants.resources, o.prompts && wants.prompts
	c.add(tandem.Change{Tools: tools, Resources: resources, Prompts: prompts})
	grew = tools || resources || prompts
	for _, uri := range o.updated.all {
		if wants.wants(uri) {
			c.updated.add(uri)
			grew = true
		}
	}
	for _, id := range o.visited.all {
		if wants.session {
			c.visited.add(id)
			grew = true
		}
	}
	return grew
}

// filter is what a listener wants to be told.
type filter struct {
	tools, resources, prompts bool
	session                   bool // of a session, which looks up its URIs and visits
	uris                      map[string]struct{}
}

func (f *filter) wants(uri string) bool {
	_, ok := f.uris[uri]
	return ok || f.session
}

// inbox collects changes until somebody takes them. It never blocks who adds.
type inbox struct {
	wake chan struct{} // holds one
	mu   sync.Mutex
	news changes
}

func newInbox() inbox { return inbox{wake: make(chan struct{}, 1)} }

func (b *inbox) ring() {
	select {
	case b.wake <- struct{}{}:
	default: // it rings already
	}
}

func (b *inbox) add(n tandem.Change) {
	b.mu.Lock()
	b.news.add(n)
	b.mu.Unlock()
	b.ring()
}

func (b *inbox) merge(c *changes, wants *filter) {
	b.mu.Lock()
	grew := b.news.merge(c, wants)
	b.mu.Unlock()
	if grew {
		b.ring()
	}
}

func (b *inbox) take() changes {
	b.mu.Lock()
	defer b.mu.Unlock()
	news := b.news
	b.news = changes{}
	return news
}

// listener is a client's stream on which changes can be told.
type listener struct {
	inbox
	session string // empty for none
	wants   filter
}

// audience are the listeners of a replica. The zero value has none.
type audience struct {
	mu        sync.Mutex
	listeners map[*listener]struct{}
	sessions  map[string][]*listener
}

// join adds a listener. Of the streams of one session the newest is told: a
// message goes to one of them, 2025-11-25, section "Multiple Connections".
func (a *audience) join(session string, wants filter) *listener {
	l := &listener{inbox: newInbox(), session: session, wants: wants}
	a.mu.Lock()
	defer a.mu.Unlock()
	if session != "" {
		if a.sessions == nil {
			a.sessions = map[string][]*listener{}
		}
		a.sessions[session] = append(a.sessions[session], l)
		return l
	}
	if a.listeners == nil {
		a.listeners = map[*listener]struct{}{}
	}
	a.listeners[l] = struct{}{}
	return l
}

func (a *audience) leave(l *listener) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if l.session == "" {
		delete(a.listeners, l)
		return
	}
	rest := without(a.sessions[l.session], l)
	if len(rest) == 0 {
		delete(a.sessions, l.session)
		return
	}
	a.sessions[l.session] = rest
}

func without(all []*listener, l *listener) []*listener {
	var rest []*listener
	for _, other := range all {
		if other != l {
			rest = append(rest, other)
		}
	}
	return rest
}

func (a *audience) tell(c *changes) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for l := range a.listeners {
		l.merge(c, &l.wants)
	}
	for _, all := range a.sessions {
		l := all[len(all)-1]
		l.merge(c, &l.wants)
	}
}

// signalUpdated is the kind of the signal that carries updates of resources, and
// the ends of visits, to the other replicas.
const signalUpdated = "updated"

// updates are the payload of signalUpdated.
type updates struct {
	From   string   `json:"from"` // the door that knows it already
	URIs   []string `json:"uris,omitempty"`
	Visits []string `json:"visits,omitempty"`
}

// announce hands the changes of the service to those who listen, here and at
// other replicas, until the door closes. Lists are each replica's own.
func (d *Door) announce() {
	defer d.background.Done()
	for {
		select {
		case <-d.life.Done():
			return
		case <-d.news.wake:
		}
		c := d.news.take()
		d.audience.tell(&c)
		if err := d.spread(d.life, &c); err != nil && d.life.Err() == nil {
			d.logger().WarnContext(d.life, "mcp: updates of resources did not reach the other replicas", "error", err)
		}
	}
}

func (d *Door) spread(ctx context.Context, c *changes) error {
	if len(c.updated.all)+len(c.visited.all) == 0 || d.ownStore {
		return nil
	}
	payload, err := json.Marshal(updates{From: d.name, URIs: c.updated.all, Visits: c.visited.all})
	if err != nil {
		return err
	}
	return d.store.Notify(ctx, session.Signal{Kind: signalUpdated, Payload: payload})
}

// hear acts on a signal of the store.
func (d *Door) hear(s session.Signal) {
	if s.Kind != signalUpdated {
		d.running.handle(s)
		return
	}
	var u updates
	if json.Unmarshal(s.Payload, &u) != nil || u.From == d.name {
		return
	}
	c := changes{}
	for _, uri := range u.URIs {
		c.updated.add(uri)
	}
	for _, id := range u.Visits {
		c.visited.add(id)
	}
	d.audience.tell(&c)
}
