//go:build unix

package chaos

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// adjustment is one call: it is known by its product and its delta, which no other
// call has together, so that the ledger tells how often it was carried out.
type adjustment struct {
	SKU         string `json:"sku"`
	WarehouseID string `json:"warehouse_id"`
	Delta       int64  `json:"delta"`
	Reason      string `json:"reason"`
}

// effect is what an adjustment is known by.
type effect struct {
	sku   string
	delta int64
}

// result is what adjust_stock returns.
type result struct {
	Quantity     int64  `json:"quantity"`
	AdjustmentID string `json:"adjustment_id"`
}

// entry is one call of the history.
type entry struct {
	client   int
	made     effect
	answers  []result // distinct terminal answers
	attempts int
	from, to time.Duration
}

// history is what the clients saw.
type history struct {
	began time.Time

	mu       sync.Mutex
	entries  []entry
	notFound int      // answers 404 in sessions
	refused  int      // answers 503
	mute     int      // those without Retry-After
	other    []string // the first answers that no client expects
}

func newHistory() *history { return &history{began: time.Now()} }

func (h *history) now() time.Duration { return time.Since(h.began) }

func (h *history) add(e entry) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.entries = append(h.entries, e)
}

func (h *history) unexpected(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.other) < 5 {
		h.other = append(h.other, fmt.Sprintf(format, args...))
	}
}

// counts are a row of the table.
type counts struct {
	calls, lost, duplicated int
	p99                     time.Duration // of the calls that took more than one attempt
	p999                    time.Duration // of all
}

func (h *history) counts() counts {
	c := counts{calls: len(h.entries)}
	var all, again []time.Duration
	for _, e := range h.entries {
		switch len(e.answers) {
		case 0:
			c.lost++
		case 1:
		default:
			c.duplicated++
		}
		all = append(all, e.to-e.from)
		if e.attempts > 1 {
			again = append(again, e.to-e.from)
		}
	}
	c.p99, c.p999 = quantile(again, 0.99), quantile(all, 0.999)
	return c
}

func quantile(d []time.Duration, q float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	slices.Sort(d)
	return d[min(len(d)-1, int(q*float64(len(d))))]
}

// linearizable reports whether the answers about one product are those of a counter
// that each call changed at one instant between its first attempt and its answer.
func (h *history) linearizable(sku string, first int64) bool {
	var steps []porcupine.Operation
	for _, e := range h.entries {
		if e.made.sku != sku {
			continue
		}
		step := porcupine.Operation{ClientId: e.client, Input: e.made.delta, Call: int64(e.from), Return: int64(e.to)}
		if len(e.answers) == 1 {
			step.Output = e.answers[0].Quantity
		} else {
			step.Return = int64(h.now()) // it may come to pass at any time
		}
		steps = append(steps, step)
	}
	return porcupine.CheckOperations(counter(first), steps)
}

// counter is a quantity that a call adds to and reads.
func counter(first int64) porcupine.Model {
	model := porcupine.NondeterministicModel{
		Init: func() []any { return []any{first} },
		Step: func(state, input, output any) []any {
			sum := state.(int64) + input.(int64)
			switch output {
			case sum:
				return []any{sum}
			case nil: // without an answer it may have had its effect, or not
				return []any{state, sum}
			}
			return nil
		},
	}
	return model.ToModel()
}
