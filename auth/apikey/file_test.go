package apikey

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// logs is a logger's output.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// take returns what was logged since it was called last.
func (l *logs) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

func (l *logs) options() Options { return Options{Logger: slog.New(slog.NewTextHandler(l, nil))} }

var quiet = Options{Logger: slog.New(slog.DiscardHandler)}

// open opens a file until the test ends.
func open(t *testing.T, path string, o Options) *Verifier {
	t.Helper()
	v, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

func accepts(t *testing.T, v *Verifier, key string) bool {
	t.Helper()
	p, err := v.Verify(t.Context(), key)
	return err == nil && p != nil
}

// What others change in the file counts after a second, and the file is looked at
// no more often than that.
func TestFileIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		other := NewFile(path, quiet) // as another process has it
		old, r := create(t, other, Wanted{})
		v := open(t, path, quiet)
		if !accepts(t, v, old) {
			t.Fatal("the first key is refused")
		}
		young, _ := create(t, other, Wanted{})
		if _, _, err := Revoke(t.Context(), other, r.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lookInterval - time.Millisecond)
		if !accepts(t, v, old) || accepts(t, v, young) {
			t.Error("the file was looked at within a second")
		}
		time.Sleep(time.Millisecond)
		if accepts(t, v, old) || !accepts(t, v, young) {
			t.Error("the file was not read again after a second")
		}
	})
}

// After a quiet time nobody is let in by what the file said before it, not even
// those who come while the file is being read.
func TestNoStaleVerdictAfterAQuietTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		key, r := create(t, NewFile(path, quiet), Wanted{})
		v := open(t, path, quiet)
		if _, _, err := Revoke(t.Context(), NewFile(path, quiet), r.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if accepts(t, v, key) {
					t.Error("a key that was revoked an hour ago is accepted")
				}
			})
		}
		all.Wait()
	})
}

// A change counts even if time, size and inode of the file are the same as before,
// as long as it came right after the file was read.
func TestSameLookAnotherContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		key, _ := create(t, NewFile(path, quiet), Wanted{Name: "ab"})
		now := time.Now()
		if err := os.Chtimes(path, now, now); err != nil {
			t.Fatal(err)
		}
		v := open(t, path, quiet)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.Replace(content, []byte(`"ab"`), []byte(`"xy"`), 1), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now, now); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lookInterval)
		if p, err := v.Verify(t.Context(), key); err != nil || p.Claims["name"] != "xy" {
			t.Errorf("got %v, %v", p, err)
		}
	})
}

// A file that nobody touches is not read.
func TestUnchangedFileIsNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		key, _ := create(t, NewFile(path, quiet), Wanted{Name: "ab"})
		old := time.Now().Add(-time.Hour)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
		v := open(t, path, quiet)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		changed := bytes.Replace(content, []byte(`"ab"`), []byte(`"xy"`), 1)
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil { // a look shows no change
			t.Fatal(err)
		}
		time.Sleep(lookInterval)
		if p, err := v.Verify(t.Context(), key); err != nil || p.Claims["name"] != "ab" {
			t.Errorf("got %v, %v", p, err)
		}
	})
}

// A file that turns bad, or goes, keeps the keys that were good; the log says so
// once per change, and once when it is good again.
func TestFileGoesBad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		key, _ := create(t, NewFile(path, quiet), Wanted{})
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		log := &logs{}
		v := open(t, path, log.options())
		for _, step := range []struct {
			name   string
			change func() error
			logs   string // "" means nothing
		}{
			{"nothing", func() error { return nil }, ""},
			{"a bad line", func() error { return os.WriteFile(path, append(content, "oops\n"...), 0o600) }, "line 2"},
			{"still bad", func() error { return nil }, ""},
			{"bad otherwise", func() error { return os.WriteFile(path, []byte("oops\n"), 0o600) }, "line 1"},
			{"gone", func() error { return os.Remove(path) }, "no such file"},
			{"still gone", func() error { return nil }, ""},
			{"a folder", func() error { return os.Mkdir(path, 0o700) }, "is not a file"},
			{"gone again", func() error { return os.Remove(path) }, "no such file"},
			{"back", func() error { return os.WriteFile(path, content, 0o600) }, "read again"},
			{"still there", func() error { return nil }, ""},
		} {
			if err := step.change(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(lookInterval)
			for range 3 {
				if !accepts(t, v, key) {
					t.Errorf("%s: the key is refused", step.name)
				}
				time.Sleep(lookInterval)
			}
			got := log.take()
			if (got == "") != (step.logs == "") || !strings.Contains(got, step.logs) || strings.Count(got, "\n") > 1 {
				t.Errorf("%s: the log says %q, want %q once", step.name, got, step.logs)
			}
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(lookInterval)
		if accepts(t, v, key) {
			t.Error("a key is accepted that the emptied file has not")
		}
	})
}

// A service does not start with a file that it cannot read whole: the error says
// which line is wrong, or what to do.
func TestOpenFileRefuses(t *testing.T) {
	const (
		digest = `"digest":"sha256:9376eba69662f234e403602baf8b1234fed8d866c1cd00aab33f9f1f615f54ee"`
		good   = `{"id":"jxujusjfj2","name":"ci",` + digest + `,"scopes":["a"],"created":"2026-11-25T07:18:53Z"}` + "\n"
	)
	for name, c := range map[string]struct{ content, want string }{
		"no JSON":            {good + "\n" + "tdm_x\n", "line 3"},
		"the same key twice": {good + good, "line 2: the key jxujusjfj2 is in line 1"},
		"unknown member":     {strings.Replace(good, `"name"`, `"expire"`, 1), "line 1"},
		"member twice":       {strings.Replace(good, `"name"`, `"id"`, 1), "line 1"},
		"no digest":          {strings.Replace(good, digest+",", "", 1), "line 1: the digest is missing"},
		"another digest":     {strings.Replace(good, "sha256:", "sha512:", 1), "line 1"},
		"a short digest":     {strings.Replace(good, "54ee", "", 1), "line 1"},
		"a bad ID":           {strings.Replace(good, "jxujusjfj2", "JXUJUSJFJ2", 1), "line 1"},
		"a bad scope":        {strings.Replace(good, `"a"`, `"a b"`, 1), "line 1"},
		"scopes as text":     {strings.Replace(good, `["a"]`, `"a"`, 1), "line 1"},
		"a bad time":         {strings.Replace(good, "2026-11-25", "25.11.2026", 1), "line 1"},
		"no creation":        {strings.Replace(good, `"created"`, `"revoked"`, 1), "line 1"},
		"two in a line":      {strings.Replace(good, "\n", good, 1), "line 1"},
		"an array":           {"[" + good + "]", "line 1"},
	} {
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenFile(path, quiet); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	folder := t.TempDir()
	if _, err := OpenFile(filepath.Join(folder, "none"), quiet); err == nil || !strings.Contains(err.Error(), "tandem keys create --file") {
		t.Errorf("no file: %v", err)
	}
	if _, err := OpenFile(folder, quiet); err == nil {
		t.Error("a folder is opened")
	}
	path := filepath.Join(folder, "good")
	if err := os.WriteFile(path, []byte("\ufeff\n"+good+"\r\n\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if f, err := OpenFile(path, quiet); err != nil || f.keys.Load().byID["jxujusjfj2"].Name != "ci" {
		t.Errorf("a file from another editor: %v", err)
	}
}

// A file that anybody may read is used, with one warning.
func TestOpenModeWarns(t *testing.T) {
	if !ownersMatter {
		t.Skip("modes of files mean nothing on this system")
	}
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		key, _ := create(t, NewFile(path, quiet), Wanted{})
		log := &logs{}
		v := open(t, path, log.options())
		for _, step := range []struct {
			mode  os.FileMode
			warns bool
		}{{0o600, false}, {0o640, false}, {0o644, true}, {0o644, false}, {0o600, false}, {0o602, true}} {
			if err := os.Chmod(path, step.mode); err != nil {
				t.Fatal(err)
			}
			time.Sleep(lookInterval)
			if !accepts(t, v, key) {
				t.Errorf("mode %v: the key is refused", step.mode)
			}
			if got := log.take(); strings.Contains(got, "chmod 600") != step.warns {
				t.Errorf("mode %v: the log says %q", step.mode, got)
			}
		}
	})
}

// Changes by many at the same time are all there afterwards.
func TestConcurrentChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	const each, writers = 10, 8
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			file := NewFile(path, quiet)
			for range each {
				_, r, err := Create(t.Context(), file, Wanted{})
				if err == nil {
					_, _, err = Revoke(t.Context(), file, r.ID)
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	records, err := NewFile(path, quiet).All(t.Context())
	if err != nil || len(records) != each*writers {
		t.Fatalf("%d keys, want %d: %v", len(records), each*writers, err)
	}
	for _, r := range records {
		if r.Revoked.IsZero() {
			t.Errorf("the revocation of %s was lost", r.ID)
		}
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("the folder has %v, %v", left, err)
	}
}

// A change keeps the file's mode, which lets a service of another user read it, and
// a link to it, which lets it live elsewhere. A new file is for its owner alone.
func TestChangeKeepsModeAndLink(t *testing.T) {
	if !ownersMatter {
		t.Skip("modes of files mean nothing on this system")
	}
	folder := t.TempDir()
	path, link := filepath.Join(folder, "keys"), filepath.Join(folder, "link")
	create(t, NewFile(path, quiet), Wanted{})
	mode := func() os.FileMode {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		return info.Mode().Perm()
	}
	if mode() != 0o600 {
		t.Errorf("a new file has mode %v", mode())
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	create(t, NewFile(link, quiet), Wanted{})
	if mode() != 0o640 {
		t.Errorf("the mode is now %v", mode())
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is no link any more: %v", err)
	}
	if records, err := NewFile(path, quiet).All(t.Context()); err != nil || len(records) != 2 {
		t.Errorf("%d keys, %v", len(records), err)
	}
}

// A file with a mistake is not written over: what it says would be lost.
func TestBadFileIsNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	const bad = "precious\n"
	if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Create(t.Context(), NewFile(path, quiet), Wanted{}); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("got %v", err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != bad {
		t.Errorf("the file has %q, %v", content, err)
	}
}

// Neither the file nor what is logged has a key or its secret.
func TestFileHasNoKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	log := &logs{}
	key, _ := create(t, NewFile(path, log.options()), Wanted{Name: "ci"})
	v := open(t, path, log.options())
	accepts(t, v, key)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	secret := key[len(Prefix)+idLength+1:]
	for _, text := range []string{string(content), log.take()} {
		if strings.Contains(text, secret) || strings.Contains(text, secret[:randomLength]) {
			t.Errorf("the key is in %s", text)
		}
	}
}

// A storm of revocations and of unknown keys at many callers: a key that is revoked
// is never accepted again, one that is not is never refused.
func TestRevocationStorm(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	file := NewFile(path, quiet)
	steady, _ := create(t, file, Wanted{})
	const victims = 20
	keys := make([]string, victims)
	records := make([]Record, victims)
	for i := range victims {
		keys[i], records[i] = create(t, file, Wanted{})
	}
	v := open(t, path, quiet)
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			refused := map[string]bool{}
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if !accepts(t, v, steady) {
					t.Error("a good key is refused")
				}
				if unknown, _ := newKey(); accepts(t, v, unknown.Reveal()) {
					t.Error("an unknown key is accepted")
				}
				victim := keys[i%victims]
				accepted := accepts(t, v, victim)
				if accepted && refused[victim] {
					t.Error("a revoked key is accepted again")
				}
				refused[victim] = !accepted
			}
		})
	}
	for _, r := range records {
		if _, _, err := Revoke(t.Context(), file, r.ID); err != nil {
			t.Fatal(err)
		}
	}
	for i := range victims {
		awaitRefusal(t, v, keys[i])
	}
	close(stop)
	callers.Wait()
}

// awaitRefusal waits until a key is refused, or much longer than it may take.
func awaitRefusal(t *testing.T, v *Verifier, key string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for accepts(t, v, key) {
		if time.Now().After(deadline) {
			t.Fatal("a revoked key is accepted still")
		}
		time.Sleep(10 * time.Millisecond)
	}
}
