//go:build unix

package chaos

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fault does harm to the fleet until the deadline, or the number of times that it is asked for.
type fault func(f *fleet, times int)

// idle does no harm.
func idle(*fleet, int) { time.Sleep(2 * time.Second) }

// kills ends one replica after the other as crashes do, and starts it again.
func kills(f *fleet, times int) {
	for i := range times {
		time.Sleep(200 * time.Millisecond)
		r := f.replicas[i%replicas]
		r.kill()
		r.start()
	}
}

// deploys replaces one replica after the other, each once the one before is ready.
func deploys(f *fleet, times int) {
	for i := range times {
		r := f.replicas[i%replicas]
		r.terminate()
		r.start()
		time.Sleep(time.Second) // until the balancer has noticed
	}
}

// pauses halts a replica for longer than the others take it to be alive.
func pauses(f *fleet, times int) {
	for i := range times {
		r := f.replicas[i%replicas]
		r.signal(syscall.SIGSTOP)
		time.Sleep(7 * time.Second)
		r.signal(syscall.SIGCONT)
		time.Sleep(time.Second)
	}
}

// outages stops the engine, and starts it again with what it had.
func outages(f *fleet, times int) {
	for range times {
		time.Sleep(500 * time.Millisecond)
		f.engine.Stop(f.t)
		time.Sleep(1500 * time.Millisecond)
		f.engine.Restart(f.t)
		time.Sleep(2 * time.Second)
	}
}

// stalls opens streams that nobody reads, and leaves them so.
func stalls(f *fleet, times int) {
	for range times {
		r, err := http.NewRequestWithContext(f.t.Context(), "GET", f.front+"/mcp/sse", nil)
		if err != nil {
			f.t.Fatal(err)
		}
		r.Host = "localhost"
		r.Header.Set("Accept", "text/event-stream")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			f.t.Errorf("a stream does not open: %v", err)
			return
		}
		f.t.Cleanup(func() { _ = response.Body.Close() })
		time.Sleep(200 * time.Millisecond)
	}
	time.Sleep(2 * time.Second)
}

// times returns how often a fault happens: what the variable says, or else few.
func times(t *testing.T, variable string, few int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return few
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s=%q is not a number", variable, text)
	}
	return n
}

// trial is a fault, and who is at work meanwhile.
type trial struct {
	name  string
	do    fault
	times int
	keys  bool // whether calls have keys, and some answers are asked for again
	doors []string
}

// TestSessions protects sessions whose calls have no keys: each call has one answer,
// its effect happens once, and no session is lost, while replicas are replaced, the
// engine is away, and readers stall.
func TestSessions(t *testing.T) {
	f := start(t, true)
	f.header()
	for _, c := range []trial{
		{name: "none", do: idle, times: 1},
		{name: "rolling SIGTERM", do: deploys, times: times(t, "CHAOS_DEPLOYS", 2)},
		{name: "engine down for 1.5 s", do: outages, times: times(t, "CHAOS_OUTAGES", 1)},
		{name: "stalled reader", do: stalls, times: times(t, "CHAOS_STALLS", 3)},
	} {
		c.doors = []string{"2025-11-25", "SSE"}
		f.try(t, c)
	}
}

// TestFaults protects calls with keys: each has one answer and its effect happens
// once, whatever becomes of the replicas.
func TestFaults(t *testing.T) {
	f := start(t, true)
	f.needKeys()
	f.header()
	for _, c := range []trial{
		{name: "none", do: idle, times: 1},
		{name: "SIGKILL", do: kills, times: times(t, "CHAOS_KILLS", 6)},
		{name: "rolling SIGTERM", do: deploys, times: times(t, "CHAOS_DEPLOYS", 0)},
		{name: "SIGSTOP for 7 s", do: pauses, times: times(t, "CHAOS_PAUSES", 0)},
		{name: "engine down for 1.5 s", do: outages, times: times(t, "CHAOS_OUTAGES", 1)},
	} {
		c.keys, c.doors = true, strings.Split(cmp.Or(os.Getenv("CHAOS_DOORS"), "REST,2026-07-28,2025-11-25,SSE"), ",")
		f.try(t, c)
	}
}

func (f *fleet) try(t *testing.T, c trial) {
	if c.times == 0 {
		return
	}
	t.Run(c.name, func(t *testing.T) {
		whole := f.t
		f.t = t
		defer func() { f.t = whole }()
		before := f.quantity(shared)
		f.forgetLedger()
		forget := int64(0)
		if c.keys {
			forget = 10
		}
		w := f.gather(2, c.keys, forget, c.doors...)
		c.do(f, c.times)
		f.check(fmt.Sprintf("%d × %s", c.times, c.name), w.disperse(), before)
	})
}

// header prints the head of the table whose rows check prints.
func (f *fleet) header() {
	fmt.Println("| fault | calls | lost / duplicated / 404 | effects exact | again, p99 | p99.9 |")
	fmt.Println("|---|---|---|---|---|---|")
}

// TestSessionsOfOneReplicaAreLost shows that the checks of sessions can fail.
func TestSessionsOfOneReplicaAreLost(t *testing.T) {
	f := start(t, false)
	w := f.gather(1, false, 0, "2025-11-25", "SSE")
	time.Sleep(time.Second)
	if h := w.disperse(); h.notFound == 0 {
		t.Errorf("replicas that share nothing have lost no session in %d calls", len(h.entries))
	}
}

// TestRetriesWithoutKeysCountTwice shows that the checks of effects can fail.
func TestRetriesWithoutKeysCountTwice(t *testing.T) {
	f := start(t, true)
	w := f.gather(1, false, 2, "REST", "2026-07-28")
	time.Sleep(time.Second)
	h := w.disperse()
	if wrong := f.inexact(h); len(wrong) == 0 || h.counts().duplicated == 0 {
		t.Errorf("calls that were made twice had one effect: %d calls, %d of them answered twice", len(h.entries), h.counts().duplicated)
	}
}

// needKeys ends the test unless adjust_stock takes idempotency keys: without them
// there is no promise to hold against.
func (f *fleet) needKeys() {
	f.t.Helper()
	send := func() *http.Response {
		r, err := http.NewRequestWithContext(f.t.Context(), "POST", f.front+"/api/v1/stock/adjustments",
			strings.NewReader(`{"sku":"SKU-0002","warehouse_id":"default","delta":1,"reason":"restock"}`))
		if err != nil {
			f.t.Fatal(err)
		}
		r.Host = "localhost"
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "the same key")
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			f.t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		return response
	}
	send()
	if response := send(); response.Header.Get("Idempotency-Replayed") != "true" {
		f.t.Skip("adjust_stock takes no idempotency keys, so that no call of it may be tried again")
	}
}
