package sessiontest

import (
	"crypto/sha256"
	"errors"

	"github.com/tandem-go/tandem/session"
)

var beginClauses = []clause{{
	name: "begin_outcomes",
	rule: "(Session, Call) is an idempotency key: New once, then Attached to the stream that has the output, then Finished with the number of the answer.",
	run:  beginOutcomes,
}, {
	name: "begin_key",
	rule: "The JSON-RPC ids 1 and \"1\" are different calls, and so is the same id in another session.",
	run: func(r *rig) {
		id, other := r.session(), r.session()
		r.new(id, `1`)
		r.new(id, `"1"`)
		r.new(other, `1`)
	},
}, {
	name: "begin_reused",
	rule: "A known key with another Hash is ErrReused, in flight and finished.",
	run: func(r *rig) {
		c := r.new(r.session(), "1")
		forged := start(c.Session, "1")
		forged.Hash = sha256.Sum256([]byte("another request"))
		_, err := r.Begin(r.ctx, forged)
		r.want(err, session.ErrReused, "Begin of another request while the call is in flight")
		r.append(c, true, "answer")
		_, err = r.open().Begin(r.ctx, forged)
		r.want(err, session.ErrReused, "Begin of another request after the call finished")
	},
}, {
	name:   "begin_repeated",
	rule:   "Begin is idempotent on Owner: after an ambiguous reply the same Begin is New again, and counts as one call.",
	limits: session.Limits{CallsPerSession: 1},
	run: func(r *rig) {
		c := r.new(r.session(), "1")
		r.append(c, false, "progress")
		if call := r.begun(r.Store, c, session.New); call.After != 0 || call.Owner != c.Owner {
			r.failf("the repeated Begin gives %+v, want the first one's call", call)
		}
		if calls, err := r.Calls(r.ctx, c.Session); err != nil || len(calls) != 1 {
			r.failf("Calls gives %v, %v after a repeated Begin, want one call", calls, err)
		}
		r.append(c, true, "answer")
		r.begun(r.Store, c, session.Finished)
	},
}, {
	name: "begin_race",
	rule: "Of concurrent Begins of one call with different owners exactly one is New, and the others are Attached to its owner and stream.",
	run:  beginRace,
}, {
	name:   "begin_cap",
	rule:   "One call in flight too many for the session is ErrTooMany, however many begin at once; a finished one frees its place.",
	limits: session.Limits{CallsPerSession: 3},
	run:    beginCap,
}, {
	name: "begin_after",
	rule: "Call.After is the number of the stream's last event when the call began: its output follows.",
	run: func(r *rig) {
		id := r.session()
		r.post(id, "one", "two")
		c := start(id, "1")
		c.Stream = session.Standing
		if call := r.begun(r.Store, c, session.New); call.After != 2 {
			r.failf("After is %d on a stream of 2 events", call.After)
		}
		r.append(c, true, "answer")
		call := r.begun(r.Store, start(id, "1"), session.Finished)
		if call.After != 2 || call.Final != 3 || call.Stream != session.Standing {
			r.failf("the finished call is %+v, want After 2, Final 3 and the standing stream", call)
		}
	},
}, {
	name: "calls",
	rule: "Calls returns the session's calls in flight, with Rerun, and no finished one; an owner that lives is not orphaned.",
	run: func(r *rig) {
		id, other := r.session(), r.open()
		c := r.new(id, "1")
		r.append(r.new(id, "2"), true, "answer")
		calls, err := other.Calls(r.ctx, id)
		r.ok(err, "Calls")
		if len(calls) != 1 {
			r.failf("Calls gives %+v, want the one in flight", calls)
		}
		if got := calls[0]; got.ID != c.Call || got.Stream != c.Stream || got.Owner != c.Owner || string(got.Rerun) != string(c.Rerun) || got.Orphaned || got.Final != 0 {
			r.failf("Calls gives %+v for %+v", got, c)
		}
	},
}}

func beginOutcomes(r *rig) {
	c, other := r.new(r.session(), "1"), r.open()
	again := start(c.Session, "1")
	again.Stream = "elsewhere"
	if call := r.begun(other, again, session.Attached); call.Stream != c.Stream || call.Owner != c.Owner {
		r.failf("attached to %+v, want the stream and the owner of %+v", call, c)
	}
	r.append(c, false, "progress")
	n := r.append(c, true, "answer")
	call := r.begun(other, again, session.Finished)
	if call.Final != n || call.Stream != c.Stream {
		r.failf("the finished call is %+v, want Final %d in stream %s", call, n, c.Stream)
	}
	r.holds(r.read(other, c.Session, call.Stream, call.After, 9), 0, "progress", "answer")
}

func beginRace(r *rig) {
	stores := []session.Store{r.Store, r.open()}
	id := r.session()
	const n = 16
	var begun [n]session.Begun
	errs := parallel(n, func(i int) (err error) {
		c := start(id, "1")
		c.Stream = c.Owner
		begun[i], err = stores[i%2].Begin(r.ctx, c)
		return err
	})
	r.ok(errors.Join(errs...), "Begin")
	news := 0
	for _, b := range begun {
		if b.Outcome == session.New {
			news++
		}
		if b.Call.Owner != begun[0].Call.Owner || b.Call.Stream != begun[0].Call.Stream {
			r.failf("two Begins of one call speak of different owners or streams: %+v and %+v", b.Call, begun[0].Call)
		}
	}
	if news != 1 {
		r.failf("%d of %d Begins of one call are New", news, n)
	}
}

func beginCap(r *rig) {
	stores := []session.Store{r.Store, r.open()}
	id := r.session()
	calls := make([]session.CallStart, 12)
	errs := parallel(len(calls), func(i int) error {
		calls[i] = start(id, string(rune('a'+i)))
		_, err := stores[i%2].Begin(r.ctx, calls[i])
		return err
	})
	if n := r.winners(errs, session.ErrTooMany, "Begin over the cap"); n != 3 {
		r.failf("%d calls began under a cap of 3", n)
	}
	for i, err := range errs {
		if err == nil {
			r.begun(r.Store, start(id, calls[i].Call), session.Attached)
			r.append(calls[i], true, "answer")
			break
		}
	}
	r.new(id, "one more")
}
