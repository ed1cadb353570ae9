package introspection

import (
	"time"

	"github.com/tandem-go/tandem"
)

// maxSources bounds how many sources are remembered, about 4 MB.
const maxSources = 10_000

// source is what one source of tokens may still ask.
type source struct {
	unknown float64   // how many unknown tokens it may try now
	at      time.Time // when that was so
	places  chan struct{}
}

func (v *Verifier) newSource(now time.Time) *source {
	return &source{unknown: float64(v.config.UnknownBurst), at: now, places: make(chan struct{}, max(1, v.config.MaxInFlight/4))}
}

// sourceOf returns the source's record. Called with v.mu held.
func (v *Verifier) sourceOf(name string, now time.Time) *source {
	if s, ok := v.sources.get(name); ok {
		return s
	}
	s := v.newSource(now)
	v.sources.put(name, s, 0)
	return s
}

// take counts a token whose verdict is not known yet as no good, or refuses to look
// at it. Called with v.mu held.
func (v *Verifier) take(s *source, now time.Time) error {
	rate := v.config.UnknownPerSecond
	s.unknown = min(float64(v.config.UnknownBurst), s.unknown+rate*max(0, now.Sub(s.at).Seconds()))
	s.at = now
	if s.unknown < 1 {
		wait := time.Duration((1 - s.unknown) / rate * float64(time.Second))
		return tandem.Errorf(tandem.ResourceExhausted, "too many unknown tokens from one source").WithRetryAfter(wait)
	}
	s.unknown--
	return nil
}

// giveBack does not count a token that turned out to be good. Called with v.mu
// held.
func (v *Verifier) giveBack(s *source) {
	s.unknown = min(float64(v.config.UnknownBurst), s.unknown+1)
}
