package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-go/tandem/auth/apikey"
	"github.com/tandem-go/tandem/internal/pgtest"
)

var printedKey = regexp.MustCompile(`^tdm_[a-z2-7]{10}_[0-9A-Za-z]{38}\n$`)

// A key's life, wherever keys are kept: made, printed alone and once, listed without
// anything that could stand for it, revoked, and for ever refused.
func TestKeys(t *testing.T) {
	t.Run("file", func(t *testing.T) { checkLife(t, newShell(t), "--file", "keys") })
	t.Run("file of the environment", func(t *testing.T) { checkLife(t, newShell(t, "API_KEYS_FILE=keys")) })
	t.Run("sqlite", func(t *testing.T) { checkLife(t, newShell(t), "--database", "sqlite:of a service?.db") })
	t.Run("postgres", func(t *testing.T) {
		checkLife(t, newShell(t), "--database", pgtest.Start(t).Database(t))
	})
}

func checkLife(t *testing.T, s shell, place ...string) {
	keys := func(command string, args ...string) []string {
		return append(append([]string{"keys", command}, place...), args...)
	}
	made := s.must(t, keys("create", "--scopes", "stock:read,stock:write", "--expires", "90d", "ci")...)
	if !printedKey.MatchString(made.stdout) {
		t.Fatalf("printed %q", made.stdout)
	}
	key := strings.TrimSpace(made.stdout)
	id, ok := apikey.IDOf(key)
	secret := strings.TrimPrefix(key, "tdm_"+id+"_")
	if !ok || !strings.Contains(made.stderr, id) || !strings.Contains(made.stderr, "stock:write") || strings.Contains(made.stderr, secret) {
		t.Errorf("noted %q", made.stderr)
	}
	s.must(t, keys("create")...)

	text := s.must(t, keys("list")...)
	if lines := strings.Split(strings.TrimSpace(text.stdout), "\n"); len(lines) != 3 || !strings.Contains(text.stdout, "active") {
		t.Errorf("listed\n%s", text.stdout)
	}
	listed := s.must(t, keys("list", "-o", "json")...)
	for _, o := range []result{text, listed} {
		if strings.Contains(o.stdout+o.stderr, secret) || strings.Contains(o.stdout+o.stderr, "sha256") {
			t.Errorf("the list shows what stands for a key:\n%s%s", o.stdout, o.stderr)
		}
	}
	first := viewOf(t, listed, id)
	if first.Name != "ci" || first.Status != apikey.Active || strings.Join(first.Scopes, " ") != "stock:read stock:write" ||
		first.Revoked != nil || first.LastUsed != nil || first.Expires == nil {
		t.Errorf("listed as %+v", first)
	} else if days := first.Expires.Sub(first.Created); days != 90*24*time.Hour {
		t.Errorf("it expires after %v", days)
	}

	for _, verb := range []string{"Revoked " + id, "revoked already: " + id} {
		if o := s.must(t, keys("revoke", "ci")...); !strings.Contains(o.stdout, verb) {
			t.Errorf("printed %q, want %q", o.stdout, verb)
		}
	}
	if got := viewOf(t, s.must(t, keys("list", "--output=json")...), id); got.Status != apikey.Revoked || got.Revoked == nil {
		t.Errorf("after its revocation it is %+v", got)
	}
}

func viewOf(t *testing.T, o result, id string) keyView {
	t.Helper()
	var all []keyView
	if err := json.Unmarshal([]byte(o.stdout), &all); err != nil {
		t.Fatalf("%v\n%s", err, o.stdout)
	}
	for _, v := range all {
		if v.ID == id {
			return v
		}
	}
	t.Fatalf("no key %s in\n%s", id, o.stdout)
	return keyView{}
}

// An empty file lists as nothing: an empty array for programs.
func TestListNothing(t *testing.T) {
	s := newShell(t)
	if err := os.WriteFile(filepath.Join(s.folder, "keys"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if o := s.must(t, "keys", "list", "--file", "keys", "-o", "json"); o.stdout != "[]\n" {
		t.Errorf("printed %q", o.stdout)
	}
	if o := s.must(t, "keys", "list", "--file", "keys"); o.stdout != "" || o.stderr == "" {
		t.Errorf("printed %q, noted %q", o.stdout, o.stderr)
	}
}

// A key that leaked is revoked by itself, and not repeated.
func TestRevokeByKey(t *testing.T) {
	s := newShell(t)
	key := strings.TrimSpace(s.must(t, "keys", "create", "--file", "keys").stdout)
	o := s.must(t, "keys", "revoke", "--file", "keys", key)
	if strings.Contains(o.stdout+o.stderr, key) || !strings.HasPrefix(o.stdout, "Revoked ") {
		t.Errorf("printed %q, noted %q", o.stdout, o.stderr)
	}
}

// Keys that many make at the same time are all there.
func TestConcurrentProcesses(t *testing.T) {
	s := newShell(t)
	const processes = 12
	var all sync.WaitGroup
	for range processes {
		all.Go(func() {
			if o := s.run(t, "keys", "create", "--file", "keys"); o.status != statusOK {
				t.Error(o.stderr)
			}
		})
	}
	all.Wait()
	o := s.must(t, "keys", "list", "--file", "keys")
	if n := strings.Count(o.stdout, "active"); n != processes {
		t.Errorf("%d keys, want %d", n, processes)
	}
}

// What --expires takes ends when it says.
func TestEnding(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"90d":                       now.AddDate(0, 0, 90),
		"12h":                       now.Add(12 * time.Hour),
		"1h30m":                     now.Add(90 * time.Minute),
		"2030-12-31":                time.Date(2030, 12, 31, 0, 0, 0, 0, time.UTC),
		"2030-12-31T12:00:00+01:00": time.Date(2030, 12, 31, 11, 0, 0, 0, time.UTC),
		"never":                     {},
	} {
		var e ending
		if err := e.UnmarshalText([]byte(text)); err != nil || !e.at(now).Equal(want) {
			t.Errorf("%s: %v, %v, want %v", text, e.at(now), err, want)
		}
	}
	for _, text := range []string{"", "90", "d", "1.5d", "-90d", "-1h", "0s", "31.12.2030", "2030-02-30", "36501d"} {
		var e ending
		if err := e.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %v", text, e.at(now))
		}
	}
}
