package apikey

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

const (
	// lookInterval is how often at most the file is looked at.
	lookInterval = time.Second
	// settleTime is how old a file's time of change must be, when the file is read,
	// for a later change to show in it. File systems keep seconds at worst.
	settleTime = 2 * time.Second
	// maxFile bounds the file, in bytes.
	maxFile = 64 << 20
)

// File keeps keys in a file of JSON lines, one record each. It is safe for
// concurrent use, by other processes too.
//
// A verifier sees a change within a second: the file is looked at on the way of a
// request, at most once a second. If it then has a mistake or is gone, the keys that
// were read last remain good, and the log says so once.
//
// When keys were used is written to a file of its own, named as the file with
// ".used" behind it, at most once a minute and by [File.Close].
type File struct {
	path   string
	logger *slog.Logger
	uses   *uses

	keys     atomic.Pointer[keys]
	nextLook atomic.Int64  // in Unix nanoseconds
	turn     chan struct{} // holds a value while somebody looks; guards what follows
	seen     sighting
}

// keys are the records of a file as it was at some time, by ID. They are immutable.
type keys struct {
	byID map[string]*Record
	read time.Time
}

// sighting is what a file looked like.
type sighting struct {
	info    os.FileInfo // nil if there was none
	content [sha256.Size]byte
	settled bool   // a later change will show in info
	failure string // why it was no good; empty if it was
	open    bool   // others than its owner and group may read or write it
}

var (
	_ Store  = (*File)(nil)
	_ Keeper = (*File)(nil)
)

// OpenFile reads a file of keys, for a verifier. The error of a file with a mistake
// names the line. An empty file has no keys yet. The logger is warned if anybody on
// the machine may read the file.
func OpenFile(path string, o Options) (*File, error) {
	f := NewFile(path, o)
	f.turn <- struct{}{}
	defer func() { <-f.turn }()
	if err := f.look(context.Background(), time.Now()); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("apikey: %w: make a first key, by: tandem keys create --file %s", err, path)
		}
		return nil, fmt.Errorf("apikey: %w", err)
	}
	return f, nil
}

// NewFile returns a file of keys without reading it. The first key makes the file,
// if there is none.
func NewFile(path string, o Options) *File {
	f := &File{path: path, logger: o.logger().With("file", path), turn: make(chan struct{}, 1)}
	f.uses = newUses(f.logger, f.writeUses)
	f.keys.Store(&keys{})
	return f
}

// Close writes when keys were last used, as far as it was not written yet. The file
// remains usable, but notes no further use.
func (f *File) Close() error {
	f.uses.close()
	return nil
}

// MarkUsed implements [Store].
func (f *File) MarkUsed(id string, at time.Time) { f.uses.mark(id, at) }

// Lookup implements [Store].
func (f *File) Lookup(ctx context.Context, id string) (*Record, error) {
	if err := f.refresh(ctx, time.Now()); err != nil {
		return nil, err
	}
	known := f.keys.Load()
	if known.byID == nil {
		return nil, errUnread
	}
	return known.byID[id], nil
}

var errUnread = errors.New("the file of API keys was never good")

// refresh looks at the file if that is due. One caller does it; the others go on
// with what is known, unless that is older than it should be.
func (f *File) refresh(ctx context.Context, now time.Time) error {
	late := now.UnixNano() - f.nextLook.Load()
	if late < 0 {
		return nil
	}
	if late < int64(lookInterval) {
		select {
		case f.turn <- struct{}{}:
		default:
			return nil
		}
	} else {
		select {
		case f.turn <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	defer func() { <-f.turn }()
	if now.UnixNano() >= f.nextLook.Load() { // nobody was faster
		_ = f.look(ctx, now) // it is logged; the last good keys remain
	}
	return nil
}

// look takes over what is in the file, if that is good and not known yet. An error
// is what is wrong with it. The caller has the turn.
func (f *File) look(ctx context.Context, now time.Time) error {
	defer func() { f.nextLook.Store(time.Now().Add(lookInterval).UnixNano()) }()
	info, err := os.Stat(f.path)
	if err != nil {
		return f.fail(ctx, sighting{}, err)
	}
	if f.seen.settled && sameFile(f.seen.info, info) {
		return nil
	}
	content, err := readKeys(f.path, info)
	next := sighting{info: info, content: sha256.Sum256(content), settled: now.Sub(info.ModTime()) > settleTime, open: f.seen.open}
	if err != nil {
		next.settled = false
		return f.fail(ctx, next, err)
	}
	f.warn(ctx, &next)
	if f.seen.info != nil && f.seen.failure == "" && f.seen.content == next.content {
		f.seen = next
		return nil
	}
	records, err := parse(content)
	if err != nil {
		return f.fail(ctx, next, fmt.Errorf("%s: %w", f.path, err))
	}
	f.take(ctx, next, records, now)
	return nil
}

// sameFile reports whether nothing shows that a file has changed.
func sameFile(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && a.Mode() == b.Mode()
}

func (f *File) take(ctx context.Context, next sighting, records []Record, now time.Time) {
	byID := make(map[string]*Record, len(records))
	for i := range records {
		byID[records[i].ID] = &records[i]
	}
	f.keys.Store(&keys{byID: byID, read: now})
	first := f.seen.info == nil && f.seen.failure == ""
	f.seen = next
	if !first {
		f.logger.InfoContext(ctx, "API keys were read again", "keys", len(records))
	}
}

// fail notes that the file is no good, and logs that unless it is known.
func (f *File) fail(ctx context.Context, next sighting, err error) error {
	next.failure = err.Error()
	if f.keys.Load().byID != nil && (f.seen.failure != next.failure || f.seen.content != next.content) {
		f.logger.ErrorContext(ctx, "the file of API keys is no good; the keys that were read before remain in force",
			"cause", err, "read", f.keys.Load().read)
	}
	f.seen = next
	return err
}

// warn warns once when the file becomes readable or writable by anybody.
func (f *File) warn(ctx context.Context, next *sighting) {
	next.open = next.info.Mode().Perm()&0o006 != 0 && ownersMatter
	if next.open && !f.seen.open {
		f.logger.WarnContext(ctx, "anybody on this machine may read or write the file of API keys; chmod 600 it", "mode", next.info.Mode().Perm())
	}
}

// readKeys reads a whole file, unless it is none of keys.
func readKeys(path string, info os.FileInfo) ([]byte, error) {
	switch {
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", path)
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%s has %d bytes, of at most %d", path, info.Size(), maxFile)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return bytes.TrimPrefix(content, []byte("\ufeff")), nil
}

// target returns the file's path with links followed, so that a change replaces
// the file and not a link to it.
func (f *File) target() (string, error) {
	path, err := filepath.EvalSymlinks(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return f.path, nil
	}
	return path, err
}
