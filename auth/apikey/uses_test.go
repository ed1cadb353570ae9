package apikey

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Uses are written at once, then once a minute, and at the end; requests do not wait.
func TestUsesAreBatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var writes []map[string]time.Time
		u := newUses(quiet.logger(), func(_ context.Context, last map[string]time.Time) error {
			time.Sleep(5 * time.Second) // a slow disk
			mu.Lock()
			defer mu.Unlock()
			writes = append(writes, last)
			return nil
		})
		start := time.Now()
		mark := func(id string) {
			before := time.Now()
			u.mark(id, before)
			if time.Since(before) != 0 {
				t.Error("a request waited")
			}
		}
		for range 300 { // five minutes
			mark("a")
			if time.Since(start) < time.Minute {
				mark("b")
			}
			time.Sleep(time.Second)
		}
		time.Sleep(writeInterval + 10*time.Second)
		mark("c")
		mark("a")
		u.close()
		mark("d")
		time.Sleep(time.Hour)

		if len(writes) != 7 {
			t.Fatalf("written %d times in six minutes, want 7", len(writes))
		}
		if _, early := writes[0]["a"]; !early || len(writes[0]) > 2 {
			t.Errorf("first %v", writes[0])
		}
		if len(writes[1]) != 2 || len(writes[3]) != 1 {
			t.Errorf("then %v, later %v", writes[1], writes[3])
		}
		if last := writes[6]; len(last) == 0 || last["d"] != (time.Time{}) {
			t.Errorf("at the end %v", last)
		}
	})
}

// What cannot be written is warned of once, kept, and written when that is
// possible again.
func TestUsesThatCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		readOnly := errors.New("read-only file system")
		var works atomic.Bool
		var written atomic.Int64
		log := &logs{}
		u := newUses(log.options().logger(), func(_ context.Context, last map[string]time.Time) error {
			if !works.Load() {
				return readOnly
			}
			written.Add(int64(len(last)))
			return nil
		})
		u.mark("a", time.Now())
		synctest.Wait()
		u.mark("b", time.Now())
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := log.take(); strings.Count(got, "\n") != 1 || !strings.Contains(got, readOnly.Error()) {
			t.Errorf("the log says %q, want one warning", got)
		}
		works.Store(true)
		time.Sleep(writeInterval)
		synctest.Wait()
		if n := written.Load(); n != 2 {
			t.Errorf("written %d", n)
		}
		if got := log.take(); strings.Count(got, "\n") != 1 {
			t.Errorf("the log says %q", got)
		}
		u.close()
		u.close() // twice is as good as once
	})
}

// The file of uses has the latest use of each key, whoever saw it, and of no key
// that is gone; it does not touch the file of keys.
func TestUsedFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		file := NewFile(path, quiet)
		busy, first := create(t, file, Wanted{Name: "busy"})
		_, _ = create(t, file, Wanted{Name: "idle"})
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		one, two := open(t, path, quiet), open(t, path, quiet)
		lastUse := func() (busy, idle time.Time) {
			all, err := file.All(t.Context())
			if err != nil || len(all) != 2 || all[0].ID != first.ID {
				t.Fatalf("got %v, %v", all, err)
			}
			return all[0].LastUsed, all[1].LastUsed
		}
		if got, _ := lastUse(); !got.IsZero() {
			t.Errorf("used at %v before its use", got)
		}
		accepts(t, one, busy)
		synctest.Wait()
		time.Sleep(10 * time.Second)
		later := time.Now()
		accepts(t, two, busy)
		synctest.Wait()
		if got, never := lastUse(); !got.Equal(later) || !never.IsZero() {
			t.Errorf("used at %v and %v, want %v and never", got, never, later)
		}
		if _, err := one.Verify(WithoutUse(t.Context()), busy); err != nil {
			t.Error(err)
		}
		if err := one.Close(); err != nil {
			t.Error(err)
		}
		if got, _ := lastUse(); !got.Equal(later) {
			t.Errorf("an explanation counts as use, at %v", got)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
			t.Errorf("the file of keys changed: %v", err)
		}
		if info, err := os.Stat(path + usedSuffix); err != nil || ownersMatter && info.Mode().Perm() != 0o600 {
			t.Errorf("the file of uses: %v, %v", info, err)
		}
	})
}

// Where the file of uses cannot be written, keys work all the same.
func TestUsedFileCannotBeWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys")
		key, _ := create(t, NewFile(path, quiet), Wanted{})
		if err := os.Mkdir(path+usedSuffix, 0o700); err != nil {
			t.Fatal(err)
		}
		log := &logs{}
		v := open(t, path, log.options())
		for range 300 {
			if !accepts(t, v, key) {
				t.Fatal("the key is refused")
			}
			time.Sleep(time.Second)
		}
		synctest.Wait()
		if got := log.take(); strings.Count(got, "level=WARN") != 1 {
			t.Errorf("the log says %q, want one warning", got)
		}
	})
}
