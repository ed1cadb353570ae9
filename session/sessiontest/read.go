package sessiontest

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/tandem-go/tandem/session"
)

var readClauses = []clause{{
	name: "read_resume",
	rule: "Reading on from the number of any event gives exactly the events that follow it, on any replica, in pages of any size.",
	run: func(r *rig) {
		id, other := r.session(), r.open()
		var all []string
		for i := range 12 {
			all = append(all, fmt.Sprintf("message %d", i))
			r.post(id, all[i])
		}
		for after := range len(all) + 1 {
			for max := range len(all) + 2 {
				end := min(after+max, len(all))
				p := r.read(other, id, session.Standing, uint64(after), max)
				r.holds(p, uint64(after), all[after:end]...)
				if p.Last != uint64(len(all)) {
					r.failf("Last is %d in a stream of %d", p.Last, len(all))
				}
			}
		}
	},
}, {
	name: "read_exact",
	rule: "What is read is what was appended, byte for byte, and it does not change afterwards.",
	run: func(r *rig) {
		id := r.session()
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		_, err := r.Append(r.ctx, session.Output{Session: id, Stream: session.Standing}, all, nil, bytes.Repeat(all, 300))
		r.ok(err, "Append")
		p := r.read(r.Store, id, session.Standing, 0, 9)
		for range 20 {
			r.post(id, "more")
		}
		r.ok(r.Delete(r.ctx, id), "Delete")
		r.holds(p, 0, string(all), "", string(bytes.Repeat(all, 300)))
	},
}, {
	name: "read_nothing",
	rule: "A stream that does not exist is empty and ended when read from 0; from any other number it is ErrTrimmed.",
	run: func(r *rig) {
		id := r.session()
		for _, stream := range []string{"unknown", session.Standing} {
			p := r.read(r.Store, id, stream, 0, 9)
			r.holds(p, 0)
			if p.Last != 0 || !p.Ended {
				r.failf("an empty stream reads as %+v", p)
			}
			_, err := r.Read(r.ctx, id, stream, 1, 9)
			r.want(err, session.ErrTrimmed, "Read from 1 of an empty stream")
		}
		r.post(id, "one")
		_, err := r.Read(r.ctx, id, session.Standing, 2, 9)
		r.want(err, session.ErrTrimmed, "Read from 2 of a stream of 1")
	},
}, {
	name: "read_ended",
	rule: "Ended says that no call of the stream is in flight and that the page reaches to its last event.",
	run: func(r *rig) {
		id := r.session()
		one, two := r.new(id, "1"), start(id, "2")
		two.Stream = one.Stream
		r.begun(r.Store, two, session.New)
		r.append(one, true, "first answer")
		if r.read(r.Store, id, one.Stream, 0, 9).Ended {
			r.failf("the stream has ended while its second call is in flight")
		}
		r.append(two, true, "second answer")
		if r.read(r.Store, id, one.Stream, 0, 1).Ended {
			r.failf("a page that does not reach to the last event is said to end the stream")
		}
		for after := range uint64(3) {
			if !r.read(r.Store, id, one.Stream, after, 2).Ended {
				r.failf("the page after %d reaches to the last event of all calls and is not said to end the stream", after)
			}
		}
	},
}, {
	name:   "trim_events",
	rule:   "A stream over its number of events loses the oldest ones: to resume before them is ErrTrimmed, never a gap.",
	limits: session.Limits{StreamEvents: 5},
	run: func(r *rig) {
		id := r.session()
		for i := range 100 {
			r.post(id, fmt.Sprint(i+1))
		}
		r.holds(r.read(r.Store, id, session.Standing, 95, 9), 95, "96", "97", "98", "99", "100")
		r.holds(r.read(r.Store, id, session.Standing, 100, 9), 100)
		for _, after := range []uint64{0, 1, 50, 94} {
			_, err := r.Read(r.ctx, id, session.Standing, after, 9)
			r.want(err, session.ErrTrimmed, fmt.Sprintf("Read after %d, where the log begins at 96", after))
		}
	},
}, {
	name:   "trim_bytes",
	rule:   "A stream over its bytes loses the oldest events, never those of the last Append, however large.",
	limits: session.Limits{StreamBytes: 1000},
	run: func(r *rig) {
		id := r.session()
		some, large := strings.Repeat("x", 400), strings.Repeat("y", 5000)
		r.post(id, some)
		r.post(id, some)
		r.post(id, some)
		_, err := r.Read(r.ctx, id, session.Standing, 0, 9)
		r.want(err, session.ErrTrimmed, "Read from the start of a log of 1200 bytes, where 1000 are kept")
		r.holds(r.read(r.Store, id, session.Standing, 1, 9), 1, some, some)
		r.post(id, large, large)
		r.holds(r.read(r.Store, id, session.Standing, 3, 9), 3, large, large)
	},
}}
