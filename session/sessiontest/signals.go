package sessiontest

import (
	"fmt"
	"time"

	"github.com/tandem-go/tandem/session"
)

var signalClauses = []clause{{
	name: "signal_call",
	rule: "A signal for a call arrives at the replica that runs it, as it was sent, and at no other.",
	run: func(r *rig) {
		c, other := r.new(r.session(), "1"), r.open()
		here, there := r.listen(r.Store), r.listen(other)
		sent := session.Signal{Session: c.Session, Call: c.Call, Kind: "cancel", Payload: []byte(`{"reason":"\u0000"}`)}
		r.ok(other.Notify(r.ctx, sent), "Notify")
		r.arrives(here, sent)
		// A sender's signals keep their order: what comes first there was not for here.
		all := session.Signal{Session: c.Session, Kind: "all"}
		r.ok(other.Notify(r.ctx, all), "Notify")
		r.arrives(there, all)
	},
}, {
	name: "signal_all",
	rule: "A signal without a call arrives at every replica, the sender's included.",
	run: func(r *rig) {
		id, other := r.session(), r.open()
		here, there := r.listen(r.Store), r.listen(other)
		sent := session.Signal{Session: id, Kind: "changed", Payload: []byte("1")}
		r.ok(r.Notify(r.ctx, sent), "Notify")
		r.arrives(here, sent)
		r.arrives(there, sent)
	},
}, {
	name: "signal_no_session",
	rule: "A signal without a session arrives at every replica, the sender's included.",
	run: func(r *rig) {
		other := r.open()
		here, there := r.listen(r.Store), r.listen(other)
		sent := session.Signal{Kind: "changed", Payload: []byte("1")}
		r.ok(r.Notify(r.ctx, sent), "Notify")
		r.arrives(here, sent)
		r.arrives(there, sent)
	},
}, {
	name: "signal_order",
	rule: "A sender's signals arrive in order, each at most once.",
	run: func(r *rig) {
		c, other := r.new(r.session(), "1"), r.open()
		got := r.listen(r.Store)
		for i := range 50 {
			r.ok(other.Notify(r.ctx, session.Signal{Session: c.Session, Call: c.Call, Kind: fmt.Sprint(i)}), "Notify")
		}
		for i := range 50 {
			r.arrives(got, session.Signal{Session: c.Session, Call: c.Call, Kind: fmt.Sprint(i)})
		}
	},
}, {
	name: "signal_not_running",
	rule: "A signal for a call that is not in flight on a live replica is ErrNotRunning.",
	run: func(r *rig) {
		id := r.session()
		finished, dead := r.new(id, "1"), r.orphan(id, "2")
		r.append(finished, true, "answer")
		for _, call := range []string{finished.Call, dead.Call, "unknown"} {
			err := r.Notify(r.ctx, session.Signal{Session: id, Call: call, Kind: "cancel"})
			r.want(err, session.ErrNotRunning, "Notify of call "+call)
		}
	},
}, {
	name: "signal_follows_take",
	rule: "After a take-over the call's signals arrive at the taker.",
	run: func(r *rig) {
		c := r.taken(r.orphan(r.session(), "1"))
		got := r.listen(r.Store)
		sent := session.Signal{Session: c.Session, Call: c.Call, Kind: "cancel"}
		r.ok(r.open().Notify(r.ctx, sent), "Notify")
		r.arrives(got, sent)
	},
}, {
	name: "signal_deleted",
	rule: "Delete sends every replica's listeners a signal of kind Deleted, so that whoever runs a call of the session cancels it.",
	run: func(r *rig) {
		id, other := r.session(), r.open()
		here, there := r.listen(r.Store), r.listen(other)
		r.ok(r.Delete(r.ctx, id), "Delete")
		r.arrives(here, session.Signal{Session: id, Kind: session.Deleted})
		r.arrives(there, session.Signal{Session: id, Kind: session.Deleted})
	},
}, {
	name: "signal_listeners",
	rule: "A replica may have several listeners; one that has ended, even twice, leaves the others.",
	run: func(r *rig) {
		id := r.session()
		ended := make(chan session.Signal, 99)
		stop := r.Listen(func(s session.Signal) { ended <- s })
		got := r.listen(r.Store)
		first := session.Signal{Session: id, Kind: "first"}
		r.ok(r.Notify(r.ctx, first), "Notify")
		r.arrives(got, first)
		r.arrives(ended, first)
		stop()
		stop()
		second := session.Signal{Session: id, Kind: "second"}
		r.ok(r.Notify(r.ctx, second), "Notify")
		r.arrives(got, second)
	},
}}

// listen returns the replica's signals, for as long as the case runs.
func (r *rig) listen(s session.Store) <-chan session.Signal {
	got := make(chan session.Signal, 99)
	s.Listen(func(sig session.Signal) {
		select {
		case got <- sig:
		default: // more than any case sends
		}
	})
	return got
}

// arrives insists that this is the next signal.
func (r *rig) arrives(got <-chan session.Signal, want session.Signal) {
	select {
	case s := <-got:
		if s.Session != want.Session || s.Call != want.Call || s.Kind != want.Kind || string(s.Payload) != string(want.Payload) {
			r.failf("the signal %+v arrived, want %+v", s, want)
		}
	case <-time.After(r.patience):
		r.failf("the signal %+v never arrived", want)
	}
}
