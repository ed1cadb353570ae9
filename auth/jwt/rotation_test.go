package jwt_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth/jwt"
)

// longToken is good for a week, signed by the RSA key under some id.
func longToken(id string) string {
	claims := goodClaims().with(object{"exp": time.Now().Add(7 * 24 * time.Hour).Unix()})
	return sign("RS256", rsaKey(), goodHeader().with(object{"kid": id}).json(), claims.json())
}

// forged returns a token whose signature is none; everything else about it is good.
func forged(id string) string {
	return encode(goodHeader().with(object{"kid": id}).json()) + "." + encode(goodClaims().json()) + "." + encode(make([]byte, 256))
}

// Rule 16: a thousand tokens with unknown keys cause one fetch in each gap.
func TestStorm16(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(publicKeys()...)
		v := verifier(t, p, jwt.Config{})
		good := longToken("rsa")
		mustPass(t, v, good)
		for gap := range 5 {
			for i := range 200 {
				mustRefuse(t, v, forged(fmt.Sprint("unknown-", gap, "-", i)))
			}
			mustPass(t, v, good)
			if n := p.asked(); n != 1+gap {
				t.Fatalf("after %d gaps the keys were fetched %d times", gap, n)
			}
			time.Sleep(10 * time.Second)
		}
	})
}

// Rule 16: nobody with a good token waits for the fetches that a storm causes, and
// none of its tokens causes one of its own.
func TestStormDoesNotDelay16(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(publicKeys()...)
		v := verifier(t, p, jwt.Config{})
		good := longToken("rsa")
		mustPass(t, v, good)
		time.Sleep(10 * time.Second)
		p.serve(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() { mustNotKnow(t, v, forged(fmt.Sprint("unknown-", i))) })
		}
		synctest.Wait()
		start := time.Now()
		mustPass(t, v, good)
		mustPass(t, v, longToken("rsa"))
		if waited := time.Since(start); waited != 0 {
			t.Errorf("a good token waited %v", waited)
		}
		wg.Wait()
		if n := p.asked(); n != 2 {
			t.Errorf("the keys were fetched %d times", n)
		}
	})
}

// Rule 17: a new key is good within the gap, also right after a storm.
func TestRotationAfterStorm17(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(publicKeys()...)
		v := verifier(t, p, jwt.Config{})
		old := longToken("rsa")
		mustPass(t, v, old)
		time.Sleep(10 * time.Second)
		mustRefuse(t, v, header(object{"kid": "unknown"})) // uses up this gap's fetch
		p.set(append(publicKeys(), jwkOf("new", rsaKey()))...)
		rotated := longToken("new")
		mustRefuse(t, v, rotated)
		time.Sleep(10 * time.Second)
		mustRefuse(t, v, header(object{"kid": "unknown"})) // may be the one that fetches
		mustPass(t, v, rotated)
		mustPass(t, v, old)
	})
}

// A token of a new key causes the fetch that it needs.
func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(publicKeys()...)
		v := verifier(t, p, jwt.Config{})
		mustPass(t, v, longToken("rsa"))
		p.set(jwkOf("new", rsaKey()))
		time.Sleep(10 * time.Second)
		mustPass(t, v, longToken("new"))
		mustRefuse(t, v, longToken("rsa")) // its key went with the same fetch
	})
}

// Rule 18: a withdrawn key is dead after the refresh period, whether its tokens were
// seen before or not, under traffic or without.
func TestWithdrawal18(t *testing.T) {
	for _, traffic := range []bool{false, true} {
		t.Run(fmt.Sprint("traffic ", traffic), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := publish(publicKeys()...)
				v := verifier(t, p, jwt.Config{})
				known, unseen := longToken("rsa"), payload(object{"exp": ago(-time.Hour)})
				mustPass(t, v, known)
				time.Sleep(time.Second)
				p.set(jwkOf("ec", ecKey()))
				if traffic {
					for range 5*60 - 1 {
						_, _ = v.Verify(t.Context(), known)
						time.Sleep(time.Second)
					}
				} else {
					time.Sleep(5*time.Minute - time.Second)
				}
				mustRefuse(t, v, known)
				mustRefuse(t, v, unseen)
				p.set(publicKeys()...) // it comes back
				time.Sleep(5 * time.Minute)
				mustPass(t, v, known)
			})
		})
	}
}

// Rule 18: an id whose key is another one now does not keep the old key's tokens.
func TestReplacedKey18(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(publicKeys()...)
		v := verifier(t, p, jwt.Config{})
		token := longToken("rsa")
		mustPass(t, v, token)
		p.set(jwkOf("rsa", otherRSA()))
		time.Sleep(5 * time.Minute)
		mustRefuse(t, v, token)
	})
}

// Rule 19: while the keys cannot be had, the last good ones hold until they are too
// old; then there is no verdict, until they can be had again.
func TestOutage19(t *testing.T) {
	for name, answer := range unusable() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				p := publish(publicKeys()...)
				v := verifier(t, p, jwt.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
				token := longToken("rsa")
				mustPass(t, v, token)
				p.serve(answer)
				for range 59 {
					time.Sleep(time.Minute)
					mustPass(t, v, token)
					synctest.Wait()
				}
				mustRefuse(t, v, payload(object{"exp": 1}))             // a verdict still
				mustNotKnow(t, v, header(object{"kid": "perhaps-new"})) // may be a new one
				time.Sleep(time.Minute)
				mustNotKnow(t, v, token)
				mustNotKnow(t, v, longToken("rsa"))
				mustRefuse(t, v, payload(object{"exp": 1}))
				p.set(publicKeys()...)
				time.Sleep(10 * time.Second)
				mustPass(t, v, token)
				v.Close()
				if down, up := strings.Count(log.String(), "cannot be fetched"), strings.Count(log.String(), "fetched again"); down != 1 || up != 1 {
					t.Errorf("the outage was told %d times, its end %d times: %s", down, up, log.String())
				}
			})
		})
	}
}

// Rule 19: a server that hangs delays nobody whose key is known, but the request that
// finds the keys too old; and each fetch is given up.
func TestHanging19(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(publicKeys()...)
		v := verifier(t, p, jwt.Config{})
		token := longToken("rsa")
		mustPass(t, v, token)
		p.serve(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		start := time.Now()
		for time.Since(start) < 59*time.Minute {
			time.Sleep(20 * time.Second)
			before := time.Now()
			mustPass(t, v, token)
			if waited := time.Since(before); waited != 0 {
				t.Fatalf("after %v a good token waited %v", time.Since(start), waited)
			}
		}
		time.Sleep(time.Minute)
		before := time.Now()
		mustNotKnow(t, v, token)
		if waited := time.Since(before); waited > 5*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

// One fetch at a time, also if it takes longer than the gap.
func TestSingleFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish()
		p.serve(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		v := verifier(t, p, jwt.Config{Gap: time.Second})
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { mustNotKnow(t, v, goodToken()) })
			time.Sleep(1100 * time.Millisecond)
		}
		wg.Wait()
		if n := p.asked(); n != 1 {
			t.Errorf("the keys were fetched %d times at once", n)
		}
	})
}

// A verified token is remembered across fetches that find its key unchanged.
func TestRememberedAcrossFetches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(publicKeys()...)
		v := verifier(t, p, jwt.Config{})
		token := longToken("rsa")
		first := mustPass(t, v, token)
		time.Sleep(5 * time.Minute)
		p.set(append(publicKeys(), jwkOf("new", otherRSA()))...)
		if again := mustPass(t, v, token); again != first || p.asked() != 2 {
			t.Errorf("verified again after %d fetches", p.asked())
		}
	})
}

// In an outage fetches are tried once in a gap, not with each request.
func TestOutageGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish()
		v := verifier(t, p, jwt.Config{})
		for range 100 {
			mustNotKnow(t, v, goodToken())
			time.Sleep(100 * time.Millisecond)
		}
		if n := p.asked(); n != 1 {
			t.Errorf("the keys were fetched %d times in one gap", n)
		}
	})
}

// The fetch does not end with the request that caused it, since others wait for it.
func TestCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish()
		release := make(chan struct{})
		good := publish(publicKeys()...)
		p.serve(func(w http.ResponseWriter, r *http.Request) {
			<-release
			good.ServeHTTP(w, r)
		})
		v := verifier(t, p, jwt.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error)
		go func() {
			_, err := v.Verify(ctx, goodToken())
			left <- err
		}()
		synctest.Wait()
		stays := make(chan error)
		go func() {
			_, err := v.Verify(t.Context(), goodToken())
			stays <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-left; tandem.CodeOf(err) != tandem.Unavailable {
			t.Errorf("the one who left: %v", err)
		}
		close(release)
		if err := <-stays; err != nil {
			t.Errorf("the one who stayed: %v", err)
		}
	})
}

// Close ends a fetch under way; there are verdicts while the keys last, and no fetch.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := publish(publicKeys()...)
		v := verifier(t, p, jwt.Config{})
		mustPass(t, v, goodToken())
		p.serve(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		time.Sleep(4 * time.Minute)
		token := longToken("rsa")
		mustPass(t, v, token) // begins a fetch
		synctest.Wait()
		start := time.Now()
		v.Close()
		if waited := time.Since(start); waited != 0 {
			t.Errorf("Close waited %v", waited)
		}
		mustPass(t, v, token)
		time.Sleep(time.Hour)
		mustNotKnow(t, v, token)
		if n := p.asked(); n != 2 {
			t.Errorf("the keys were fetched %d times", n)
		}
		v.Close()
	})
}

// A remembered token ends as its claims say, and not before its time of use either.
func TestRememberedTokenEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := verifier(t, publish(publicKeys()...), jwt.Config{})
		token := payload(object{"exp": ago(-time.Minute)})
		mustPass(t, v, token)
		time.Sleep(time.Minute + 30*time.Second - 1)
		mustPass(t, v, token)
		time.Sleep(time.Nanosecond)
		mustRefuse(t, v, token)
	})
}

// However many tokens there are, so many are remembered, and all are good.
func TestRememberedTokensAreBounded(t *testing.T) {
	v := verifier(t, publish(publicKeys()...), jwt.Config{MaxEntries: 4})
	first := goodToken()
	p := mustPass(t, v, first)
	for i := range 20 {
		token := sign("EdDSA", edKey(), object{"alg": "EdDSA", "kid": "ed", "typ": "at+jwt"}.json(), goodClaims().with(object{"jti": fmt.Sprint(i)}).json())
		mustPass(t, v, token)
		if i < 10 && mustPass(t, v, first) != p {
			t.Error("a token that is used was forgotten")
		}
	}
	if mustPass(t, v, first) == p {
		t.Error("nothing was forgotten")
	}
	none := verifier(t, publish(publicKeys()...), jwt.Config{MaxEntries: -1})
	if p := mustPass(t, none, first); p == mustPass(t, none, first) {
		t.Error("a token was remembered")
	}
}
