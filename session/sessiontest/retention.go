package sessiontest

import (
	"fmt"
	"strings"
	"time"

	"github.com/tandem-go/tandem/session"
)

var retentionClauses = []clause{{
	name:   "keep_calls",
	rule:   "Of the finished calls KeepCalls are kept; older ones are forgotten with their streams, calls in flight never.",
	limits: session.Limits{KeepCalls: 3},
	run: func(r *rig) {
		id := r.session()
		running := r.new(id, "running")
		r.append(running, false, "progress")
		var calls []session.CallStart
		for i := range 10 {
			calls = append(calls, r.new(id, fmt.Sprint(i)))
			r.append(calls[i], true, "answer")
		}
		for _, c := range calls[7:] {
			r.begun(r.Store, start(id, c.Call), session.Finished)
			r.holds(r.read(r.Store, id, c.Stream, 0, 9), 0, "answer")
		}
		_, err := r.Read(r.ctx, id, calls[0].Stream, 1, 9)
		r.want(err, session.ErrTrimmed, "Read in the stream of a forgotten call")
		r.begun(r.Store, start(id, calls[0].Call), session.New)
		r.begun(r.Store, start(id, running.Call), session.Attached)
		r.holds(r.read(r.Store, id, running.Stream, 0, 9), 0, "progress")
	},
}, {
	name:   "keep_bytes",
	rule:   "The streams of finished calls are kept up to KeepBytes, oldest forgotten first; the newest answer is kept however large.",
	limits: session.Limits{KeepBytes: 1000},
	run: func(r *rig) {
		id := r.session()
		some, large := strings.Repeat("x", 400), strings.Repeat("y", 5000)
		one, two, three, four := r.new(id, "1"), r.new(id, "2"), r.new(id, "3"), r.new(id, "4")
		r.append(one, true, some)
		r.append(two, true, some)
		r.holds(r.read(r.Store, id, one.Stream, 0, 9), 0, some)
		r.append(three, true, some)
		_, err := r.Read(r.ctx, id, one.Stream, 1, 9)
		r.want(err, session.ErrTrimmed, "Read of the oldest of 1200 bytes, where 1000 are kept")
		r.holds(r.read(r.Store, id, two.Stream, 0, 9), 0, some)
		r.append(four, true, large)
		r.holds(r.read(r.Store, id, four.Stream, 0, 9), 0, large)
	},
}, {
	name:   "keep_for",
	rule:   "A finished call is kept for KeepFor; then Sweep forgets it, even the only one of its session.",
	limits: session.Limits{KeepFor: time.Second},
	run: func(r *rig) {
		c := r.new(r.session(), "1")
		before := time.Now()
		r.append(c, true, "answer")
		_, err := r.Sweep(r.ctx)
		r.ok(err, "Sweep")
		page, err := r.Read(r.ctx, c.Session, c.Stream, 0, 9)
		if time.Since(before) < time.Second {
			r.ok(err, "Read right after the final Append")
			r.holds(page, 0, "answer")
		}
		r.eventually("a finished call is forgotten after KeepFor", func() bool {
			_, err := r.Sweep(r.ctx)
			r.ok(err, "Sweep")
			_, err = r.Read(r.ctx, c.Session, c.Stream, 1, 9)
			return err != nil
		})
		r.begun(r.Store, start(c.Session, "1"), session.New)
	},
}, {
	name:   "keep_standing",
	rule:   "The standing stream lives as long as its session: calls on it are forgotten, their output stays in the log.",
	limits: session.Limits{KeepCalls: 1, KeepBytes: 10},
	run: func(r *rig) {
		id := r.session()
		var want []string
		for i := range 4 {
			c := start(id, fmt.Sprint(i))
			c.Stream = session.Standing
			r.begun(r.Store, c, session.New)
			want = append(want, fmt.Sprintf("answer number %d", i))
			r.append(c, true, want[i])
		}
		r.holds(r.read(r.Store, id, session.Standing, 0, 9), 0, want...)
		r.begun(r.Store, start(id, "3"), session.Finished)
		r.begun(r.Store, start(id, "0"), session.New)
	},
}}
