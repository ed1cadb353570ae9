package sessiontest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strconv"

	"github.com/tandem-go/tandem/session"
)

var recordClauses = []clause{{
	name: "record_round_trip",
	rule: "Load returns, on every replica, the record as it was created, with Created and LastSeen set by the store.",
	run:  recordRoundTrip,
}, {
	name: "record_invalid",
	rule: "A record without an ID or with an unknown transport is refused.",
	run: func(r *rig) {
		for _, bad := range []session.Record{{Transport: session.SSE}, {ID: rand.Text()}, {ID: rand.Text(), Transport: "smoke"}} {
			if r.Create(r.ctx, bad) == nil {
				r.failf("Create stored %+v", bad)
			}
		}
	},
}, {
	name: "create_exists",
	rule: "Of concurrent Creates of one ID exactly one succeeds; the others are ErrExists.",
	run: func(r *rig) {
		stores := []session.Store{r.Store, r.open()}
		id := rand.Text()
		errs := parallel(16, func(i int) error { return stores[i%2].Create(r.ctx, record(id, strconv.Itoa(i))) })
		if n := r.winners(errs, session.ErrExists, "Create"); n != 1 {
			r.failf("%d of 16 Creates of one ID succeeded", n)
		}
	},
}, {
	name:   "cap_per_principal",
	rule:   "One session too many for its principal is ErrTooMany, however many are created at once; a deleted one frees its place.",
	limits: session.Limits{SessionsPerPrincipal: 3, Sessions: 100},
	run:    func(r *rig) { caps(r, session.ErrTooMany, func(int) string { return "the same" }) },
}, {
	name:   "cap_in_all",
	rule:   "One session too many in all is ErrFull, however many are created at once; a deleted one frees its place.",
	limits: session.Limits{SessionsPerPrincipal: 100, Sessions: 3},
	run:    func(r *rig) { caps(r, session.ErrFull, func(i int) string { return strconv.Itoa(i) }) },
}, {
	name: "update_loses_nothing",
	rule: "Update is a compare-and-swap: no concurrent update is lost.",
	run:  updateLosesNothing,
}, {
	name: "update_abandoned",
	rule: "An error of change is returned as it is, and what change did to its copy is not stored.",
	run:  updateAbandoned,
}, {
	name: "update_bound",
	rule: "ID, Principal, Transport and Created are bound for the session's life: ErrBound, and nothing is stored.",
	run:  updateBound,
}, {
	name: "not_found",
	rule: "A session that does not exist is ErrNotFound, for every method.",
	run: func(r *rig) {
		for name, err := range everyMethod(r.ctx, r.Store, rand.Text()) {
			r.want(err, session.ErrNotFound, name)
		}
	},
}, {
	name: "closed",
	rule: "After Close every method returns ErrClosed; the other replicas keep the state; Close may be repeated.",
	run: func(r *rig) {
		id, other := r.session(), r.open()
		r.ok(r.Close(), "Close")
		r.ok(r.Close(), "second Close")
		for name, err := range everyMethod(r.ctx, r.Store, id) {
			r.want(err, session.ErrClosed, name)
		}
		_, err := r.Sweep(r.ctx)
		r.want(err, session.ErrClosed, "Sweep")
		r.want(r.Create(r.ctx, record(rand.Text(), "p")), session.ErrClosed, "Create")
		_, err = r.Orphans(r.ctx, 1)
		r.want(err, session.ErrClosed, "Orphans")
		_, err = other.Load(r.ctx, id)
		r.ok(err, "Load by the other replica")
	},
}, {
	name: "context",
	rule: "A method heeds its context.",
	run: func(r *rig) {
		id := r.session()
		ctx, cancel := context.WithCancel(r.ctx)
		cancel()
		for name, err := range everyMethod(ctx, r.Store, id) {
			r.want(err, context.Canceled, name)
		}
	},
}, {
	name: "delete",
	rule: "Delete removes the session, its calls and its logs, on every replica; its owners get ErrNotFound; its ID is free and starts empty.",
	run:  deletes,
}, {
	name: "delete_once",
	rule: "Of concurrent Deletes of one session exactly one succeeds; the others are ErrNotFound.",
	run: func(r *rig) {
		stores := []session.Store{r.Store, r.open()}
		id := r.session()
		errs := parallel(8, func(i int) error { return stores[i%2].Delete(r.ctx, id) })
		if n := r.winners(errs, session.ErrNotFound, "Delete"); n != 1 {
			r.failf("%d of 8 Deletes succeeded", n)
		}
	},
}}

// everyMethod calls each method that names one session.
func everyMethod(ctx context.Context, s session.Store, id string) map[string]error {
	_, load := s.Load(ctx, id)
	_, begin := s.Begin(ctx, start(id, "1"))
	_, post := s.Append(ctx, session.Output{Session: id, Stream: session.Standing}, []byte("{}"))
	_, fenced := s.Append(ctx, output(start(id, "1"), true), []byte("{}"))
	_, take := s.Take(ctx, session.Takeover{Session: id, Call: "1", From: "a", Owner: "b"})
	_, calls := s.Calls(ctx, id)
	_, read := s.Read(ctx, id, session.Standing, 0, 1)
	return map[string]error{
		"Load": load, "Begin": begin, "Append": post, "fenced Append": fenced, "Take": take, "Calls": calls, "Read": read,
		"Update": s.Update(ctx, id, func(*session.Record) error { return nil }),
		"Touch":  s.Touch(ctx, id),
		"Notify": s.Notify(ctx, session.Signal{Session: id, Kind: "k"}),
		"Delete": s.Delete(ctx, id),
	}
}

func recordRoundTrip(r *rig) {
	in := session.Record{
		ID: rand.Text(), Principal: "https://issuer\x00alice", Transport: session.SSE, ProtocolVersion: "2024-11-05",
		ClientInfo: json.RawMessage(`{"name":"c","version":"9007199254740993"}`), Capabilities: json.RawMessage(`{"roots":{}}`),
		Initialized: true, LogLevel: "warning", Subscriptions: []string{"stock://a", "stock://b"},
		Extra: map[string]json.RawMessage{"door": json.RawMessage(`[1,{"a":null}]`)},
	}
	r.ok(r.Create(r.ctx, in), "Create")
	for _, s := range []session.Store{r.Store, r.open()} {
		out, err := s.Load(r.ctx, in.ID)
		r.ok(err, "Load")
		if out.Created.IsZero() || out.LastSeen.Before(out.Created) {
			r.failf("Created is %v and LastSeen %v", out.Created, out.LastSeen)
		}
		out.Created, out.LastSeen = in.Created, in.LastSeen
		want, _ := json.Marshal(in)
		if got, _ := json.Marshal(out); !bytes.Equal(got, want) {
			r.failf("Load gives %s, want %s", got, want)
		}
	}
}

// caps creates 12 sessions at once under a cap of 3.
func caps(r *rig, full error, principal func(i int) string) {
	stores := []session.Store{r.Store, r.open()}
	ids := make([]string, 12)
	errs := parallel(len(ids), func(i int) error {
		ids[i] = rand.Text()
		return stores[i%2].Create(r.ctx, record(ids[i], principal(i)))
	})
	if n := r.winners(errs, full, "Create over the cap"); n != 3 {
		r.failf("%d sessions were created under a cap of 3", n)
	}
	id := ids[slices.Index(errs, nil)]
	r.want(r.Create(r.ctx, record(id, principal(0))), session.ErrExists, "Create of an ID in use while the cap is reached")
	r.ok(r.Delete(r.ctx, id), "Delete")
	r.ok(r.Create(r.ctx, record(rand.Text(), principal(0))), "Create after a Delete")
	r.want(r.Create(r.ctx, record(rand.Text(), principal(0))), full, "Create after the place was taken again")
}

func updateLosesNothing(r *rig) {
	stores := []session.Store{r.Store, r.open()}
	id := r.session()
	const writers, each = 8, 10
	errs := parallel(writers, func(w int) error {
		for i := range each {
			err := stores[w%2].Update(r.ctx, id, func(rec *session.Record) error {
				rec.Subscriptions = append(rec.Subscriptions, strconv.Itoa(w*each+i))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	r.ok(errors.Join(errs...), "Update")
	rec, err := r.Load(r.ctx, id)
	r.ok(err, "Load")
	slices.Sort(rec.Subscriptions)
	if n := len(slices.Compact(rec.Subscriptions)); n != writers*each {
		r.failf("of %d updates that succeeded, %d are in the record", writers*each, n)
	}
}

func updateAbandoned(r *rig) {
	id := r.session()
	r.ok(r.Update(r.ctx, id, func(rec *session.Record) error {
		rec.Subscriptions = []string{"kept"}
		rec.Extra = map[string]json.RawMessage{"k": json.RawMessage(`"kept"`)}
		return nil
	}), "Update")
	mine := errors.New("not today")
	err := r.Update(r.ctx, id, func(rec *session.Record) error {
		rec.LogLevel, rec.Subscriptions[0], rec.Extra["k"] = "debug", "spoilt", json.RawMessage(`"spoilt"`)
		return mine
	})
	if err != mine {
		r.failf("Update returned %v, not the error of change", err)
	}
	rec, err := r.Load(r.ctx, id)
	r.ok(err, "Load")
	if rec.LogLevel != "" || rec.Subscriptions[0] != "kept" || string(rec.Extra["k"]) != `"kept"` {
		r.failf("an abandoned update left %+v", rec)
	}
}

func updateBound(r *rig) {
	id := r.session()
	was, err := r.Load(r.ctx, id)
	r.ok(err, "Load")
	for what, change := range map[string]func(*session.Record){
		"ID":        func(rec *session.Record) { rec.ID += "x" },
		"Principal": func(rec *session.Record) { rec.Principal = "mallory" },
		"Transport": func(rec *session.Record) { rec.Transport = session.SSE },
		"Created":   func(rec *session.Record) { rec.Created = rec.Created.AddDate(1, 0, 0) },
	} {
		err := r.Update(r.ctx, id, func(rec *session.Record) error {
			rec.LogLevel = "debug"
			change(rec)
			return nil
		})
		r.want(err, session.ErrBound, "Update that changes "+what)
	}
	rec, err := r.Load(r.ctx, id)
	r.ok(err, "Load")
	if rec.Principal != was.Principal || rec.Transport != was.Transport || !rec.Created.Equal(was.Created) || rec.LogLevel != "" {
		r.failf("a refused update left %+v", rec)
	}
}

func deletes(r *rig) {
	id, other := r.session(), r.open()
	running, finished := r.new(id, "1"), r.new(id, "2")
	r.append(finished, true, "answer")
	r.post(id, "notice")
	r.ok(other.Delete(r.ctx, id), "Delete")
	for _, s := range []session.Store{r.Store, other} {
		_, err := s.Append(r.ctx, output(running, true), []byte("late"))
		r.want(err, session.ErrNotFound, "Append by the owner of a call of a deleted session")
		_, err = s.Read(r.ctx, id, session.Standing, 0, 9)
		r.want(err, session.ErrNotFound, "Read in a deleted session")
	}
	r.ok(r.Create(r.ctx, record(id, "someone else")), "Create with the ID of a deleted session")
	r.holds(r.read(other, id, session.Standing, 0, 9), 0)
	r.holds(r.read(other, id, finished.Stream, 0, 9), 0)
	r.begun(other, start(id, "2"), session.New)
}
