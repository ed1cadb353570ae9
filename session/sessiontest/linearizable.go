package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/tandem-go/tandem/session"
)

// Linearizable has many owners begin and finish calls of the session on the stores,
// while disturb, which runs until its context ends, breaks their connections. What
// came of it must be as if it had been done one after the other.
func Linearizable(t *testing.T, stores []session.Store, sessionID string, disturb func(ctx context.Context)) {
	t.Helper()
	if err := linearizable(t.Context(), stores, sessionID, disturb); err != nil {
		t.Error(err)
	}
}

func linearizable(ctx context.Context, stores []session.Store, sessionID string, disturb func(ctx context.Context)) error {
	h := history{ctx: ctx, session: sessionID, began: time.Now()}
	disturbance, end := context.WithCancel(ctx)
	defer end()
	var disturbing, working sync.WaitGroup
	disturbing.Go(func() { disturb(disturbance) })
	const clients, calls = 6, 50
	for client := range clients {
		working.Go(func() {
			for call := range calls {
				in := callInput{call: fmt.Sprint(call), owner: fmt.Sprint("owner ", call, " ", client)}
				for _, in.final = range []bool{false, false, true, true} {
					h.do(client, stores[client%len(stores)], in)
				}
			}
		})
	}
	working.Wait()
	end()
	disturbing.Wait()
	if err := errors.Join(h.errs...); err != nil {
		return fmt.Errorf("the contract has no such error: %w", err)
	}
	if result := porcupine.CheckOperationsTimeout(callModel.ToModel(), h.steps, patience); result != porcupine.Ok {
		return fmt.Errorf("whether the history of %d steps is linearizable: %v", len(h.steps), result)
	}
	return nil
}

// history is what was done, and what came of it.
type history struct {
	ctx     context.Context
	session string
	began   time.Time

	mu    sync.Mutex
	steps []porcupine.Operation
	errs  []error
}

func (h *history) do(client int, s session.Store, in callInput) {
	called := time.Since(h.began).Nanoseconds()
	out, err := in.attempt(h.ctx, s, h.session)
	returned := time.Since(h.began).Nanoseconds()
	if out.unknown {
		returned = math.MaxInt64 // it may be carried out yet
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.steps = append(h.steps, porcupine.Operation{ClientId: client, Input: in, Call: called, Output: out, Return: returned})
	if err != nil && !errors.Is(err, session.ErrUnavailable) && !errors.Is(err, session.ErrFenced) {
		h.errs = append(h.errs, err)
	}
}

// callInput is a Begin or a final Append of an owner.
type callInput struct {
	call, owner string
	final       bool
}

// callOutput is what came of it; unknown if the engine's reply never came.
type callOutput struct {
	unknown bool
	outcome session.Outcome // of Begin
	owner   string          // whom Begin names
	fenced  bool            // the Append was refused
}

func (in callInput) attempt(ctx context.Context, s session.Store, id string) (callOutput, error) {
	c := session.CallStart{Session: id, Stream: "of " + in.call, Call: in.call, Owner: in.owner}
	if in.final {
		_, err := s.Append(ctx, output(c, true), []byte(in.owner))
		return callOutput{fenced: errors.Is(err, session.ErrFenced), unknown: errors.Is(err, session.ErrUnavailable)}, err
	}
	b, err := s.Begin(ctx, c)
	return callOutput{outcome: b.Outcome, owner: b.Call.Owner, unknown: errors.Is(err, session.ErrUnavailable)}, err
}

// callState is what a call is to those who begin and end it.
type callState struct {
	owner string
	done  bool
}

// step gives the state that follows and what is to come of it.
func (s callState) step(in callInput) (callState, callOutput) {
	switch {
	case in.final && s.owner != in.owner:
		return s, callOutput{fenced: true}
	case in.final:
		return callState{s.owner, true}, callOutput{}
	case s.owner == "":
		return callState{in.owner, false}, callOutput{outcome: session.New, owner: in.owner}
	case s.done:
		return s, callOutput{outcome: session.Finished, owner: s.owner}
	case s.owner == in.owner:
		return s, callOutput{outcome: session.New, owner: s.owner}
	}
	return s, callOutput{outcome: session.Attached, owner: s.owner}
}

var callModel = porcupine.NondeterministicModel{
	Init: func() []any { return []any{callState{}} },
	Step: func(state, input, output any) []any {
		next, want := state.(callState).step(input.(callInput))
		switch output.(callOutput) {
		case callOutput{unknown: true}:
			return []any{state, next}
		case want:
			return []any{next}
		}
		return nil
	},
	Equal: func(a, b any) bool { return a == b },
	Partition: func(history []porcupine.Operation) (parts [][]porcupine.Operation) {
		byCall := map[string][]porcupine.Operation{}
		for _, o := range history {
			call := o.Input.(callInput).call
			byCall[call] = append(byCall[call], o)
		}
		for _, part := range byCall {
			parts = append(parts, part)
		}
		return parts
	},
}
