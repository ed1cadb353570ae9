package redisstore

import (
	"context"
	"errors"
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
func (s *Store) orphansOf(ctx context.Context, dead map[string]bool, max int) (found []session.Orphan, err error) {
	err = s.eachPage(ctx, func(places []place) error {
		replies, err := s.onEach(ctx, &callsScript, places, func(place) []any { return nil })
		for i, r := range replies {
			for _, c := range s.callsIn(ctx, places[i].session, r) {
				if !dead[c.runner] {
					continue
				}
				if len(found) >= max {
					return errEnough
				}
				c.Orphaned = true
				found = append(found, session.Orphan{Session: places[i].session, Call: c.Call})
			}
		}
		return err
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
