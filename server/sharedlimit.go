package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync"
	"time"
)

// tokenStore is a store of shared state that counts tokens over all replicas.
type tokenStore interface {
	// Spend takes at most n whole tokens from the bucket, which begins full, with
	// burst of them, and fills evenly within per. It returns how many it took, and
	// in which time the bucket will be full.
	Spend(ctx context.Context, key string, n, burst int, per time.Duration) (granted int, debt time.Duration, err error)
}

const (
	// spendTimeout bounds what the engine may add to a request.
	spendTimeout = 250 * time.Millisecond
	// outagePause is how long an engine that failed is not asked again.
	outagePause = time.Second
	// largestBatch is how many tokens a replica takes at once at most.
	largestBatch = 50
)

// sharedLimit counts one policy's tokens over all replicas. A replica takes a 20th
// of the burst at once, at most largestBatch, and keeps what is left for the same
// caller's next requests: of N replicas, a caller may get up to N such parts more
// than the burst at once, and never more than the rate in the long run.
type sharedLimit struct {
	tokens tokenStore
	policy string
	rate   Rate
	outage *outage
	held   callers[*purse]
}

// purse is what a replica knows of a caller's bucket.
type purse struct {
	turn  chan struct{} // holds a token while the fields below are in use
	left  int           // tokens that were taken and not used
	empty time.Time     // until when the bucket has none
	full  time.Time     // when the bucket is full
}

func newSharedLimit(tokens tokenStore, policy string, r Rate, o *outage) *sharedLimit {
	return &sharedLimit{tokens: tokens, policy: policy, rate: r, outage: o,
		held: newCallers(limiterCapacity, func() *purse { return &purse{turn: make(chan struct{}, 1)} })}
}

// take takes a token. It is not ok where the engine cannot be asked.
func (l *sharedLimit) take(ctx context.Context, c caller, now time.Time) (s standing, ok bool) {
	p := l.held.of(c)
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return standing{}, false
	}
	if p.left == 0 && !now.Before(p.empty) && !l.fill(ctx, p, l.key(c), now) {
		return standing{}, false
	}
	if p.left > 0 {
		p.left--
	} else {
		s.wait = max(p.empty.Sub(now), time.Millisecond)
	}
	s.full = max(p.full.Sub(now), 0)
	s.left = min(l.inBucket(s.full)+p.left, l.rate.Requests)
	return s, true
}

// fill takes tokens out of the bucket, or learns when there will be one.
func (l *sharedLimit) fill(ctx context.Context, p *purse, key string, now time.Time) bool {
	if l.outage.lasts(now) {
		return false
	}
	bounded, cancel := context.WithTimeout(ctx, spendTimeout)
	defer cancel()
	granted, debt, err := l.tokens.Spend(bounded, key, l.batch(), l.rate.Requests, l.rate.Per)
	if err != nil {
		if ctx.Err() == nil { // else the caller has gone
			l.outage.begin(ctx, now, err)
		}
		return false
	}
	l.outage.end(ctx)
	p.left, p.full = granted, now.Add(debt)
	if granted == 0 {
		one := l.rate.Per / time.Duration(l.rate.Requests)
		p.empty = now.Add(debt - l.rate.Per + one)
	}
	return true
}

func (l *sharedLimit) batch() int { return min(max(l.rate.Requests/20, 1), largestBatch) }

// inBucket returns how many tokens a bucket has that is full after the time.
func (l *sharedLimit) inBucket(full time.Duration) int {
	free := (1 - full.Seconds()/l.rate.Per.Seconds()) * float64(l.rate.Requests)
	return max(int(free+0.001), 0) // what rounding costs is no token
}

// key names the caller's bucket, without telling the engine who it is.
func (l *sharedLimit) key(c caller) string {
	h := sha256.New()
	for _, part := range []string{l.policy, c.issuer, c.subject, c.address.String()} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// outage remembers that the engine does not count, so that requests need not wait
// for it, and tells the log once.
type outage struct {
	logger *slog.Logger

	mu    sync.Mutex
	until time.Time // not asked again before; zero while it counts
}

func (o *outage) lasts(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return now.Before(o.until)
}

func (o *outage) begin(ctx context.Context, now time.Time, cause error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.until.IsZero() {
		o.logger.WarnContext(ctx, "the shared state cannot be asked: rate limits count on this replica alone", "cause", cause.Error())
	}
	o.until = now.Add(outagePause)
}

func (o *outage) end(ctx context.Context) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.until.IsZero() {
		o.logger.InfoContext(ctx, "rate limits count over all replicas again")
	}
	o.until = time.Time{}
}
