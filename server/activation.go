package server

import (
	"errors"
	"fmt"
	"net"

	"github.com/coreos/go-systemd/v22/activation"
)

// inherit takes the listener that a supervisor holds for the service, such as
// systemd's socket units (LISTEN_FDS, sd_listen_fds(3)), if there is one. The
// supervisor keeps the socket open across restarts, so that connections wait for
// the next process instead of being refused.
func (c *Config) inherit() error {
	listeners, err := activation.Listeners()
	if err != nil {
		return fmt.Errorf("LISTEN_FDS: %w", err)
	}
	switch {
	case len(listeners) == 0 || c.Listener != nil:
		return nil
	case len(listeners) > 1:
		return fmt.Errorf("LISTEN_FDS=%d: the service listens on one socket; give its unit a single ListenStream", len(listeners))
	case listeners[0] == nil:
		return errors.New("LISTEN_FDS: the socket is none that listens; its unit needs ListenStream")
	}
	c.Listener, c.inherited = listeners[0], true
	return nil
}

// handOver lets new connections wait for the next process, if the listener is one
// that a supervisor keeps: nothing more is accepted here, and connections that are
// kept alive end with their next answer.
func (l listening) handOver() error {
	if !l.inherited {
		return nil
	}
	l.server.SetKeepAlivesEnabled(false)
	if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("server: hand the socket over: %w", err)
	}
	return nil
}
