package mcp

import (
	"math"
	"strconv"
	"sync"

	"github.com/tandem-go/tandem"
)

// progress turns reports into notifications, 2026-07-28, section "Progress": the
// value grows with each, and none comes after the answer.
type progress struct {
	token  []byte // raw, echoed as it came
	notify func(notification []byte)

	mu      sync.Mutex
	begun   bool
	last    float64
	stopped bool
}

// report sends the update, unless it would not be progress. Several goroutines
// may call it.
func (p *progress) report(u tandem.ProgressUpdate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped || !isFinite(u.Done) || p.begun && u.Done <= p.last {
		return
	}
	p.begun, p.last = true, u.Done
	p.notify(p.notification(u))
}

// stop ends the reports; when it returns none is under way.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
}

func (p *progress) notification(u tandem.ProgressUpdate) []byte {
	b := append([]byte(nil), `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":`...)
	b = append(append(b, p.token...), `,"progress":`...)
	b = strconv.AppendFloat(b, u.Done, 'f', -1, 64)
	if u.Total > 0 && isFinite(u.Total) {
		b = strconv.AppendFloat(append(b, `,"total":`...), u.Total, 'f', -1, 64)
	}
	if u.Message != "" {
		b = appendString(append(b, `,"message":`...), []byte(u.Message))
	}
	return append(b, "}}"...)
}

func isFinite(f float64) bool { return !math.IsInf(f, 0) && !math.IsNaN(f) }
