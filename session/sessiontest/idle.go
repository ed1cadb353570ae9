package sessiontest

import (
	"time"

	"github.com/tandem-go/tandem/session"
)

// The cases of idleness pass real time, since engines have clocks of their
// own. They judge only what no delay of this process can make wrong.
const idleAfter = time.Second

var idleClauses = []clause{{
	name:   "sweep_idle",
	rule:   "Sweep deletes a session that has shown no sign of life for IdleAfter, and says how many; to Load it is no sign of life.",
	limits: session.Limits{IdleAfter: idleAfter},
	run: func(r *rig) {
		id := r.session()
		swept := 0
		r.eventually("a session that is only loaded is swept", func() bool {
			n, err := r.Sweep(r.ctx)
			r.ok(err, "Sweep")
			swept += n
			_, err = r.Load(r.ctx, id)
			return err != nil
		})
		if swept != 1 {
			r.failf("Sweep says that it deleted %d sessions, want 1", swept)
		}
	},
}, {
	name:   "sweep_spares_touched",
	rule:   "Touch is a sign of life, and Begin is one.",
	limits: session.Limits{IdleAfter: idleAfter},
	run:    sweepSparesTouched,
}, {
	name:   "sweep_spares_watched",
	rule:   "A session that is watched is not idle, whichever replica sweeps; it is once the watch has ended.",
	limits: session.Limits{IdleAfter: idleAfter},
	run: func(r *rig) {
		id, other := r.session(), r.open()
		stop := r.Watch(id, session.Standing, make(chan struct{}, 1))
		r.outlives(id, "a watch", r.Store, other)
		stop()
		r.swept(id, "after its watch ended")
	},
}, {
	name:   "sweep_spares_running",
	rule:   "A session with a call in flight is not idle while the call's owner lives; with an orphaned call alone it is.",
	limits: session.Limits{IdleAfter: idleAfter},
	run: func(r *rig) {
		id, owner := r.session(), r.open()
		r.begun(owner, start(id, "1"), session.New)
		r.outlives(id, "a call in flight", r.Store, owner)
		r.ok(owner.Close(), "Close")
		r.swept(id, "after the owner of its call died")
	},
}}

// outlives sweeps by every replica until a bare session, as old, is gone.
func (r *rig) outlives(id, why string, replicas ...session.Store) {
	bare := r.session()
	r.eventually("an idle session is swept", func() bool {
		for _, s := range replicas {
			_, err := s.Sweep(r.ctx)
			r.ok(err, "Sweep")
		}
		_, err := r.Load(r.ctx, bare)
		return err != nil
	})
	_, err := r.Load(r.ctx, id)
	r.ok(err, "Load of a session with "+why+" after an idle one was swept")
}

func (r *rig) swept(id, when string) {
	r.eventually("the session is swept "+when, func() bool {
		_, err := r.Sweep(r.ctx)
		r.ok(err, "Sweep")
		_, err = r.Load(r.ctx, id)
		return err != nil
	})
}

// sweepSparesTouched keeps two sessions alive, each by another sign, for
// longer than IdleAfter. A pause of this process ends the case early.
func sweepSparesTouched(r *rig) {
	touched, called := r.session(), r.session()
	c := r.new(called, "1")
	r.append(c, true, "answer")
	for began := time.Now(); time.Since(began) < idleAfter*3/2; time.Sleep(idleAfter / 20) {
		before := time.Now()
		r.ok(r.Touch(r.ctx, touched), "Touch")
		r.begun(r.Store, c, session.Finished)
		_, err := r.Sweep(r.ctx)
		r.ok(err, "Sweep")
		for sign, id := range map[string]string{"Touch": touched, "Begin": called} {
			_, err := r.Load(r.ctx, id)
			if time.Since(before) >= idleAfter/2 {
				return
			}
			r.ok(err, "Load right after "+sign)
		}
	}
}
