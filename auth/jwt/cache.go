package jwt

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/tandem-go/tandem"
)

// digest stands for a token.
type digest = [sha256.Size]byte

// verified is a token whose signature and claims were good. It remains good until
// its end for as long as its key is among the issuer's.
type verified struct {
	principal *tandem.Principal
	key       *key
	algorithm algorithm
	end       time.Time
}

func (e *verified) good(set *keySet, now time.Time) bool {
	return now.Before(e.end) && set.find(e.key.id, e.algorithm) == e.key
}

// cache remembers verified tokens, in two generations: when the young one is full,
// it becomes the old one, and what was not used meanwhile is forgotten. Readers do
// not exclude each other.
type cache struct {
	size int // of one generation; 0 remembers nothing

	mu         sync.RWMutex
	young, old map[digest]*verified
}

func newCache(entries int) *cache {
	return &cache{size: max(0, (entries+1)/2)}
}

func (c *cache) get(key digest) *verified {
	c.mu.RLock()
	e, young := c.young[key]
	if !young {
		e = c.old[key]
	}
	c.mu.RUnlock()
	if e != nil && !young {
		c.put(key, e)
	}
	return e
}

func (c *cache) put(key digest, e *verified) {
	if c.size == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.young == nil || len(c.young) >= c.size {
		c.old, c.young = c.young, make(map[digest]*verified)
	}
	c.young[key] = e
	delete(c.old, key)
}

// forget drops a token that is not good any more.
func (c *cache) forget(key digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, key)
	delete(c.old, key)
}
