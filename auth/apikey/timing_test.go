package apikey

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
)

// How long a refusal takes tells nothing about a key: not how much of its secret
// is right, and not whether its ID exists.
//
// Two classes of tokens take turns, and Student's t-test of pairs says whether their
// times differ, as dudect does it. What that can tell on this machine is found out by a
// control first: a verifier that has the very leak. Unless the statistic finds the
// leak there, it says nothing about ours. Ours fails if it shows a difference that
// is certain and a quarter of the control's at least, each time that it is measured.
func TestTiming(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	path := filepath.Join(t.TempDir(), "keys")
	file := NewFile(path, quiet)
	key, r := create(t, file, Wanted{})
	for range 20 {
		create(t, file, Wanted{})
	}
	v := open(t, path, quiet)
	for _, c := range []struct {
		name    string
		control auth.Verifier
		classes [2]func() string
	}{
		{"how much of the secret is right", &earlyComparison{v, key}, [2]func() string{wrongAt(key, r.ID, 0), wrongAt(key, r.ID, randomLength-1)}},
		{"whether the ID exists", &earlyReturn{v}, [2]func() string{wrongSecret(r.ID), unknownKey}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if leak, found := findLeak(t, v, c.control, c.classes); found {
				t.Errorf("the times of the two kinds of tokens differ each time, by %v", leak)
			}
		})
		t.Run(c.name+", of a verifier that leaks it", func(t *testing.T) {
			for range measurements {
				if _, found := findLeak(t, c.control, c.control, c.classes); found {
					return
				}
			}
			t.Error("the leak was not found")
		})
	}
}

const (
	pairs        = 2000
	batch        = 50   // how often a token is tried at a time
	kept         = 0.75 // what of the pairs counts
	certain      = 10   // of Student's t: more than dudect asks for
	measurements = 5
)

// wrongAt returns a key that differs from key in one character of the secret.
func wrongAt(key, id string, at int) func() string {
	random := key[len(Prefix)+idLength+1:][:randomLength]
	return func() string {
		for {
			if c := randomText(1, secretAlphabet); c != random[at:at+1] {
				return assemble(id, random[:at]+c+random[at+1:]).Reveal()
			}
		}
	}
}

func wrongSecret(id string) func() string {
	return func() string { return assemble(id, randomText(randomLength, secretAlphabet)).Reveal() }
}

func unknownKey() string {
	key, _ := newKey()
	return key.Reveal()
}

// earlyComparison is a verifier with a leak: it keeps the key and stops comparing
// at the first character that is wrong.
type earlyComparison struct {
	*Verifier
	key string
}

func (e *earlyComparison) Verify(ctx context.Context, token string) (*tandem.Principal, error) {
	p, err := e.Verifier.Verify(ctx, token)
	for i := range min(len(token), len(e.key)) {
		if token[i] != e.key[i] {
			return nil, errWrong
		}
	}
	return p, err
}

// earlyReturn is a verifier with a leak: it does not hash a token whose ID it does
// not know.
type earlyReturn struct{ *Verifier }

func (e *earlyReturn) Verify(ctx context.Context, token string) (*tandem.Principal, error) {
	id, err := idOf(token)
	if err != nil {
		return nil, err
	}
	record, err := e.store.Lookup(ctx, id)
	if err != nil || record == nil || !e.matches(record, token) {
		return nil, errWrong
	}
	return record.principal(), nil
}

// findLeak reports whether a verifier shows, in every measurement that can tell, a
// difference between two classes of tokens. It skips the test if none can tell.
//
// It takes a token of each class anew for each measurement, and the same ones for
// the control. In one measurement it is one token against one, since tokens that
// have more in common are looked at faster, by what the processor remembers.
func findLeak(t *testing.T, v, control auth.Verifier, classes [2]func() string) (leak effect, found bool) {
	t.Helper()
	for range measurements {
		first, second := classes[0](), classes[1]()
		known := measure(t, control, first, second)
		if math.Abs(known.t) < certain {
			continue
		}
		leak, found = measure(t, v, first, second), true
		t.Logf("the control leaks %v, this one %v", known, leak)
		if math.Abs(leak.t) < certain || math.Abs(leak.difference) < math.Abs(known.difference)/4 {
			return leak, false
		}
	}
	if !found {
		t.Skipf("this machine is too busy: not even the control's leak was seen in %d measurements", measurements)
	}
	return leak, true
}

// effect is how the times of two classes differ.
type effect struct {
	difference float64 // of the means, in nanoseconds per token
	t          float64
}

func (e effect) String() string { return fmt.Sprintf("%.1f ns (t = %.1f)", e.difference, e.t) }

// measure times both classes in pairs of batches, one right after the other in a
// random order, so that whatever else the machine does counts for both.
func measure(t *testing.T, v auth.Verifier, first, second string) effect {
	tokens := [2]string{first, second}
	differences := make([]float64, 0, pairs)
	for range pairs {
		var times [2]float64
		order := rand.IntN(2)
		for _, class := range [2]int{order, 1 - order} {
			start := time.Now()
			for range batch {
				if _, err := v.Verify(t.Context(), tokens[class]); err == nil {
					t.Fatal("a wrong key is accepted")
				}
			}
			times[class] = float64(time.Since(start)) / batch
		}
		differences = append(differences, times[0]-times[1])
	}
	return student(crop(differences))
}

// crop leaves out the pairs that differ most, of which one batch was disturbed.
func crop(x []float64) []float64 {
	slices.Sort(x)
	left := int((1 - kept) / 2 * float64(len(x)))
	return x[left : len(x)-left]
}

// student returns the mean of x and how many standard errors it is from zero.
func student(x []float64) effect {
	n := float64(len(x))
	var mean, squares float64
	for _, v := range x {
		mean += v / n
	}
	for _, v := range x {
		squares += (v - mean) * (v - mean)
	}
	return effect{mean, mean / math.Sqrt(squares/(n-1)/n)}
}
