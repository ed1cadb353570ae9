package introspection

import "container/list"

// lru is a map that forgets what was not used for longest once it has more
// entries, or more weight in all, than it may. It is not safe for concurrent use.
type lru[K comparable, V any] struct {
	maxEntries, maxWeight int

	entries map[K]*list.Element
	recent  *list.List // of *lruEntry[K, V], the most recent one first
	weight  int
}

type lruEntry[K comparable, V any] struct {
	key    K
	value  V
	weight int
}

func newLRU[K comparable, V any](maxEntries, maxWeight int) *lru[K, V] {
	return &lru[K, V]{maxEntries: maxEntries, maxWeight: maxWeight, entries: map[K]*list.Element{}, recent: list.New()}
}

func (l *lru[K, V]) get(key K) (value V, ok bool) {
	e, ok := l.entries[key]
	if !ok {
		return value, false
	}
	l.recent.MoveToFront(e)
	return e.Value.(*lruEntry[K, V]).value, true
}

// put stores a value, instead of one that the key has.
func (l *lru[K, V]) put(key K, value V, weight int) {
	l.delete(key)
	l.entries[key] = l.recent.PushFront(&lruEntry[K, V]{key, value, weight})
	l.weight += weight
	for len(l.entries) > l.maxEntries || l.weight > l.maxWeight {
		l.delete(l.recent.Back().Value.(*lruEntry[K, V]).key)
	}
}

func (l *lru[K, V]) delete(key K) {
	if e, ok := l.entries[key]; ok {
		l.weight -= l.recent.Remove(e).(*lruEntry[K, V]).weight
		delete(l.entries, key)
	}
}
