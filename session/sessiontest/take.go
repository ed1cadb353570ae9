package sessiontest

import (
	"crypto/rand"
	"errors"
	"strconv"

	"github.com/tandem-go/tandem/session"
)

var takeClauses = []clause{{
	name: "take_live",
	rule: "A call whose owner lives cannot be taken.",
	run: func(r *rig) {
		c := r.new(r.session(), "1")
		_, err := r.open().Take(r.ctx, takeover(c))
		r.want(err, session.ErrFenced, "Take from a live owner")
		r.append(c, true, "answer")
	},
}, {
	name: "take_race",
	rule: "Of concurrent takers of an orphaned call exactly one wins; it gets the call with Rerun, and owns it.",
	run:  takeRace,
}, {
	name: "take_fences_zombie",
	rule: "After a take-over the former owner's writes are refused, its final one too, and its repeated Begin is not New.",
	run: func(r *rig) {
		dead := r.orphan(r.session(), "1")
		alive := r.taken(dead)
		_, err := r.Append(r.ctx, output(dead, false), []byte("late"))
		r.want(err, session.ErrFenced, "Append of the former owner")
		_, err = r.Append(r.ctx, output(dead, true), []byte("late"))
		r.want(err, session.ErrFenced, "final Append of the former owner")
		r.begun(r.Store, dead, session.Attached)
		r.append(alive, true, "answer")
		r.holds(r.read(r.Store, dead.Session, dead.Stream, 0, 9), 0, "answer")
		_, err = r.Append(r.ctx, output(dead, true), []byte("late"))
		r.want(err, session.ErrFenced, "final Append of the former owner after the new one's")
	},
}, {
	name: "take_one_answer",
	rule: "A dead owner's late answer and its taker's answer race: exactly one of them is in the log.",
	run:  takeOneAnswer,
}, {
	name: "take_repeated",
	rule: "Take is idempotent on Owner; another taker that saw the former owner is too late; the call is orphaned no more.",
	run: func(r *rig) {
		dead := r.orphan(r.session(), "1")
		t := takeover(dead)
		for range 2 {
			call, err := r.Take(r.ctx, t)
			r.ok(err, "Take")
			if call.Owner != t.Owner || call.Orphaned {
				r.failf("Take gives %+v, want the owner %s, not orphaned", call, t.Owner)
			}
		}
		_, err := r.Take(r.ctx, takeover(dead))
		r.want(err, session.ErrFenced, "Take from an owner that was taken from before")
		calls, err := r.Calls(r.ctx, dead.Session)
		r.ok(err, "Calls")
		if len(calls) != 1 || calls[0].Orphaned || calls[0].Owner != t.Owner {
			r.failf("Calls gives %+v, want the one call with its new owner", calls)
		}
	},
}, {
	name: "take_finished",
	rule: "A call that is not in flight cannot be taken.",
	run: func(r *rig) {
		dead := r.orphan(r.session(), "1")
		r.append(dead, true, "answered before anybody took it")
		_, err := r.Take(r.ctx, takeover(dead))
		r.want(err, session.ErrFenced, "Take of a finished call")
		_, err = r.Take(r.ctx, takeover(start(dead.Session, "unknown")))
		r.want(err, session.ErrFenced, "Take of an unknown call")
	},
}, {
	name: "take_again",
	rule: "A call whose taker dies too is orphaned again, and can be taken again.",
	run: func(r *rig) {
		c, second := r.orphan(r.session(), "1"), r.open()
		t := takeover(c)
		_, err := second.Take(r.ctx, t)
		r.ok(err, "Take")
		r.ok(second.Close(), "Close")
		c.Owner = t.Owner
		r.eventually("a call is taken from a taker that died", func() bool {
			_, err := r.Take(r.ctx, takeover(c))
			return err == nil
		})
	},
}, {
	name: "orphans",
	rule: "Orphans returns the calls in flight whose owner is dead, of all sessions, at most max; one that was taken or has finished is none.",
	run:  orphans,
}}

func orphans(r *rig) {
	r.new(r.session(), "of a live owner")
	one, two := r.orphan(r.session(), "1"), r.orphan(r.session(), "2")
	r.eventually("Orphans has both orphaned calls", func() bool { return len(r.orphans(9)) == 2 })
	for _, o := range r.orphans(9) {
		want := one
		if o.Session == two.Session {
			want = two
		}
		if o.Session != want.Session || o.Call.ID != want.Call || o.Call.Owner != want.Owner || o.Call.Stream != want.Stream || !o.Call.Orphaned || string(o.Call.Rerun) != string(want.Rerun) {
			r.failf("Orphans has %+v, want the call %+v", o, want)
		}
	}
	if n := len(r.orphans(1)); n != 1 {
		r.failf("Orphans gives %d calls where 1 is asked for", n)
	}
	r.taken(one)
	r.append(two, true, "answer")
	if left := r.orphans(9); len(left) != 0 {
		r.failf("Orphans has %+v after one call was taken and the other finished", left)
	}
}

func (r *rig) orphans(max int) []session.Orphan {
	found, err := r.Orphans(r.ctx, max)
	r.ok(err, "Orphans")
	return found
}

// takeover takes the call from its owner for a new one.
func takeover(c session.CallStart) session.Takeover {
	return session.Takeover{Session: c.Session, Call: c.Call, From: c.Owner, Owner: rand.Text()}
}

// taken takes the call for the first replica and returns it with its new owner.
func (r *rig) taken(c session.CallStart) session.CallStart {
	t := takeover(c)
	_, err := r.Take(r.ctx, t)
	r.ok(err, "Take")
	c.Owner = t.Owner
	return c
}

func takeRace(r *rig) {
	stores := []session.Store{r.Store, r.open()}
	dead := r.orphan(r.session(), "1")
	const n = 16
	var calls [n]session.Call
	errs := parallel(n, func(i int) (err error) {
		calls[i], err = stores[i%2].Take(r.ctx, takeover(dead))
		return err
	})
	if n := r.winners(errs, session.ErrFenced, "Take"); n != 1 {
		r.failf("%d takers of one call won", n)
	}
	for i, err := range errs {
		if err != nil {
			continue
		}
		if string(calls[i].Rerun) != string(dead.Rerun) || calls[i].Stream != dead.Stream || calls[i].ID != dead.Call {
			r.failf("the winner got %+v of %+v", calls[i], dead)
		}
		dead.Owner = calls[i].Owner
		r.append(dead, true, "answer")
	}
}

func takeOneAnswer(r *rig) {
	id, other := r.session(), r.open()
	for round := range 10 {
		dead := r.orphan(id, strconv.Itoa(round))
		errs := parallel(2, func(i int) error {
			if i == 0 {
				_, err := other.Append(r.ctx, output(dead, true), []byte("the dead one's"))
				return err
			}
			t := takeover(dead)
			if _, err := r.Take(r.ctx, t); err != nil {
				return err
			}
			alive := dead
			alive.Owner = t.Owner
			_, err := r.Append(r.ctx, output(alive, true), []byte("the taker's"))
			return err
		})
		if n := r.winners(errs, session.ErrFenced, "an answer"); n != 1 {
			r.failf("%d answers were accepted: %v", n, errors.Join(errs...))
		}
		if p := r.read(r.Store, id, dead.Stream, 0, 9); len(p.Events) != 1 {
			r.failf("the log has the answers %s", show(p.Events))
		}
	}
}
