package apikey

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// What cannot be kept or shown is refused before a key is made.
func TestCreateRefuses(t *testing.T) {
	for name, w := range map[string]Wanted{
		"newline in the name": {Name: "a\nb"},
		"escape in the name":  {Name: "\x1b[31mred"},
		"no UTF-8":            {Name: "\xff"},
		"a long name":         {Name: strings.Repeat("é", maxName+1)},
		"a name of spaces":    {Name: " "},
		"scope with a space":  {Scopes: []string{"a b"}},
		"scope with a quote":  {Scopes: []string{`a"b`}},
		"empty scope":         {Scopes: []string{""}},
		"scope beyond ASCII":  {Scopes: []string{"é"}},
		"scope twice":         {Scopes: []string{"a", "b", "a"}},
		"expired already":     {Expires: time.Now().Add(-time.Second)},
	} {
		store := newMemory()
		if key, _, err := Create(t.Context(), store, w); err == nil || key != "" || len(store.records) > 0 {
			t.Errorf("%s: made, %v", name, err)
		}
	}
	if _, _, err := Create(t.Context(), newMemory(), Wanted{Name: strings.Repeat("é", maxName), Scopes: []string{"a:*", "*"}}); err != nil {
		t.Errorf("the longest name: %v", err)
	}
	store := newMemory()
	store.down = errors.New("disk full")
	if key, _, err := Create(t.Context(), store, Wanted{}); key != "" || !errors.Is(err, store.down) {
		t.Errorf("a key that is not kept is handed out: %v", err)
	}
}

// A key is revoked by its ID, or by a name that leaves no doubt; doing it twice is
// no mistake, and a doubt revokes nothing.
func TestRevoke(t *testing.T) {
	store := newMemory()
	_, first := create(t, store, Wanted{Name: "ci"})
	_, second := create(t, store, Wanted{Name: "ci"})
	_, unnamed := create(t, store, Wanted{})
	_, tricky := create(t, store, Wanted{Name: unnamed.ID})
	revoke := func(what string) (Record, bool, error) { return Revoke(t.Context(), store, what) }

	if _, _, err := revoke("ci"); err == nil || !strings.Contains(err.Error(), first.ID) || !strings.Contains(err.Error(), second.ID) {
		t.Errorf("two keys of the name: %v", err)
	}
	for _, nobody := range []string{"nobody", "", "CI"} {
		if _, _, err := revoke(nobody); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", nobody, err)
		}
	}
	if r, already, err := revoke(first.ID); err != nil || already || r.ID != first.ID || r.Revoked.IsZero() {
		t.Errorf("by ID: %+v, %v, %v", r, already, err)
	}
	if r, already, err := revoke(first.ID); err != nil || !already || r.ID != first.ID {
		t.Errorf("twice: %+v, %v, %v", r, already, err)
	}
	if r, already, err := revoke("ci"); err != nil || already || r.ID != second.ID {
		t.Errorf("the only one left of the name: %+v, %v, %v", r, already, err)
	}
	if _, already, err := revoke("ci"); err != nil || !already {
		t.Errorf("none left of the name: %v, %v", already, err)
	}
	if r, _, err := revoke(unnamed.ID); err != nil || r.ID != unnamed.ID {
		t.Errorf("an ID that is another key's name: %+v, %v", r, err)
	}
	if r := store.records[tricky.ID]; !r.Revoked.IsZero() {
		t.Error("the key of that name was revoked")
	}
}
