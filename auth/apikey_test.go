package auth_test

import (
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// Each key is its own principal with every scope, and nothing of the key shows in it.
func TestAPIKeys(t *testing.T) {
	keys := []string{"first-secret-key", "second-secret-key"}
	v, err := auth.NewAPIKeys(keys)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, key := range keys {
		p, err := v.Verify(t.Context(), key)
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		if p.Issuer != "api-key" || !p.Has("anything:at:all") || p.Subject == "" {
			t.Errorf("principal %+v", p)
		}
		if strings.Contains(p.Subject, key) || strings.Contains(key, p.Subject) {
			t.Errorf("the subject %q shows the key", p.Subject)
		}
		if seen[p.Key()] {
			t.Error("two keys are one principal")
		}
		seen[p.Key()] = true
		again, _ := v.Verify(t.Context(), key)
		if again.Key() != p.Key() {
			t.Error("one key is two principals")
		}
	}
	for _, wrong := range []string{"", "first-secret-ke", "first-secret-key2", "FIRST-SECRET-KEY", keys[0] + keys[1]} {
		if p, err := v.Verify(t.Context(), wrong); err == nil || p != nil {
			t.Errorf("%q was accepted as %v", wrong, p)
		}
	}
}

// Keys that no header can carry, that come twice or are not there are refused,
// and the error does not repeat them.
func TestNewAPIKeysRefuses(t *testing.T) {
	for name, keys := range map[string][]string{
		"none":    {},
		"empty":   {"good-key-1234", ""},
		"space":   {"good-key-1234", "hush hush"},
		"newline": {"hush\nhush"},
		"umlaut":  {"hüsch"},
		"padding": {"==="},
		"twice":   {"hush-hush", "hush-hush"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := auth.NewAPIKeys(keys)
			if err == nil {
				t.Fatal("it was accepted")
			}
			if strings.Contains(err.Error(), "hush") || strings.Contains(err.Error(), "good") {
				t.Errorf("the error shows a key: %v", err)
			}
		})
	}
}

// The principal of callers without credentials may do everything, and is told
// apart from the others by its issuer.
func TestLocal(t *testing.T) {
	p := auth.Local()
	if !auth.IsLocal(p) || !p.Has("x") || p.Key() == "" {
		t.Errorf("got %+v", p)
	}
	if auth.IsLocal(nil) || auth.IsLocal(&tandem.Principal{Issuer: "api-key", Subject: "anonymous"}) {
		t.Error("somebody else is taken for local")
	}
}
