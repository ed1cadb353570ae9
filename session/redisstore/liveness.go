package redisstore

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// forgetSuspects is when what is known of a dead replica is forgotten.
const forgetSuspects = 10 * time.Minute

// peers is what this replica knows of others that are missing.
type peers struct {
	mu      sync.Mutex
	missing map[string]*suspect
	cleared map[string]time.Time // when dead replicas were seen to have left no call
}

// suspect is a replica that is missing: its key has expired, or nobody is
// subscribed to its channel. It is dead once it has been missing for a while, since
// both also happen to one that lives when the engine restarts.
type suspect struct {
	since, last time.Time
	dead        bool
}

// see notes what was seen of a replica, and reports whether it is dead.
func (p *peers) see(id, status string, now time.Time, o *Options) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch status {
	case "alive":
		delete(p.missing, id)
		delete(p.cleared, id)
		return false
	case "closed":
		return true
	}
	if p.missing == nil {
		p.missing = make(map[string]*suspect)
	}
	m := p.missing[id]
	if m == nil || !m.dead && now.Sub(m.last) > 4*o.beat() { // it may have been there meanwhile
		m = &suspect{since: now}
		p.missing[id] = m
	}
	m.last = now
	m.dead = m.dead || now.Sub(m.since) >= o.suspectFor()
	return m.dead
}

// forgive forgets all suspicions: for the time after the engine was away.
func (p *peers) forgive() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for id, m := range p.missing {
		if !m.dead {
			delete(p.missing, id)
		}
	}
}

// suspects returns the replicas to look at again.
func (p *peers) suspects(now time.Time) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var ids []string
	for id, m := range p.missing {
		switch {
		case !m.dead:
			ids = append(ids, id)
		case now.Sub(m.last) > forgetSuspects:
			delete(p.missing, id)
		}
	}
	return ids
}

// dead reports whether the replica is dead.
func (s *Store) dead(ctx context.Context, replica string) (bool, error) {
	if replica == s.id {
		return false, nil
	}
	reply, err := s.eval(ctx, &lookScript, []string{s.replicaKey(replica)}, "")
	if err != nil {
		s.peers.forgive()
		return false, err
	}
	return s.peers.see(replica, reply.status(), time.Now(), &s.options), nil
}

// replicas returns the list of replicas, this one and dead ones included.
func (s *Store) replicas(ctx context.Context) (all []string, err error) {
	err = s.step(ctx, true, func(ctx context.Context) error {
		all, err = s.client.ZRange(ctx, s.replicasKey(), 0, -1).Result()
		return err
	})
	return all, err
}

// forgetReplica takes a replica off the list. One that lives after all joins it again.
func (s *Store) forgetReplica(ctx context.Context, id string) error {
	return s.step(ctx, true, func(ctx context.Context) error {
		return s.client.ZRem(ctx, s.replicasKey(), id).Err()
	})
}

// join enters this replica into the list, and makes it count as alive.
func (s *Store) join(ctx context.Context) error {
	entry := redis.Z{Score: float64(time.Now().Unix()), Member: s.id}
	err := s.step(ctx, true, func(ctx context.Context) error {
		return s.client.ZAdd(ctx, s.replicasKey(), entry).Err()
	})
	if err != nil {
		return err
	}
	_, err = s.renew(ctx)
	return err
}

// renew renews this replica's key, and reports whether the engine sees it
// subscribed.
func (s *Store) renew(ctx context.Context) (subscribed bool, err error) {
	reply, err := s.eval(ctx, &beatScript, []string{s.replicaKey(s.id)}, s.options.AliveFor.Milliseconds())
	if err != nil {
		return false, err
	}
	return reply.number(1) > 0, nil
}

// beats keeps this replica alive, and looks after its suspects, until Close.
func (s *Store) beats() {
	tick := time.NewTicker(s.options.beat())
	defer tick.Stop()
	joined := time.Now()
	unseen := 0
	for {
		select {
		case <-s.life.Done():
			return
		case <-tick.C:
		}
		if time.Since(joined) >= s.options.AliveFor && s.join(s.life) == nil {
			joined = time.Now()
		}
		unseen = s.beat(unseen)
		s.restore()
		s.unwatch()
	}
}

// beat renews the key. A subscription that the engine has not seen for two beats,
// as on a node that has lost the slot, is made anew.
func (s *Store) beat(unseen int) int {
	subscribed, err := s.renew(s.life)
	switch {
	case err != nil:
		s.peers.forgive()
		return 0
	case subscribed:
		unseen = 0
	case unseen >= 2:
		s.channel.disconnect()
		unseen = 0
	default:
		unseen++
	}
	for _, id := range s.peers.suspects(time.Now()) {
		if _, err := s.dead(s.life, id); err != nil {
			break
		}
	}
	return unseen
}
