package sessiontest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Spender is a store that also counts the tokens of rate limits over all replicas.
type Spender interface {
	// Spend takes at most n whole tokens from the bucket, which begins full, with
	// burst of them, and fills evenly within per. It returns how many it took, and
	// in which time the bucket will be full.
	Spend(ctx context.Context, key string, n, burst int, per time.Duration) (granted int, debt time.Duration, err error)
}

// RunSpend checks the buckets of two replicas' handles on one engine.
func RunSpend(t *testing.T, a, b Spender) {
	t.Run("OneBucketForAllReplicas", func(t *testing.T) { spendTogether(t, a, b) })
	t.Run("PartOfWhatIsWanted", func(t *testing.T) { spendPart(t, a) })
	t.Run("FillsEvenly", func(t *testing.T) { spendAgain(t, a) })
	t.Run("NothingTwice", func(t *testing.T) { spendAtOnce(t, a, b) })
}

func spend(t *testing.T, s Spender, key string, n, burst int, per time.Duration) (int, time.Duration) {
	t.Helper()
	granted, debt, err := s.Spend(t.Context(), key, n, burst, per)
	if err != nil {
		t.Fatal(err)
	}
	return granted, debt
}

func spendTogether(t *testing.T, a, b Spender) {
	for i, s := range []Spender{a, b, a} {
		if got, debt := spend(t, s, "together", 1, 3, time.Hour); got != 1 || debt <= time.Duration(i)*20*time.Minute {
			t.Errorf("token %d: granted %d, full in %v", i+1, got, debt)
		}
	}
	if got, debt := spend(t, b, "together", 1, 3, time.Hour); got != 0 || debt > time.Hour || debt < 59*time.Minute {
		t.Errorf("beyond the burst: granted %d, full in %v", got, debt)
	}
	if got, _ := spend(t, b, "another", 1, 3, time.Hour); got != 1 {
		t.Error("buckets are not apart")
	}
}

func spendPart(t *testing.T, s Spender) {
	for _, want := range []int{4, 3, 0} {
		if got, _ := spend(t, s, "part", 4, 7, time.Hour); got != want {
			t.Errorf("granted %d of 4, want %d", got, want)
		}
	}
	if got, _ := spend(t, s, "all", 10, 7, time.Hour); got != 7 {
		t.Errorf("granted %d of 7", got)
	}
}

func spendAgain(t *testing.T, s Spender) {
	spend(t, s, "again", 2, 2, 20*time.Millisecond)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if got, _ := spend(t, s, "again", 1, 2, 20*time.Millisecond); got == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the bucket does not fill")
		}
	}
}

func spendAtOnce(t *testing.T, stores ...Spender) {
	const burst = 50
	var wg sync.WaitGroup
	var granted atomic.Int64
	for i := range 2 * burst {
		wg.Go(func() {
			got, _, err := stores[i%len(stores)].Spend(t.Context(), "at once", 1, burst, time.Hour)
			if err != nil {
				t.Error(err)
			}
			granted.Add(int64(got))
		})
	}
	wg.Wait()
	if got := granted.Load(); got != burst {
		t.Errorf("granted %d of %d", got, burst)
	}
}
