package jwt_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth/jwt"
)

// Rule 16, against a real server and for the race detector: a thousand unknown keys
// at once, while good tokens pass.
func TestConcurrentStorm16(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	p := publish(publicKeys()...)
	server := httptest.NewServer(p)
	defer server.Close()
	v, err := jwt.New(jwt.Config{Issuer: issuerName, Audiences: []string{audience}, JWKSURL: server.URL, Gap: time.Hour, RefreshEvery: 2 * time.Hour, MaxStale: 3 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	good := goodToken()
	var wg sync.WaitGroup
	for i := range 1000 {
		wg.Go(func() {
			if _, err := v.Verify(context.Background(), forged(fmt.Sprint("unknown-", i))); err == nil || tandem.CodeOf(err) == tandem.Unavailable {
				t.Errorf("unknown-%d: %v", i, err)
			}
		})
		wg.Go(func() {
			if _, err := v.Verify(context.Background(), good); err != nil {
				t.Errorf("a good token is refused: %v", err)
			}
		})
	}
	wg.Wait()
	if n := p.asked(); n != 1 {
		t.Errorf("the keys were fetched %d times in one gap", n)
	}
}

// For the race detector: keys come and go while tokens are verified. Once a fetch
// without a key was made, no token of it passes.
func TestConcurrentRotation(t *testing.T) {
	p := publish(publicKeys()...)
	v := verifier(t, p, jwt.Config{Gap: time.Microsecond, RefreshEvery: 50 * time.Microsecond, MaxStale: time.Hour, MaxEntries: 2})
	tokens := []string{goodToken(), payload(object{"jti": "2"}), payload(object{"jti": "3"})}
	var stop atomic.Bool
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for !stop.Load() {
				if _, err := v.Verify(context.Background(), tokens[i%len(tokens)]); err != nil && tandem.CodeOf(err) == tandem.Unavailable {
					t.Errorf("no verdict: %v", err)
					return
				}
			}
		})
	}
	for i := range 50 {
		withdrawn := i%2 == 1
		if withdrawn {
			p.set(jwkOf("ec", ecKey()))
		} else {
			p.set(publicKeys()...)
		}
		for before := p.asked(); p.asked() < before+2; { // a whole fetch has begun and ended
			time.Sleep(time.Millisecond)
		}
		if _, err := v.Verify(context.Background(), tokens[0]); (err != nil) != withdrawn {
			t.Errorf("withdrawn %v: %v", withdrawn, err)
		}
	}
	stop.Store(true)
	wg.Wait()
}
