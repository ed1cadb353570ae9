package securitytest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/auth/apikey"
	"github.com/tandem-go/tandem/auth/introspection"
	"github.com/tandem-go/tandem/server"
)

// stormSize is how many forged credentials come at once.
const stormSize = 1000

// stormDoors are one of each kind; the storms are about what is behind them.
var stormDoors = []door{restDoor, sseDoor, november, modernDoor}

// keyStore keeps keys in memory and counts who asks for them.
type keyStore struct {
	mu      sync.Mutex
	records map[string]*apikey.Record
	lookups int
}

func (s *keyStore) Insert(_ context.Context, r apikey.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[r.ID] = &r
	return nil
}

func (s *keyStore) All(context.Context) (all []apikey.Record, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.records {
		all = append(all, *r)
	}
	return all, nil
}

func (s *keyStore) SetRevoked(_ context.Context, id string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	revoked := *s.records[id]
	revoked.Revoked = at
	s.records[id] = &revoked
	return nil
}

func (s *keyStore) Lookup(_ context.Context, id string) (*apikey.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookups++
	return s.records[id], nil
}

func (*keyStore) MarkUsed(string, time.Time) {}

// looksOfStreams allows for streams whose credentials are looked at now and then.
const looksOfStreams = 10

// A thousand keys that nobody was given open nothing, cost one look each, and do
// not keep those out who have one.
func TestStormOfUnknownKeys(t *testing.T) {
	strangers := make([]credentials, stormSize)
	elsewhere := &keyStore{records: map[string]*apikey.Record{}}
	for i := range strangers {
		key, _, err := apikey.Create(t.Context(), elsewhere, apikey.Wanted{Scopes: []string{"*"}})
		if err != nil {
			t.Fatal(err)
		}
		strangers[i] = bearer(key.Reveal()).from(i)
	}
	for _, d := range stormDoors {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			p := &probe{T: t, door: d}
			store := &keyStore{records: map[string]*apikey.Record{}}
			w := newWorld(t, verifyWith(func(*server.Config) auth.Verifier { return apikey.New(store) }))
			good := bearer(w.newKey(p, store, apikey.Wanted{Scopes: []string{read}}))
			c := p.open(w, good)
			store.lookups = 0
			var asked atomic.Int64
			storm(stormSize, func(i int) {
				p.refuses("an unknown key", c.call(strangers[i-1], "read_note", `{}`), http.StatusUnauthorized)
				if asked.Add(1); i%20 == 0 {
					asked.Add(1)
					p.accepts("a good key within the storm", c.call(good, "read_note", `{}`))
				}
			})
			store.mu.Lock()
			defer store.mu.Unlock()
			p.refused(int64(store.lookups) <= asked.Load()+looksOfStreams, "%d keys cost %d looks", asked.Load(), store.lookups)
		})
	}
}

// revocation is a way to take credentials away while they are in use.
type revocation struct {
	name string
	// start serves with tokens that can be revoked, of this many callers.
	start func(t *testing.T, callers int) (w *world, tokens []credentials, revoke func(i int))
	// atOnce says that a revocation is visible when revoke returns.
	atOnce bool
}

var revocations = []revocation{
	{"a verifier of the program's own", revokePeople, true},
	{"keys in a file", revokeKeys, false},
	{"introspection", revokeIntrospected, false},
}

func revokePeople(t *testing.T, callers int) (w *world, tokens []credentials, revoke func(i int)) {
	w = newWorld(t)
	for i := range callers {
		tokens = append(tokens, w.people.add(fmt.Sprintf("token-%d", i), fmt.Sprintf("caller-%d", i), read))
	}
	return w, tokens, func(i int) { w.people.revoke(fmt.Sprintf("token-%d", i)) }
}

func revokeKeys(t *testing.T, callers int) (w *world, tokens []credentials, revoke func(i int)) {
	file := apikey.NewFile(filepath.Join(t.TempDir(), "keys"), apikey.Options{Logger: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { _ = file.Close() })
	w = newWorld(t, verifyWith(func(*server.Config) auth.Verifier { return apikey.New(file) }))
	for i := range callers {
		key, _, err := apikey.Create(t.Context(), file, apikey.Wanted{Name: fmt.Sprintf("caller-%d", i), Scopes: []string{read}})
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, bearer(key.Reveal()))
	}
	return w, tokens, func(i int) {
		if _, _, err := apikey.Revoke(context.Background(), file, fmt.Sprintf("caller-%d", i)); err != nil {
			t.Error(err)
		}
	}
}

func revokeIntrospected(t *testing.T, callers int) (w *world, tokens []credentials, revoke func(i int)) {
	a := newAuthority(t)
	var revoked sync.Map
	a.reply(func(token string) (int, string) {
		if _, is := revoked.Load(token); is {
			return http.StatusOK, `{"active":false}`
		}
		return http.StatusOK, active(token)
	})
	w = serveIntrospection(t, a, introspection.Config{CacheTTL: 100 * time.Millisecond, NegativeTTL: 50 * time.Millisecond, UnknownBurst: 10_000})
	for i := range callers {
		tokens = append(tokens, bearer(fmt.Sprintf("good-%d", i)))
	}
	return w, tokens, func(i int) { revoked.Store(fmt.Sprintf("good-%d", i), true) }
}

// Of calls that go on while credentials are revoked none is accepted once the
// revocation was visible, on any door; and no other caller is hurt.
func TestRevocationsDuringTraffic(t *testing.T) {
	for _, r := range revocations {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			const callers = 12
			w, tokens, revoke := r.start(t, callers)
			var traffic sync.WaitGroup
			warm := make(chan struct{}, callers)
			gone := make([]atomic.Bool, callers) // the revocation has returned
			for i, token := range tokens {
				p := &probe{T: t, door: stormDoors[i%len(stormDoors)]}
				c := p.open(w, token)
				traffic.Go(func() {
					p.accepts("before the revocation", c.call(token, "read_note", `{}`))
					warm <- struct{}{}
					p.callUntilRefused(c, token, &gone[i], r.atOnce, i%2 == 0)
				})
			}
			for range callers {
				<-warm
			}
			for i := 0; i < callers; i += 2 {
				revoke(i)
				gone[i].Store(true)
			}
			for i := 1; i < callers; i += 2 { // those who keep theirs call as long as the others
				gone[i].Store(true)
			}
			traffic.Wait()
		})
	}
}

// callUntilRefused calls until the token is refused for good, or, if it is not
// revoked, for a while after the others were.
func (p *probe) callUntilRefused(c conversation, token credentials, gone *atomic.Bool, atOnce, revoked bool) {
	end := time.Now().Add(patience)
	refused := 0
	for after := 0; time.Now().Before(end); {
		known := gone.Load() // before the call starts
		o := c.call(token, "read_note", `{}`)
		switch {
		case !revoked:
			p.accepts("a token that was not revoked", o)
			if known {
				after++
			}
			if after > 50 {
				return
			}
		case o.ok():
			p.refused(refused == 0, "a call was accepted after %d were refused", refused)
			p.refused(!known || !atOnce, "a call was accepted after the revocation")
		default:
			p.refuses("a revoked token", o, http.StatusUnauthorized)
			if refused++; refused > 5 {
				return
			}
		}
	}
	p.refused(false, "the revocation never became visible")
}
