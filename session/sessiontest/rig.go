package sessiontest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tandem-go/tandem/session"
)

// rig is what a case works with: a first replica, and more of them on demand.
type rig struct {
	session.Store
	ctx      context.Context
	open     func() session.Store
	patience time.Duration
}

// failf ends the case. Only the case's own goroutine may call it.
func (r *rig) failf(format string, args ...any) {
	panic(broken{fmt.Sprintf(format, args...)})
}

func (r *rig) ok(err error, what string) {
	if err != nil {
		r.failf("%s: unexpected error: %v", what, err)
	}
}

func (r *rig) want(err, target error, what string) {
	if !errors.Is(err, target) {
		r.failf("%s: error is %v, want %v", what, err, target)
	}
}

// session creates a session of a principal of its own.
func (r *rig) session() string {
	id := rand.Text()
	r.ok(r.Create(r.ctx, record(id, "principal of "+id)), "Create")
	return id
}

func record(id, principal string) session.Record {
	return session.Record{ID: id, Principal: principal, Transport: session.Streamable}
}

// start is a call with a stream of its own, whose owner is new.
func start(sess, call string) session.CallStart {
	return session.CallStart{
		Session: sess,
		Stream:  "of-" + call,
		Call:    call,
		Hash:    sha256.Sum256([]byte(call)),
		Owner:   rand.Text(),
		Rerun:   []byte("run " + call + " again"),
	}
}

// output is what the call's owner appends.
func output(c session.CallStart, final bool) session.Output {
	return session.Output{Session: c.Session, Stream: c.Stream, Call: c.Call, Owner: c.Owner, Final: final}
}

// begun begins the call and insists on the outcome.
func (r *rig) begun(s session.Store, c session.CallStart, want session.Outcome) session.Call {
	b, err := s.Begin(r.ctx, c)
	r.ok(err, "Begin")
	if b.Outcome != want {
		r.failf("Begin of call %s says it is %v, want %v", c.Call, b.Outcome, want)
	}
	return b.Call
}

// new begins a call on the first replica.
func (r *rig) new(sess, call string) session.CallStart {
	c := start(sess, call)
	r.begun(r.Store, c, session.New)
	return c
}

// append writes as the call's owner.
func (r *rig) append(c session.CallStart, final bool, messages ...string) uint64 {
	n, err := r.Append(r.ctx, output(c, final), texts(messages)...)
	r.ok(err, "Append")
	return n
}

// post writes to the standing stream.
func (r *rig) post(sess string, messages ...string) uint64 {
	n, err := r.Append(r.ctx, session.Output{Session: sess, Stream: session.Standing}, texts(messages)...)
	r.ok(err, "Append to the standing stream")
	return n
}

func texts(messages []string) [][]byte {
	var data [][]byte
	for _, m := range messages {
		data = append(data, []byte(m))
	}
	return data
}

func (r *rig) read(s session.Store, sess, stream string, after uint64, max int) session.Page {
	p, err := s.Read(r.ctx, sess, stream, after, max)
	r.ok(err, fmt.Sprintf("Read of stream %s after %d", stream, after))
	return p
}

// holds insists that the page has these texts, with numbers that follow after.
func (r *rig) holds(p session.Page, after uint64, want ...string) {
	if len(p.Events) != len(want) {
		r.failf("Read after %d gives %d events %s, want %d", after, len(p.Events), show(p.Events), len(want))
	}
	for i, e := range p.Events {
		if e.N != after+uint64(i)+1 || string(e.Data) != want[i] {
			r.failf("Read after %d gives %s, want the texts %q numbered from %d", after, show(p.Events), want, after+1)
		}
	}
}

func show(events []session.Event) string {
	var b []byte
	for _, e := range events {
		b = fmt.Appendf(b, "[%d %.20q]", e.N, e.Data)
	}
	return string(b)
}

// orphan begins a call on a replica that then closes, and waits until the
// first replica knows.
func (r *rig) orphan(sess, call string) session.CallStart {
	dying := r.open()
	c := start(sess, call)
	r.begun(dying, c, session.New)
	r.ok(dying.Close(), "Close")
	r.eventually("Calls reports the closed replica's call as orphaned", func() bool {
		calls, err := r.Calls(r.ctx, sess)
		r.ok(err, "Calls")
		for _, found := range calls {
			if found.ID == call {
				return found.Orphaned
			}
		}
		return false
	})
	return c
}

// eventually polls until the condition holds.
func (r *rig) eventually(what string, holds func() bool) {
	for deadline := time.Now().Add(r.patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.failf("it never came true that %s", what)
		}
	}
}

// comes waits for a wake.
func (r *rig) comes(wake <-chan struct{}, what string) {
	select {
	case <-wake:
	case <-time.After(r.patience):
		r.failf("no wake came %s", what)
	}
}

// parallel runs do n times at once and returns their errors.
func parallel(n int, do func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-gate
			errs[i] = do(i)
		})
	}
	close(gate)
	wg.Wait()
	return errs
}

// winners counts the nil errors, and insists that the others are target.
func (r *rig) winners(errs []error, target error, what string) int {
	n := 0
	for _, err := range errs {
		if err == nil {
			n++
		} else {
			r.want(err, target, what)
		}
	}
	return n
}
