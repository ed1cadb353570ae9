package apikey

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// lockTimeout is how long a change waits for changes by others.
	lockTimeout  = 10 * time.Second
	lockInterval = 5 * time.Millisecond
)

// Insert implements [Keeper].
func (f *File) Insert(ctx context.Context, r Record) error {
	return f.change(ctx, func(records []Record) ([]Record, error) {
		if slices.ContainsFunc(records, func(other Record) bool { return other.ID == r.ID }) {
			return nil, fmt.Errorf("there is a key %s already", r.ID)
		}
		return append(records, r), nil
	})
}

// SetRevoked implements [Keeper].
func (f *File) SetRevoked(ctx context.Context, id string, at time.Time) error {
	return f.change(ctx, func(records []Record) ([]Record, error) {
		i := slices.IndexFunc(records, func(r Record) bool { return r.ID == id })
		if i < 0 {
			return nil, ErrNotFound
		}
		if records[i].Revoked.IsZero() {
			records[i].Revoked = stamp(at)
		}
		return records, nil
	})
}

// All implements [Keeper]. A file that does not exist is an error.
func (f *File) All(context.Context) ([]Record, error) {
	records, err := f.records()
	if err != nil {
		return nil, err
	}
	used, err := readUses(f.path + usedSuffix)
	if err != nil {
		return nil, err
	}
	for i := range records {
		records[i].LastUsed = used[records[i].ID]
	}
	return records, nil
}

func (f *File) records() ([]Record, error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return nil, err
	}
	content, err := readKeys(f.path, info)
	if err != nil {
		return nil, err
	}
	records, err := parse(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.path, err)
	}
	return records, nil
}

// change replaces the records. Changes by several processes come one after the
// other, so that none is lost.
func (f *File) change(ctx context.Context, edit func([]Record) ([]Record, error)) error {
	path, err := f.target()
	if err != nil {
		return err
	}
	unlock, err := lock(ctx, path)
	if err != nil {
		return err
	}
	defer unlock()
	records, err := f.records()
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if records, err = edit(records); err != nil {
		return err
	}
	content, err := format(records)
	if err != nil {
		return err
	}
	return replace(path, content)
}

// lock waits until no other process changes the file. It creates a file that does
// not exist, empty, for its owner alone.
func lock(ctx context.Context, path string) (unlock func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	for {
		unlock, err := tryLock(path)
		if err == nil || !errors.Is(err, errLocked) {
			return unlock, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%s is being changed by another process: %w", path, errors.Join(err, ctx.Err()))
		case <-time.After(lockInterval):
		}
	}
}

// replace writes a file in such a way that whoever reads it finds the old content
// or the new one, even after a crash. A file that exists keeps its mode and owner,
// so that the service that reads it still can; a new one is for its owner alone.
func replace(path string, content []byte) (err error) {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temporary.Name()))
		}
	}()
	if err := fill(temporary, path, content); err != nil {
		return errors.Join(err, temporary.Close())
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func fill(temporary *os.File, path string, content []byte) error {
	if info, err := os.Stat(path); err == nil {
		if err := takeAfter(temporary, info); err != nil {
			return fmt.Errorf("keep the owner and mode of %s: %w", path, err)
		}
	}
	if _, err := temporary.Write(content); err != nil {
		return err
	}
	return temporary.Sync()
}
