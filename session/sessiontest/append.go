package sessiontest

import (
	"errors"
	"fmt"

	"github.com/tandem-go/tandem/session"
)

var appendClauses = []clause{{
	name: "append_fence",
	rule: "An Append with an Owner that does not own the call is ErrFenced, and nothing is written.",
	run: func(r *rig) {
		c := r.new(r.session(), "1")
		r.append(c, false, "mine")
		for what, o := range map[string]session.Output{
			"another owner":  {Session: c.Session, Stream: c.Stream, Call: c.Call, Owner: "zombie"},
			"unknown call":   {Session: c.Session, Stream: c.Stream, Call: "2", Owner: c.Owner},
			"final of other": {Session: c.Session, Stream: c.Stream, Call: c.Call, Owner: "zombie", Final: true},
		} {
			_, err := r.Append(r.ctx, o, []byte("late"))
			r.want(err, session.ErrFenced, what)
		}
		p := r.read(r.Store, c.Session, c.Stream, 0, 9)
		r.holds(p, 0, "mine")
		if p.Ended {
			r.failf("a fenced final Append took the call out of flight")
		}
	},
}, {
	name: "append_final",
	rule: "A final Append takes the call out of flight in the same step; repeated, it writes nothing and returns the first one's number; the owner then writes no more.",
	run: func(r *rig) {
		c := r.new(r.session(), "1")
		n := r.append(c, true, "answer")
		if p := r.read(r.Store, c.Session, c.Stream, 0, 9); !p.Ended {
			r.failf("the stream has not ended with its only call")
		}
		if calls, err := r.Calls(r.ctx, c.Session); err != nil || len(calls) != 0 {
			r.failf("Calls gives %v, %v after the final Append", calls, err)
		}
		if again := r.append(c, true, "answer"); again != n {
			r.failf("the repeated final Append returns %d, the first one returned %d", again, n)
		}
		_, err := r.Append(r.ctx, output(c, false), []byte("late"))
		r.want(err, session.ErrFenced, "Append after the final one")
		r.holds(r.read(r.Store, c.Session, c.Stream, 0, 9), 0, "answer")
	},
}, {
	name: "append_no_answer",
	rule: "A final Append without messages ends the call without an answer: Final is 0, and the stream ends.",
	run: func(r *rig) {
		c := r.new(r.session(), "1")
		r.append(c, false, "progress")
		r.append(c, true)
		if call := r.begun(r.Store, start(c.Session, "1"), session.Finished); call.Final != 0 {
			r.failf("Final is %d for a call without an answer", call.Final)
		}
		if p := r.read(r.Store, c.Session, c.Stream, 1, 9); !p.Ended {
			r.failf("the stream has not ended with its only call")
		}
	},
}, {
	name: "append_stream",
	rule: "A call's output goes to the stream on which it began, and each event names its call; a message that no call is behind names none.",
	run: func(r *rig) {
		c := r.new(r.session(), "1")
		strayed := c
		strayed.Stream = session.Standing
		r.append(strayed, false, "progress")
		r.post(c.Session, "notice")
		p := r.read(r.Store, c.Session, c.Stream, 0, 9)
		r.holds(p, 0, "progress")
		standing := r.read(r.Store, c.Session, session.Standing, 0, 9)
		r.holds(standing, 0, "notice")
		if p.Events[0].Call != "1" || standing.Events[0].Call != "" {
			r.failf("the events are of the calls %q and %q, want \"1\" and none", p.Events[0].Call, standing.Events[0].Call)
		}
	},
}, {
	name: "append_nowhere",
	rule: "A message that no call is behind goes to the standing stream or to one that has a call; any other is ErrNotFound.",
	run: func(r *rig) {
		c := r.new(r.session(), "1")
		_, err := r.Append(r.ctx, session.Output{Session: c.Session, Stream: "nowhere"}, []byte("lost"))
		r.want(err, session.ErrNotFound, "Append to a stream without a call")
		_, err = r.Append(r.ctx, session.Output{Session: c.Session, Stream: c.Stream}, []byte("aside"))
		r.ok(err, "Append to a stream with a call")
	},
}, {
	name: "append_order",
	rule: "Concurrent Appends to a stream are atomic and ordered: numbers have no gaps, the messages of one Append are neighbours, each writer's order is kept, and the number returned is its last event's.",
	run:  appendOrder,
}}

// appendOrder has writers on two replicas append three messages at a time.
func appendOrder(r *rig) {
	stores := []session.Store{r.Store, r.open()}
	id := r.session()
	const writers, each = 8, 15
	var last [writers][each]uint64
	errs := parallel(writers, func(w int) error {
		for i := range each {
			m := func(part int) []byte { return fmt.Appendf(nil, "%d.%d.%d", w, i, part) }
			n, err := stores[w%2].Append(r.ctx, session.Output{Session: id, Stream: session.Standing}, m(0), m(1), m(2))
			if err != nil {
				return err
			}
			last[w][i] = n
		}
		return nil
	})
	r.ok(errors.Join(errs...), "Append")
	p := r.read(stores[1], id, session.Standing, 0, writers*each*3+1)
	if len(p.Events) != writers*each*3 {
		r.failf("%d of %d appended events are in the log", len(p.Events), writers*each*3)
	}
	var next [writers]int
	for at := 0; at < len(p.Events); at += 3 {
		var w, i, part int
		if _, err := fmt.Sscanf(string(p.Events[at].Data), "%d.%d.%d", &w, &i, &part); err != nil || i != next[w] {
			r.failf("event %s comes where writer %d's Append %d should", show(p.Events[at:at+1]), w, next[w])
		}
		next[w]++
		r.holds(session.Page{Events: p.Events[at : at+3]}, uint64(at),
			fmt.Sprintf("%d.%d.0", w, i), fmt.Sprintf("%d.%d.1", w, i), fmt.Sprintf("%d.%d.2", w, i))
		if last[w][i] != uint64(at+3) {
			r.failf("Append returned %d, its last event is %d", last[w][i], at+3)
		}
	}
}
