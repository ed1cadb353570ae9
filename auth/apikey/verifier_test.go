package apikey

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// memory is a store of records.
type memory struct {
	mu      sync.Mutex
	records map[string]*Record
	used    map[string]time.Time
	down    error
	lookups int
}

func newMemory() *memory {
	return &memory{records: map[string]*Record{}, used: map[string]time.Time{}}
}

func (m *memory) Lookup(_ context.Context, id string) (*Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lookups++
	return m.records[id], m.down
}

func (m *memory) MarkUsed(id string, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used[id] = at
}

func (m *memory) Insert(_ context.Context, r Record) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.records[r.ID] = &r
	return m.down
}

func (m *memory) All(context.Context) ([]Record, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []Record
	for _, id := range slices.Sorted(maps.Keys(m.records)) {
		all = append(all, *m.records[id])
	}
	slices.SortStableFunc(all, func(a, b Record) int { return a.Created.Compare(b.Created) })
	return all, m.down
}

func (m *memory) SetRevoked(_ context.Context, id string, at time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := *m.records[id]
	r.Revoked = at
	m.records[id] = &r
	return m.down
}

// create makes a key with what is wanted.
func create(t testing.TB, k Keeper, w Wanted) (key string, r Record) {
	t.Helper()
	secret, r, err := Create(t.Context(), k, w)
	if err != nil {
		t.Fatal(err)
	}
	return secret.Reveal(), r
}

// A key is its holder: named by the ID, with its own scopes and its end.
func TestVerify(t *testing.T) {
	store := newMemory()
	v := New(store)
	expires := time.Now().Add(time.Hour).Truncate(time.Second)
	key, r := create(t, store, Wanted{Name: "ci", Scopes: []string{"a:read", "a:write"}, Expires: expires})
	p, err := v.Verify(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if p.Issuer != "api-key" || p.Subject != "key-"+r.ID || !slices.Equal(p.Scopes, r.Scopes) || p.Claims["name"] != "ci" || !p.Expires.Equal(expires) {
		t.Errorf("the principal is %+v", p)
	}
	if p.Has("a:admin") {
		t.Error("it has a scope that it was not given")
	}
	if store.used[r.ID].IsZero() {
		t.Error("its use was not noted")
	}
	none, _ := create(t, store, Wanted{})
	if p, err := v.Verify(t.Context(), none); err != nil || len(p.Scopes) > 0 || p.Has("anything") || p.Claims != nil || !p.Expires.IsZero() {
		t.Errorf("a key of nothing: %+v, %v", p, err)
	}
	all, _ := create(t, store, Wanted{Scopes: []string{tandem.AllScopes}})
	if p, err := v.Verify(t.Context(), all); err != nil || !p.Has("anything") {
		t.Errorf("a key of everything: %+v, %v", p, err)
	}
}

// Whatever is not the whole right key is refused, with the same error whether the
// ID exists or not, and does not count as use.
func TestVerifyRefuses(t *testing.T) {
	store := newMemory()
	v := New(store)
	key, r := create(t, store, Wanted{Scopes: []string{"*"}})
	other, _ := newKey()
	gone, _ := newKey()
	revokedKey, revoked := create(t, store, Wanted{})
	if _, _, err := Revoke(t.Context(), store, revoked.ID); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		token string
		want  error
	}{
		"another secret":         {assembleWith(r.ID, other.Reveal()), errWrong},
		"an ID that is unknown":  {gone.Reveal(), errWrong},
		"another key's ID":       {assembleWith(revoked.ID, key), errWrong},
		"a typo":                 {key[:20] + flip(key[20:21]) + key[21:], errChecksum},
		"a token of another way": {"some-token", auth.ErrOtherKind},
		"revoked":                {revokedKey, nil},
	} {
		p, err := v.Verify(t.Context(), c.token)
		if p != nil || err == nil || c.want != nil && !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v", name, p, err)
			continue
		}
		if tandem.CodeOf(err) == tandem.Unavailable || errors.Is(err, auth.ErrOtherKind) != (c.want == auth.ErrOtherKind) {
			t.Errorf("%s: refused as %v", name, err)
		}
		if strings.Contains(err.Error(), key[15:]) || strings.Contains(err.Error(), c.token) {
			t.Errorf("%s: the error shows the key: %v", name, err)
		}
	}
	if len(store.used) > 0 {
		t.Errorf("uses were noted: %v", store.used)
	}
}

// assembleWith returns a whole key with this ID and the secret of another key.
func assembleWith(id, key string) string {
	return assemble(id, key[len(Prefix)+idLength+1:][:randomLength]).Reveal()
}

// What cannot be a key costs no look-up.
func TestNoLookupForNoKey(t *testing.T) {
	store := newMemory()
	v := New(store)
	for _, token := range []string{"x", "tdm_", "tdm_abcdefghij_" + strings.Repeat("0", 38)} {
		if _, err := v.Verify(t.Context(), token); err == nil {
			t.Errorf("%s is accepted", token)
		}
	}
	if store.lookups > 0 {
		t.Errorf("%d look-ups", store.lookups)
	}
}

// A store that cannot say lets nobody in, and it is not the caller's fault.
func TestStoreDown(t *testing.T) {
	store := newMemory()
	key, _ := create(t, store, Wanted{})
	store.down = errors.New("connection refused to 10.0.0.1")
	p, err := New(store).Verify(t.Context(), key)
	if p != nil || tandem.CodeOf(err) != tandem.Unavailable || !errors.Is(err, store.down) || strings.Contains(err.Error(), "10.0.0.1") {
		t.Errorf("got %v, %v", p, err)
	}
}

// A key ends at its time, to the second.
func TestExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		v := New(store)
		key, r := create(t, store, Wanted{Expires: time.Now().Add(time.Hour)})
		time.Sleep(time.Hour - time.Nanosecond)
		if _, err := v.Verify(t.Context(), key); err != nil {
			t.Errorf("before its end: %v", err)
		}
		time.Sleep(time.Nanosecond)
		if _, err := v.Verify(t.Context(), key); err == nil || !strings.Contains(err.Error(), "expired") {
			t.Errorf("at its end: %v", err)
		}
		if got := r.Status(time.Now()); got != Expired {
			t.Errorf("its status is %s", got)
		}
	})
}

// Behind other verifiers a key is judged by this one alone: what it refuses is
// not tried elsewhere.
func TestInAny(t *testing.T) {
	store := newMemory()
	plain, err := auth.NewAPIKeys([]string{"plain-key"})
	if err != nil {
		t.Fatal(err)
	}
	everything := auth.VerifierFunc(func(context.Context, string) (*tandem.Principal, error) {
		return &tandem.Principal{Issuer: "x", Subject: "y"}, nil
	})
	v := auth.Any(plain, New(store), everything)
	unknown, _ := newKey()
	if p, err := v.Verify(t.Context(), unknown.Reveal()); err == nil {
		t.Errorf("an unknown key is accepted by another verifier, as %v", p)
	}
	if p, err := v.Verify(t.Context(), "opaque"); err != nil || p.Issuer != "x" {
		t.Errorf("a token of another kind: %v, %v", p, err)
	}
	verdicts := auth.Explain(t.Context(), v, unknown.Reveal())
	if last := verdicts[len(verdicts)-1]; last.Verifier != "api-key" || !last.Took {
		t.Errorf("explained as %+v", verdicts)
	}
}

// A store that is missing is a mistake in the program.
func TestNewPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it did not panic")
		}
	}()
	New(nil)
}
