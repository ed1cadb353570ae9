package redisstore

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/tandem-go/tandem/session"
)

// Orphans implements [session.Log]. It looks at the sessions only if a replica
// has died since it last did.
func (s *Store) Orphans(ctx context.Context, max int) ([]session.Orphan, error) {
	dead, err := s.bereaved(ctx)
	if err != nil || len(dead) == 0 || max <= 0 {
		return nil, err
	}
	found, err := s.orphansOf(ctx, dead, max)
	if err != nil || len(found) > 0 {
		return found, err
	}
	for replica := range dead {
		if s.peers.clear(replica, time.Now(), s.options.AliveFor) {
			if err := s.forgetReplica(ctx, replica); err != nil {
				return nil, err
			}
		}
	}
	return nil, nil
}

// bereaved returns the dead replicas that may have left calls.
func (s *Store) bereaved(ctx context.Context) (map[string]bool, error) {
	all, err := s.replicas(ctx)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, replica := range all {
		dead, err := s.dead(ctx, replica)
		if err != nil {
			return nil, err
		}
		if dead && s.peers.unclear(replica, time.Now(), s.options.AliveFor) {
			found[replica] = true
		}
	}
	return found, nil
}

var errEnough = errors.New("redisstore: enough orphans")

// orphansOf returns at most max calls in flight of the replicas.
func (s *Store) orphansOf(ctx context.Context, dead map[string]bool, max int) ([]session.Orphan, error) {
	var mu sync.Mutex
	var found []session.Orphan
	err := s.eachPlace(ctx, func(ctx context.Context, p place) error {
		calls, err := s.flying(ctx, p.session)
		if err != nil && !errors.Is(err, session.ErrNotFound) {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, c := range calls {
			if len(found) >= max {
				return errEnough
			}
			if dead[c.runner] {
				c.Orphaned = true
				found = append(found, session.Orphan{Session: p.session, Call: c.Call})
			}
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}

// clear notes that a dead replica has left no call, and reports whether that
// has been so for long enough to forget it: what it sent last may have been on
// its way.
func (p *peers) clear(id string, now time.Time, enough time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if since, ok := p.cleared[id]; ok && now.Sub(since) >= enough {
		delete(p.cleared, id)
		return true
	}
	if p.cleared == nil {
		p.cleared = make(map[string]time.Time)
	}
	if _, ok := p.cleared[id]; !ok {
		p.cleared[id] = now
	}
	return false
}

// unclear reports whether it is time to look for calls of the dead replica: at once,
// and once more after a while.
func (p *peers) unclear(id string, now time.Time, enough time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	since, ok := p.cleared[id]
	return !ok || now.Sub(since) >= enough
}
