package mcp

import (
	"errors"
	"sync"
)

// streams counts the standing streams, which stay open between calls.
type streams struct {
	all, perPrincipal int // bounds

	mu         sync.Mutex
	count      int
	principals map[string]int
}

var (
	errStreamsFull    = errors.New("mcp: too many streams in all")
	errStreamsTooMany = errors.New("mcp: too many streams of one principal")
)

// open counts a stream in. The principal's key is empty where nobody established
// one, and there is no bound then but that of all.
func (s *streams) open(principal string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.count >= s.all:
		return errStreamsFull
	case principal != "" && s.principals[principal] >= s.perPrincipal:
		return errStreamsTooMany
	}
	if s.principals == nil {
		s.principals = map[string]int{}
	}
	s.count++
	s.principals[principal]++
	return nil
}

// close counts it out.
func (s *streams) close(principal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count--
	if s.principals[principal]--; s.principals[principal] == 0 {
		delete(s.principals, principal)
	}
}

func (s *streams) total() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count
}
