package tandem_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
)

// Credentials end when they expire, and when whoever established them says so.
func TestReverify(t *testing.T) {
	until := func(d time.Duration) context.Context {
		return tandem.WithPrincipal(t.Context(), &tandem.Principal{Subject: "s", Issuer: "i", Expires: time.Now().Add(d)})
	}
	revoked := errors.New("revoked")
	for name, c := range map[string]struct {
		ctx  context.Context
		good bool
	}{
		"nobody":           {t.Context(), true},
		"no end":           {tandem.WithPrincipal(t.Context(), &tandem.Principal{Subject: "s", Issuer: "i"}), true},
		"good":             {until(time.Hour), true},
		"expired":          {until(-time.Second), false},
		"good, revoked":    {tandem.WithReverify(until(time.Hour), func(context.Context) error { return revoked }), false},
		"good, still":      {tandem.WithReverify(until(time.Hour), func(context.Context) error { return nil }), true},
		"expired, claimed": {tandem.WithReverify(until(-time.Second), func(context.Context) error { return nil }), false},
	} {
		if err := tandem.Reverify(c.ctx); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
