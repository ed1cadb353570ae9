package redisstore

import (
	"context"
	"errors"
	"math"

	"github.com/tandem-go/tandem/session"
)

// Begin implements [session.Log].
func (s *Store) Begin(ctx context.Context, c session.CallStart) (session.Begun, error) {
	if c.Call == "" || c.Stream == "" || c.Owner == "" {
		return session.Begun{}, errors.New("session: CallStart needs Call, Stream and Owner")
	}
	if len(c.Call) > math.MaxUint16 {
		return session.Begun{}, errors.New("redisstore: the id of a call has more than 64 KiB")
	}
	reply, err := s.eval(ctx, &beginScript, s.sessionKey(c.Session), c.Call, c.Stream, string(c.Hash[:]), c.Owner, s.id,
		s.sealRerun(&c), s.options.Limits.CallsPerSession, s.options.expiry().Milliseconds())
	if err != nil {
		return session.Begun{}, err
	}
	if err := reply.failure(); err != nil {
		return session.Begun{}, err
	}
	found := s.call(ctx, c.Session, reply)
	if found.runner != "" {
		// The call has begun or is known, whether or not its runner can be looked after now.
		found.Orphaned, _ = s.dead(ctx, found.runner)
	}
	return session.Begun{Outcome: outcome(reply.status()), Call: found.Call}, nil
}

func outcome(status string) session.Outcome {
	switch status {
	case "new":
		return session.New
	case "attached":
		return session.Attached
	}
	return session.Finished
}

func (s *Store) sealRerun(c *session.CallStart) []byte {
	if c.Rerun == nil {
		return nil
	}
	return s.secrets.seal(c.Rerun, "rerun", c.Session, c.Call)
}

// call is a call with the replica that runs it.
type call struct {
	session.Call
	runner string
}

// call decodes what prelude.lua calls a view.
func (s *Store) call(ctx context.Context, id string, view reply) call {
	c := call{runner: view.text(4), Call: session.Call{
		ID: view.text(1), Stream: view.text(2), Owner: view.text(3),
		After: view.number(5), Final: view.number(6),
	}}
	if done := view.number(7) == 1; done {
		c.runner = ""
		return c
	}
	if sealed := view.text(8); sealed != "" {
		var ok bool
		if c.Rerun, ok = s.secrets.open(sealed, "rerun", id, c.ID); !ok {
			s.options.Logger.WarnContext(ctx, "redisstore: what it takes to run a call again was not written with our secret; the call will not be run again")
		}
	}
	return c
}

// Append implements [session.Log].
func (s *Store) Append(ctx context.Context, o session.Output, messages ...[]byte) (uint64, error) {
	sc, final, call := &appendScript, "", ""
	if o.Owner != "" {
		call = o.Call
	}
	if o.Final && o.Owner != "" {
		sc, final = &answerScript, "1"
	}
	l := &s.options.Limits
	args := make([]any, 0, 11+len(messages))
	args = append(args, call, o.Owner, final, o.Stream, s.channelStart(), wakeMessage(o.Session, ""),
		l.StreamEvents, l.StreamBytes, l.KeepCalls, l.KeepBytes, l.KeepFor.Milliseconds())
	for _, data := range messages {
		args = append(args, encodeEvent(call, data))
	}
	reply, err := s.eval(ctx, sc, s.sessionKey(o.Session), args...)
	if err != nil {
		return 0, err
	}
	return reply.number(1), reply.failure()
}

// encodeEvent puts the call before the data: the length of its id, and the id.
func encodeEvent(call string, data []byte) []byte {
	event := make([]byte, 0, 2+len(call)+len(data))
	event = append(event, byte(len(call)>>8), byte(len(call)))
	event = append(event, call...)
	return append(event, data...)
}

func decodeEvent(n uint64, event string) (session.Event, bool) {
	if len(event) < 2 {
		return session.Event{}, false
	}
	length := int(event[0])<<8 | int(event[1])
	if event = event[2:]; len(event) < length {
		return session.Event{}, false
	}
	return session.Event{N: n, Call: event[:length], Data: []byte(event[length:])}, true
}

// Take implements [session.Log]. That the owner is dead is seen before the swap,
// in another slot: one that rises between the two is fenced like any other.
func (s *Store) Take(ctx context.Context, t session.Takeover) (session.Call, error) {
	if t.Owner == "" {
		return session.Call{}, errors.New("session: Takeover needs Owner")
	}
	reply, err := s.take(ctx, &t, "")
	if err == nil && reply.status() == "runner" {
		var dead bool
		runner := reply.text(1)
		if dead, err = s.dead(ctx, runner); err != nil {
			return session.Call{}, err
		}
		if !dead {
			return session.Call{}, session.ErrFenced
		}
		reply, err = s.take(ctx, &t, runner)
	}
	if err != nil {
		return session.Call{}, err
	}
	return s.call(ctx, t.Session, reply).Call, nil
}

func (s *Store) take(ctx context.Context, t *session.Takeover, runner string) (reply, error) {
	reply, err := s.eval(ctx, &takeScript, s.sessionKey(t.Session), t.Call, t.From, t.Owner, runner, s.id)
	if err == nil {
		err = reply.failure()
	}
	return reply, err
}

// Calls implements [session.Log].
func (s *Store) Calls(ctx context.Context, id string) ([]session.Call, error) {
	flying, err := s.flying(ctx, id)
	if err != nil {
		return nil, err
	}
	dead := map[string]bool{}
	calls := make([]session.Call, 0, len(flying))
	for _, c := range flying {
		if _, known := dead[c.runner]; !known {
			if dead[c.runner], err = s.dead(ctx, c.runner); err != nil {
				return nil, err
			}
		}
		c.Orphaned = dead[c.runner]
		calls = append(calls, c.Call)
	}
	return calls, nil
}

// flying returns the session's calls in flight; of whether they are orphaned it
// says nothing.
func (s *Store) flying(ctx context.Context, id string) ([]call, error) {
	found, err := s.eval(ctx, &callsScript, s.sessionKey(id))
	if err == nil {
		err = found.failure()
	}
	if err != nil {
		return nil, err
	}
	return s.callsIn(ctx, id, found), nil
}

// callsIn decodes what calls.lua returned.
func (s *Store) callsIn(ctx context.Context, id string, found reply) []call {
	var calls []call
	for _, view := range found[1:] {
		view, _ := view.([]any)
		calls = append(calls, s.call(ctx, id, view))
	}
	return calls
}

// Read implements [session.Log].
func (s *Store) Read(ctx context.Context, id, stream string, after uint64, max int) (session.Page, error) {
	reply, err := s.eval(ctx, &readScript, s.sessionKey(id), stream, after, max)
	if err == nil {
		err = reply.failure()
	}
	if err != nil {
		return session.Page{}, err
	}
	p := session.Page{Last: reply.number(1), Ended: reply.number(2) == 1}
	for i := 3; i < len(reply); i++ {
		e, ok := decodeEvent(after+uint64(i-2), reply.text(i))
		if !ok {
			return session.Page{}, session.ErrTrimmed // something else has written to the engine
		}
		p.Events = append(p.Events, e)
	}
	return p, nil
}
