package mcp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
)

// questions are the requests to a client that await their responses. The zero
// value has none.
type questions struct {
	mu   sync.Mutex
	open map[string]chan []byte
	gone bool // nobody answers any more
}

// add returns the id of a new request, which nobody can guess, and where its
// response comes. drop must follow.
func (q *questions) add(suffix string) (id string, response <-chan []byte) {
	id = rand.Text() + suffix
	c := make(chan []byte, 1)
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.gone:
		close(c)
		return id, c
	case q.open == nil:
		q.open = map[string]chan []byte{}
	}
	q.open[id] = c
	return id, c
}

// end closes the ways of the responses: the client has gone.
func (q *questions) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.gone = true
	for id, c := range q.open {
		close(c)
		delete(q.open, id)
	}
}

// drop forgets a request. It reports whether there was no response yet.
func (q *questions) drop(id string) (unanswered bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, unanswered = q.open[id]
	delete(q.open, id)
	return unanswered
}

// answer hands over the response to a request. Only the first one counts, and a
// response that nobody awaits is dropped.
func (q *questions) answer(id string, response []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if c, ok := q.open[id]; ok {
		delete(q.open, id)
		c <- response
	}
}

// callTag is the end of the ids of the requests that a call makes, by which any
// replica finds the call that a response is for.
func callTag(call string) string {
	sum := sha256.Sum256([]byte(call))
	return "." + hex.EncodeToString(sum[:6])
}

// hasTag reports whether the id is one of a request that the call made.
func hasTag(id, call string) bool { return strings.HasSuffix(id, callTag(call)) }
