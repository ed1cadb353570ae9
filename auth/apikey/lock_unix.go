//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package apikey

import (
	"errors"
	"os"
	"syscall"
)

// ownersMatter says that the mode of a file says who may read it.
const ownersMatter = true

var errLocked = errors.New("it is locked")

// tryLock takes the lock, which ends with the process at the latest. The file
// remains: to remove it would let two processes lock two files of that name.
func tryLock(path string) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return func() { _ = file.Close() }, nil // nothing was written
	}
	if errors.Is(err, syscall.EWOULDBLOCK) || errors.Is(err, syscall.EINTR) {
		err = errLocked
	}
	return nil, errors.Join(err, file.Close())
}

// takeAfter gives the file the mode and the owner of the one that it replaces.
func takeAfter(file *os.File, old os.FileInfo) error {
	if owner, ok := old.Sys().(*syscall.Stat_t); ok && (int(owner.Uid) != os.Geteuid() || int(owner.Gid) != os.Getegid()) {
		if err := file.Chown(int(owner.Uid), int(owner.Gid)); err != nil {
			return err
		}
	}
	return file.Chmod(old.Mode().Perm())
}

// syncFolder makes a rename in a folder last.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
