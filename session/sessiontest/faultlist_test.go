package sessiontest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tandem-go/tandem/session"
)

// fault is a way in which a driver may break the contract.
type fault struct {
	name     string
	caughtBy string          // names of the cases that must fail
	limits   *session.Limits // nil for those of the case
	apply    func(*faulty)
}

func faults() []fault {
	return slices.Concat(recordFaults, callFaults, logFaults, wakeFaults)
}

var recordFaults = []fault{{
	name:     "the limits are ignored",
	caughtBy: "cap_per_principal cap_in_all begin_cap trim_events trim_bytes keep_calls keep_bytes keep_for keep_standing sweep_idle",
	limits:   &session.Limits{},
}, {
	name:     "a field is lost",
	caughtBy: "record_round_trip",
	apply: func(f *faulty) {
		f.load = func(ctx context.Context, id string) (session.Record, error) {
			r, err := f.Store.Load(ctx, id)
			r.LogLevel = ""
			return r, err
		}
	},
}, {
	name:     "records are not validated",
	caughtBy: "record_invalid",
	apply: func(f *faulty) {
		f.create = func(ctx context.Context, r session.Record) error {
			r.ID, r.Transport = r.ID+"x", session.SSE
			return f.Store.Create(ctx, r)
		}
	},
}, {
	name:     "Create succeeds for an ID in use",
	caughtBy: "create_exists",
	apply: func(f *faulty) {
		f.create = func(ctx context.Context, r session.Record) error {
			return unless(f.Store.Create(ctx, r), session.ErrExists)
		}
	},
}, {
	name:     "Load counts as a sign of life",
	caughtBy: "sweep_idle",
	apply: func(f *faulty) {
		f.load = func(ctx context.Context, id string) (session.Record, error) {
			if err := f.Store.Touch(ctx, id); err != nil {
				return session.Record{}, err
			}
			return f.Store.Load(ctx, id)
		}
	},
}, {
	name:     "Touch does nothing",
	caughtBy: "sweep_spares_touched not_found closed context",
	apply:    func(f *faulty) { f.touch = func(context.Context, string) error { return nil } },
}, {
	name:     "Update reads and then writes",
	caughtBy: "update_loses_nothing",
	apply: func(f *faulty) {
		f.update = func(ctx context.Context, id string, change func(*session.Record) error) error {
			r, err := f.Store.Load(ctx, id)
			if err != nil {
				return err
			}
			r.Subscriptions = slices.Clone(r.Subscriptions) // the fault is lost updates, not shared memory
			if err := change(&r); err != nil {
				return err
			}
			time.Sleep(time.Millisecond)
			return f.Store.Update(ctx, id, func(stored *session.Record) error {
				*stored = r
				return nil
			})
		}
	},
}, {
	name:     "an abandoned Update is stored",
	caughtBy: "update_abandoned",
	apply: func(f *faulty) {
		f.update = func(ctx context.Context, id string, change func(*session.Record) error) (err error) {
			if stored := f.Store.Update(ctx, id, func(r *session.Record) error { err = change(r); return nil }); stored != nil {
				return stored
			}
			return err
		}
	},
}, {
	name:     "the principal can change",
	caughtBy: "update_bound",
	apply: func(f *faulty) {
		f.update = func(ctx context.Context, id string, change func(*session.Record) error) error {
			return unless(f.Store.Update(ctx, id, change), session.ErrBound)
		}
	},
}, {
	name:     "Delete does nothing",
	caughtBy: "delete delete_once watch_delete signal_deleted",
	apply:    func(f *faulty) { f.delete = func(context.Context, string) error { return nil } },
}, {
	name:     "a replica that closed is not noticed",
	caughtBy: "closed watch_close sweep_spares_running take_race take_fences_zombie take_one_answer take_again signal_not_running",
	apply:    func(f *faulty) { f.close = func() error { return nil } },
}}

var callFaults = []fault{{
	name:     "Begin is always New",
	caughtBy: "begin_outcomes begin_race begin_cap take_fences_zombie",
	apply: beginning(func(_ session.CallStart, b *session.Begun) {
		b.Outcome = session.New
	}),
}, {
	name:     "Begin is Attached to itself",
	caughtBy: "begin_repeated",
	apply: func(f *faulty) {
		f.begin = func(ctx context.Context, c session.CallStart) (session.Begun, error) {
			calls, _ := f.Store.Calls(ctx, c.Session)
			b, err := f.Store.Begin(ctx, c)
			if len(calls) > 0 {
				b.Outcome = session.Attached
			}
			return b, err
		}
	},
}, {
	name:     "the types of JSON-RPC ids are not told apart",
	caughtBy: "begin_key",
	apply: func(f *faulty) {
		f.begin = func(ctx context.Context, c session.CallStart) (session.Begun, error) {
			c.Call = strings.Trim(c.Call, `"`)
			return f.Store.Begin(ctx, c)
		}
	},
}, {
	name:     "the hash is not compared",
	caughtBy: "begin_reused",
	apply: func(f *faulty) {
		f.begin = func(ctx context.Context, c session.CallStart) (session.Begun, error) {
			c.Hash = [32]byte{}
			return f.Store.Begin(ctx, c)
		}
	},
}, {
	name:     "After is not said",
	caughtBy: "begin_after",
	apply:    beginning(func(_ session.CallStart, b *session.Begun) { b.Call.After = 0 }),
}, {
	name:     "calls are not in flight",
	caughtBy: "sweep_spares_running",
	apply: func(f *faulty) {
		f.begin = func(ctx context.Context, c session.CallStart) (session.Begun, error) {
			b, err := f.Store.Begin(ctx, c)
			if err == nil {
				_, err = f.Store.Append(ctx, output(c, true))
			}
			return b, err
		}
	},
}, {
	name:     "Calls loses Rerun",
	caughtBy: "calls",
	apply: func(f *faulty) {
		f.calls = func(ctx context.Context, id string) ([]session.Call, error) {
			calls, err := f.Store.Calls(ctx, id)
			for i := range calls {
				calls[i].Rerun = nil
			}
			return calls, err
		}
	},
}, {
	name:     "orphans of sessions that nobody asks about are not found",
	caughtBy: "orphans",
	apply: func(f *faulty) {
		f.orphan = func(context.Context, int) ([]session.Orphan, error) { return nil, nil }
	},
}, {
	name:     "every taker wins",
	caughtBy: "take_live take_race take_repeated take_finished",
	apply: func(f *faulty) {
		f.take = func(ctx context.Context, t session.Takeover) (session.Call, error) {
			c, err := f.Store.Take(ctx, t)
			return c, unless(err, session.ErrFenced)
		}
	},
}}

var logFaults = []fault{{
	name:     "there is no fence",
	caughtBy: "append_fence append_final take_fences_zombie take_one_answer",
	apply: func(f *faulty) {
		f.append = func(ctx context.Context, o session.Output, m ...[]byte) (uint64, error) {
			n, err := f.Store.Append(ctx, o, m...)
			if errors.Is(err, session.ErrFenced) {
				return f.Store.Append(ctx, session.Output{Session: o.Session, Stream: o.Stream}, m...)
			}
			return n, err
		}
	},
}, {
	name:     "an answer without messages gets one",
	caughtBy: "append_no_answer",
	apply: func(f *faulty) {
		f.append = func(ctx context.Context, o session.Output, m ...[]byte) (uint64, error) {
			if len(m) == 0 {
				m = [][]byte{nil}
			}
			return f.Store.Append(ctx, o, m...)
		}
	},
}, {
	name:     "output goes to the stream that is named",
	caughtBy: "append_stream",
	apply: func(f *faulty) {
		f.append = func(ctx context.Context, o session.Output, m ...[]byte) (uint64, error) {
			return f.Store.Append(ctx, session.Output{Session: o.Session, Stream: o.Stream}, m...)
		}
	},
}, {
	name:     "a message to nowhere is accepted",
	caughtBy: "append_nowhere",
	apply: func(f *faulty) {
		f.append = func(ctx context.Context, o session.Output, m ...[]byte) (uint64, error) {
			n, err := f.Store.Append(ctx, o, m...)
			return n, unless(err, session.ErrNotFound)
		}
	},
}, {
	name:     "messages are appended one by one",
	caughtBy: "append_order",
	apply: func(f *faulty) {
		f.append = func(ctx context.Context, o session.Output, messages ...[]byte) (n uint64, err error) {
			for _, m := range messages {
				if n, err = f.Store.Append(ctx, o, m); err != nil {
					return 0, err
				}
				time.Sleep(time.Microsecond)
			}
			return n, nil
		}
	},
}, {
	name:     "Read includes the event read before",
	caughtBy: "read_resume",
	apply: reading(func(read readFunc, after uint64, max int) (session.Page, error) {
		if after > 0 {
			after--
		}
		return read(after, max)
	}),
}, {
	name:     "bytes are taken for text",
	caughtBy: "read_exact",
	apply: reading(func(read readFunc, after uint64, max int) (session.Page, error) {
		p, err := read(after, max)
		p.Events = slices.Clone(p.Events)
		for i, e := range p.Events {
			p.Events[i].Data = bytes.ToValidUTF8(e.Data, []byte("?"))
		}
		return p, err
	}),
}, {
	name:     "a gap is not reported",
	caughtBy: "read_nothing trim_events trim_bytes keep_calls keep_bytes",
	apply: reading(func(read readFunc, after uint64, max int) (session.Page, error) {
		p, err := read(after, max)
		return p, unless(err, session.ErrTrimmed)
	}),
}, {
	name:     "a stream never ends",
	caughtBy: "append_final append_no_answer read_ended read_nothing",
	apply: reading(func(read readFunc, after uint64, max int) (session.Page, error) {
		p, err := read(after, max)
		p.Ended = false
		return p, err
	}),
}, {
	name:     "a stream ends early",
	caughtBy: "read_ended append_fence watch_never_lost",
	apply: reading(func(read readFunc, after uint64, max int) (session.Page, error) {
		p, err := read(after, max)
		p.Ended = true
		return p, err
	}),
}}

var wakeFaults = []fault{{
	name:     "no wake comes",
	caughtBy: "watch_append watch_never_lost watch_shared watch_unknown watch_delete watch_close sweep_spares_watched",
	apply: func(f *faulty) {
		f.watch = func(string, string, chan<- struct{}) func() { return func() {} }
	},
}, {
	name:     "a watch does not end",
	caughtBy: "sweep_spares_watched",
	apply: func(f *faulty) {
		f.watch = func(id, stream string, wake chan<- struct{}) func() {
			f.Store.Watch(id, stream, wake)
			return func() {}
		}
	},
}, {
	name:     "Append waits for the receiver of its wake",
	caughtBy: "watch_stalled",
	apply: func(f *faulty) {
		var wakes []chan<- struct{}
		f.watch = func(id, stream string, wake chan<- struct{}) func() {
			wakes = append(wakes, wake)
			return func() {}
		}
		f.append = func(ctx context.Context, o session.Output, m ...[]byte) (uint64, error) {
			for _, wake := range wakes {
				select {
				case wake <- struct{}{}:
				case <-ctx.Done():
				}
			}
			return f.Store.Append(ctx, o, m...)
		}
	},
}, {
	name:     "a signal for a call goes to all replicas",
	caughtBy: "signal_call",
	apply: func(f *faulty) {
		f.notify = func(ctx context.Context, s session.Signal) error {
			s.Call = ""
			return f.Store.Notify(ctx, s)
		}
	},
}, {
	name:     "signals get lost",
	caughtBy: "signal_call signal_all signal_no_session signal_order signal_not_running signal_follows_take signal_listeners not_found",
	apply:    func(f *faulty) { f.notify = func(context.Context, session.Signal) error { return nil } },
}, {
	name:     "signals come twice",
	caughtBy: "signal_order",
	apply: func(f *faulty) {
		f.listen = func(handle func(session.Signal)) func() {
			return f.Store.Listen(func(s session.Signal) { handle(s); handle(s) })
		}
	},
}, {
	name:     "a replica has one listener",
	caughtBy: "signal_listeners",
	apply: func(f *faulty) {
		var once sync.Once
		f.listen = func(handle func(session.Signal)) (stop func()) {
			once.Do(func() { stop = f.Store.Listen(handle) })
			return stop
		}
	},
}, {
	name:     "Delete does not tell",
	caughtBy: "signal_deleted",
	apply: func(f *faulty) {
		f.listen = func(handle func(session.Signal)) func() {
			return f.Store.Listen(func(s session.Signal) {
				if s.Kind != session.Deleted {
					handle(s)
				}
			})
		}
	},
}}

// unless hides one error.
func unless(err, hidden error) error {
	if errors.Is(err, hidden) {
		return nil
	}
	return err
}

// beginning spoils what Begin returns.
func beginning(spoil func(session.CallStart, *session.Begun)) func(*faulty) {
	return func(f *faulty) {
		f.begin = func(ctx context.Context, c session.CallStart) (session.Begun, error) {
			b, err := f.Store.Begin(ctx, c)
			spoil(c, &b)
			return b, err
		}
	}
}

type readFunc func(after uint64, max int) (session.Page, error)

// reading spoils Read.
func reading(spoil func(read readFunc, after uint64, max int) (session.Page, error)) func(*faulty) {
	return func(f *faulty) {
		f.read = func(ctx context.Context, id, stream string, after uint64, max int) (session.Page, error) {
			return spoil(func(after uint64, max int) (session.Page, error) {
				return f.Store.Read(ctx, id, stream, after, max)
			}, after, max)
		}
	}
}
