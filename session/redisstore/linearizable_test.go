package redisstore_test

import (
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/tandem-go/tandem/internal/redistest"
	"github.com/tandem-go/tandem/session"
)

// callState is what a call is to those who begin and end it.
type callState struct {
	owner string
	done  bool
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
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byCall := map[string][]porcupine.Operation{}
		for _, o := range history {
			call := o.Input.(callInput).call
			byCall[call] = append(byCall[call], o)
		}
		var parts [][]porcupine.Operation
		for _, part := range byCall {
			parts = append(parts, part)
		}
		return parts
	},
}

// Begins and final Appends of many owners, on two replicas whose connections break
// all the time, come out as if they had been done one after the other.
func TestLinearizable(t *testing.T) {
	server := redistest.Start(t)
	o := options()
	proxies := []*redistest.Proxy{redistest.StartProxy(t, server.Addr()), redistest.StartProxy(t, server.Addr())}
	stores := []session.Store{open(t, server.URLAt(proxies[0].Addr()), o), open(t, server.URLAt(proxies[1].Addr()), o)}
	id := create(t, open(t, server.URL(), o))

	var mu sync.Mutex
	var history []porcupine.Operation
	began := time.Now()
	do := func(client int, in callInput) {
		called := time.Since(began).Nanoseconds()
		out := attempt(t, stores[client%2], id, in)
		returned := time.Since(began).Nanoseconds()
		if out.unknown {
			returned = math.MaxInt64 // it may be carried out yet
		}
		mu.Lock()
		defer mu.Unlock()
		history = append(history, porcupine.Operation{ClientId: client, Input: in, Call: called, Output: out, Return: returned})
	}
	const clients, calls = 6, 50
	end := make(chan struct{})
	var cutting, working sync.WaitGroup
	cutting.Go(func() { cutAll(proxies, end) })
	for client := range clients {
		working.Go(func() {
			for call := range calls {
				in := callInput{call: fmt.Sprint(call), owner: fmt.Sprint("owner ", call, " ", client)}
				do(client, in)
				do(client, in)
				in.final = true
				do(client, in)
				do(client, in)
			}
		})
	}
	working.Wait()
	close(end)
	cutting.Wait()
	if result := porcupine.CheckOperationsTimeout(callModel.ToModel(), history, patience); result != porcupine.Ok {
		t.Errorf("the history of %d steps is %v", len(history), result)
	}
}

func attempt(t *testing.T, s session.Store, id string, in callInput) callOutput {
	c := session.CallStart{Session: id, Stream: "of " + in.call, Call: in.call, Owner: in.owner}
	if in.final {
		_, err := s.Append(t.Context(), output(c, true), []byte(in.owner))
		return callOutput{fenced: errors.Is(err, session.ErrFenced), unknown: unknown(t, err)}
	}
	b, err := s.Begin(t.Context(), c)
	if unknown(t, err) {
		return callOutput{unknown: true}
	}
	return callOutput{outcome: b.Outcome, owner: b.Call.Owner}
}

func unknown(t *testing.T, err error) bool {
	if err != nil && !errors.Is(err, session.ErrUnavailable) && !errors.Is(err, session.ErrFenced) {
		t.Error(err)
	}
	return errors.Is(err, session.ErrUnavailable)
}

func cutAll(proxies []*redistest.Proxy, end <-chan struct{}) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-end:
			return
		case <-tick.C:
			for _, p := range proxies {
				p.Cut()
			}
		}
	}
}
