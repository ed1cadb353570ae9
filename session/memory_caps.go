package session

import (
	"fmt"
	"sync"
)

// caps counts sessions. Only the start and the end of a session take its lock.
type caps struct {
	mu         sync.Mutex
	total      int
	principals map[string]int
}

// reserve counts one more session of the principal, unless that is one too many.
func (c *caps) reserve(principal string, l *Limits) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.principals[principal] >= l.SessionsPerPrincipal {
		return fmt.Errorf("%w: %d sessions of one principal", ErrTooMany, l.SessionsPerPrincipal)
	}
	if c.total >= l.Sessions {
		return fmt.Errorf("%w: %d", ErrFull, l.Sessions)
	}
	c.total++
	c.principals[principal]++
	return nil
}

func (c *caps) release(principal string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total--
	if c.principals[principal]--; c.principals[principal] == 0 {
		delete(c.principals, principal)
	}
}

func (c *caps) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.total
}
