package redistest

import "syscall"

// sysProcAttr makes the server end with this process even if that is killed.
func sysProcAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
