package introspection

import (
	"context"
	"crypto/sha256"
	"errors"
	"math"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/internal/authserver"
)

const (
	// maxAnswer bounds an answer, in bytes.
	maxAnswer = 64 << 10
	// maxRemembered bounds the answers that are remembered, in bytes of their JSON.
	maxRemembered = 8 << 20
)

// Verifier is an [auth.Verifier]. It has no goroutines of its own.
type Verifier struct {
	config  Config
	client  *authserver.Client
	address address
	places  chan struct{} // one for each question in flight
	failing atomic.Bool   // the last question had no usable answer

	mu      sync.Mutex
	good    *lru[digest, remembered] // those that ran out included: they are known
	bad     *lru[digest, remembered] // apart, so that a flood cannot push out the good ones
	sources *lru[string, *source]
	flights map[digest]*flight
}

// digest stands for a token.
type digest = [sha256.Size]byte

// verdict is about one token: a principal or an error.
type verdict struct {
	principal *tandem.Principal
	err       error
}

type remembered struct {
	verdict
	until time.Time
}

// flight is a question that is being asked. The verdict can be read once done is
// closed.
type flight struct {
	verdict
	key     digest
	source  *source
	counted bool // the source gets something back if the token is good
	done    chan struct{}
}

var (
	_ auth.Verifier = (*Verifier)(nil)
	_ auth.Named    = (*Verifier)(nil)
)

// New returns a verifier, or what is wrong with the configuration. It asks
// nothing yet: a service can start before its authorization server.
func New(c Config) (*Verifier, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	v := &Verifier{
		config:  c,
		client:  &authserver.Client{HTTP: c.HTTP, Timeout: c.Timeout},
		places:  make(chan struct{}, c.MaxInFlight),
		good:    newLRU[digest, remembered](c.MaxEntries, maxRemembered),
		bad:     newLRU[digest, remembered](c.MaxEntries, math.MaxInt),
		sources: newLRU[string, *source](maxSources, math.MaxInt),
		flights: map[digest]*flight{},
	}
	v.address = address{fixed: c.URL, issuer: c.Issuer, timeout: c.Timeout, discover: v.client.Discover}
	return v, nil
}

// Name returns "introspection".
func (v *Verifier) Name() string { return "introspection" }

// Close closes idle connections. The verifier remains usable.
func (v *Verifier) Close() { v.client.Close() }

// Verify returns the verdict on the token that is remembered, or that the
// authorization server gives. Those who ask about one token at the same time share
// one question, which goes on if the caller that caused it goes away.
func (v *Verifier) Verify(ctx context.Context, token string) (*tandem.Principal, error) {
	known, f, mine := v.look(ctx, sha256.Sum256([]byte(token)), time.Now())
	switch {
	case f == nil:
		return known.principal, known.err
	case !mine:
		return f.wait(ctx)
	}
	v.fly(context.WithoutCancel(ctx), f, token)
	return f.principal, f.err
}

// look returns what is known of a token, or the flight that finds it out, and
// whether that is the caller's to make.
func (v *Verifier) look(ctx context.Context, key digest, now time.Time) (known verdict, f *flight, mine bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	good, renewed := v.good.get(key)
	if renewed && now.Before(good.until) {
		return good.verdict, nil, false
	}
	if bad, ok := v.bad.get(key); ok && now.Before(bad.until) {
		return bad.verdict, nil, false
	}
	if f := v.flights[key]; f != nil {
		return verdict{}, f, false
	}
	f = &flight{key: key, source: v.sourceOf(auth.Source(ctx), now), counted: !renewed, done: make(chan struct{})}
	if f.counted { // a token that was good a moment ago is not an unknown one
		if err := v.take(f.source, now); err != nil {
			return verdict{err: err}, nil, false
		}
	}
	v.flights[key] = f
	return verdict{}, f, true
}

func (f *flight) wait(ctx context.Context) (*tandem.Principal, error) {
	select {
	case <-f.done:
		return f.principal, f.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

var errUnfinished = errors.New("the question was not finished")

// fly asks about a token and remembers the verdict.
func (v *Verifier) fly(ctx context.Context, f *flight, token string) {
	f.err = noVerdict(errUnfinished) // what those who wait read if this panics
	start, weight := time.Now(), 0
	defer func() {
		v.land(f, start, weight)
		close(f.done)
	}()
	body, err := v.ask(ctx, f.source, token)
	if err == nil {
		weight = len(body)
		f.principal, err = v.config.judge(body, time.Now())
	}
	v.report(ctx, err)
	if !isVerdict(err) {
		err = noVerdict(err)
	}
	f.err = err
}

// land ends a flight. A verdict holds from when it was asked for, so that a
// revocation counts however slow the answer was.
func (v *Verifier) land(f *flight, start time.Time, weight int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.flights, f.key)
	switch {
	case f.err == nil:
		if f.counted {
			v.giveBack(f.source)
		}
		v.bad.delete(f.key)
		v.good.put(f.key, remembered{f.verdict, v.goodUntil(f.principal, start)}, weight)
	case isVerdict(f.err):
		v.good.delete(f.key)
		v.bad.put(f.key, remembered{f.verdict, start.Add(v.config.NegativeTTL)}, 0)
	}
}

// goodUntil returns when a principal has to be asked about again.
func (v *Verifier) goodUntil(p *tandem.Principal, asked time.Time) time.Time {
	until := asked.Add(v.config.CacheTTL)
	if !p.Expires.IsZero() && p.Expires.Before(until) {
		return p.Expires
	}
	return until
}

// ask returns the authorization server's answer about a token.
func (v *Verifier) ask(ctx context.Context, s *source, token string) ([]byte, error) {
	leave, err := v.enter(ctx, s)
	if err != nil {
		return nil, err
	}
	defer leave()
	where, err := v.address.get(ctx)
	if err != nil {
		return nil, err
	}
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	body, err := v.client.PostForm(ctx, where, form, v.config.ClientID, v.config.ClientSecret.Reveal(), maxAnswer)
	if errors.Is(err, authserver.ErrUnsupportedToken) { // or everybody could make the service look broken, by a JWT
		err = errKind
	}
	return body, err
}

var errBusy = errors.New("too many questions are in flight")

// enter waits for a place among the source's questions, then among all. Whoever
// asks much thus waits behind itself.
func (v *Verifier) enter(ctx context.Context, s *source) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, v.config.Timeout)
	defer cancel()
	for i, places := range []chan struct{}{s.places, v.places} {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			if i > 0 {
				<-s.places
			}
			return nil, errBusy
		}
	}
	return func() { <-v.places; <-s.places }, nil
}

// noVerdict is what a caller learns of a question without an answer.
func noVerdict(cause error) error {
	return tandem.Errorf(tandem.Unavailable, "the authorization server gave no verdict").WithCause(cause)
}

// report logs when questions begin to fail, and when they succeed again. That this
// service asks too much says nothing of the authorization server.
func (v *Verifier) report(ctx context.Context, err error) {
	switch failing := !isVerdict(err); {
	case errors.Is(err, errBusy):
	case v.failing.Swap(failing) == failing:
	case failing:
		v.config.Logger.WarnContext(ctx, "token introspection fails; callers get a 503", "cause", err)
	default:
		v.config.Logger.InfoContext(ctx, "token introspection works again")
	}
}
