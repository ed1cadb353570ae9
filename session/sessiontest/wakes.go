package sessiontest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/tandem-go/tandem/session"
)

var watchClauses = []clause{{
	name: "watch_append",
	rule: "An event appended after Watch returned is followed by a wake, on every replica.",
	run: func(r *rig) {
		c, other := r.new(r.session(), "1"), r.open()
		here, there := make(chan struct{}, 1), make(chan struct{}, 1)
		defer r.Watch(c.Session, c.Stream, here)()
		defer other.Watch(c.Session, c.Stream, there)()
		for i := range 3 {
			drain(here)
			drain(there)
			r.append(c, i == 2, "message")
			r.comes(here, "on the replica that appended")
			r.comes(there, "on another replica")
		}
	},
}, {
	name: "watch_never_lost",
	rule: "A reader that watches first, reads to the end and then waits for a wake misses nothing, whatever is appended meanwhile.",
	run:  watchNeverLost,
}, {
	name: "watch_shared",
	rule: "One channel may serve many watches; a watch that has ended, even twice, leaves the others.",
	run: func(r *rig) {
		id := r.session()
		c := r.new(id, "1")
		wake := make(chan struct{}, 1)
		defer r.Watch(id, session.Standing, wake)()
		stop := r.Watch(id, c.Stream, wake)
		r.append(c, false, "message")
		r.comes(wake, "for the first of two streams")
		stop()
		stop()
		drain(wake)
		r.post(id, "message")
		r.comes(wake, "for the second of two streams")
	},
}, {
	name: "watch_stalled",
	rule: "A wake does not wait for its receiver: a reader that has stalled blocks nobody.",
	run: func(r *rig) {
		id := r.session()
		defer r.Watch(id, session.Standing, make(chan struct{}))()
		done := make(chan error, 1)
		go func() {
			_, err := r.Append(r.ctx, session.Output{Session: id, Stream: session.Standing}, []byte("message"))
			done <- err
		}()
		select {
		case err := <-done:
			r.ok(err, "Append")
		case <-time.After(r.patience):
			r.failf("Append waits for a reader that does not receive its wake")
		}
	},
}, {
	name: "watch_unknown",
	rule: "A watch on a session that does not exist wakes at once.",
	run: func(r *rig) {
		wake := make(chan struct{}, 1)
		defer r.Watch(rand.Text(), session.Standing, wake)()
		r.comes(wake, "for an unknown session")
	},
}, {
	name: "watch_delete",
	rule: "The watches of a deleted session wake, on every replica and on every stream, so that tailers find it gone.",
	run: func(r *rig) {
		c, other := r.new(r.session(), "1"), r.open()
		here, there := make(chan struct{}, 1), make(chan struct{}, 1)
		defer r.Watch(c.Session, session.Standing, here)()
		defer other.Watch(c.Session, c.Stream, there)()
		drain(here)
		drain(there)
		r.ok(r.Delete(r.ctx, c.Session), "Delete")
		r.comes(here, "on the replica that deleted")
		r.comes(there, "on another replica")
		r.eventually("the tailer finds the session gone", func() bool {
			_, err := other.Read(r.ctx, c.Session, c.Stream, 0, 9)
			return errors.Is(err, session.ErrNotFound)
		})
	},
}, {
	name: "watch_close",
	rule: "The watches of a replica that closes wake.",
	run: func(r *rig) {
		wake := make(chan struct{}, 1)
		defer r.Watch(r.session(), session.Standing, wake)()
		drain(wake)
		r.ok(r.Close(), "Close")
		r.comes(wake, "when the replica closed")
	},
}}

// drain empties the channel, as a reader does that is about to look.
func drain(wake <-chan struct{}) {
	select {
	case <-wake:
	default:
	}
}

// watchNeverLost has readers that know no tick tail a stream on two replicas
// while it is written to.
func watchNeverLost(r *rig) {
	stores := []session.Store{r.Store, r.open()}
	c := r.new(r.session(), "1")
	const messages, readers = 300, 4
	errs := parallel(readers+1, func(i int) error {
		if i < readers {
			return r.tail(stores[i%2], c, messages)
		}
		for n := range messages {
			if n%20 == 0 {
				time.Sleep(time.Millisecond) // let the readers reach the end and wait
			}
			if _, err := r.Append(r.ctx, output(c, n == messages-1), []byte(strconv.Itoa(n+1))); err != nil {
				return err
			}
		}
		return nil
	})
	r.ok(errors.Join(errs...), "tailing")
}

// tail reads the stream to its end.
func (r *rig) tail(s session.Store, c session.CallStart, want uint64) error {
	wake := make(chan struct{}, 1)
	defer s.Watch(c.Session, c.Stream, wake)()
	var after uint64
	for {
		p, err := s.Read(r.ctx, c.Session, c.Stream, after, 7)
		if err != nil {
			return err
		}
		for _, e := range p.Events {
			if after++; e.N != after || string(e.Data) != strconv.FormatUint(after, 10) {
				return fmt.Errorf("event %d %q comes after event %d", e.N, e.Data, after-1)
			}
		}
		if p.Ended {
			if after != want {
				return fmt.Errorf("the stream is said to have ended at %d of %d", after, want)
			}
			return nil
		}
		if len(p.Events) > 0 {
			continue
		}
		select {
		case <-wake:
		case <-time.After(r.patience):
			return fmt.Errorf("the reader at event %d waited for a wake in vain", after)
		}
	}
}
