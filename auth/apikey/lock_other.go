//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package apikey

import (
	"errors"
	"io/fs"
	"os"
)

// ownersMatter says that the mode of a file does not say who may read it.
const ownersMatter = false

const lockSuffix = ".lock"

var errLocked = errors.New("it is locked; if no other process runs, remove the file named as it with " + lockSuffix + " behind")

// tryLock takes the lock, which is another file that exists.
func tryLock(path string) (unlock func(), err error) {
	path += lockSuffix
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, errLocked
	}
	if err != nil {
		return nil, err
	}
	return func() { _ = errors.Join(file.Close(), os.Remove(path)) }, nil // the next one says that it is there
}

func takeAfter(*os.File, os.FileInfo) error { return nil }

func syncFolder(string) error { return nil }
