package seal

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func newKeys(t *testing.T, secrets ...string) *Keys {
	t.Helper()
	var raw [][]byte
	for _, s := range secrets {
		raw = append(raw, []byte(strings.Repeat(s, 32)))
	}
	k, err := New(raw...)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A token opens with its keys and its bound alone, and no bit of it can change.
func TestSeal(t *testing.T) {
	k := newKeys(t, "a")
	token := k.Seal([]byte("text"), []byte("bound"))
	if text, err := k.Open(token, []byte("bound")); err != nil || string(text) != "text" {
		t.Fatalf("got %q, %v", text, err)
	}
	if strings.Contains(token, "text") {
		t.Error("the token can be read")
	}
	refused := map[string]func() (string, []byte){
		"another bound": func() (string, []byte) { return token, []byte("other") },
		"empty":         func() (string, []byte) { return "", []byte("bound") },
		"no base64":     func() (string, []byte) { return "!" + token, []byte("bound") },
		"padded":        func() (string, []byte) { return token + "=", []byte("bound") },
		"cut":           func() (string, []byte) { return token[:len(token)-2], []byte("bound") },
		"foreign key":   func() (string, []byte) { return newKeys(t, "b").Seal([]byte("text"), []byte("bound")), []byte("bound") },
	}
	for name, make := range refused {
		if _, err := k.Open(make()); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for i := range token {
		changed := []byte(token)
		changed[i] ^= 1
		if bytes.Equal(changed, []byte(token)) {
			continue
		}
		if _, err := k.Open(string(changed), []byte("bound")); err == nil {
			t.Errorf("byte %d can be changed", i)
		}
	}
}

// After a rotation old tokens open until their key is dropped.
func TestRotation(t *testing.T) {
	old := newKeys(t, "a").Seal([]byte("text"), nil)
	if _, err := newKeys(t, "b", "a").Open(old, nil); err != nil {
		t.Error(err)
	}
	if _, err := newKeys(t, "b").Open(old, nil); err == nil {
		t.Error("a dropped key opens")
	}
	if _, err := New([]byte("short")); err == nil {
		t.Error("a short secret was taken")
	}
}

// What opens was sealed, with this bound.
func FuzzOpen(f *testing.F) {
	k, err := New([]byte(strings.Repeat("k", 32)))
	if err != nil {
		f.Fatal(err)
	}
	token := k.Seal([]byte("text"), []byte("bound"))
	f.Add(token, []byte("bound"))
	f.Add(token, []byte("other"))
	f.Add(token+"A", []byte("bound"))
	f.Add("", []byte(nil))
	f.Fuzz(func(t *testing.T, forged string, bound []byte) {
		text, err := k.Open(forged, bound)
		if err == nil && (string(text) != "text" || string(bound) != "bound") {
			t.Errorf("%q opens with %q as %q", forged, bound, text)
		}
	})
}
