package tandem_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/tandem-go/tandem"
)

// No state but that of the call itself lets the handler past its first question,
// whatever the answers that come with it.
func FuzzState(f *testing.F) {
	op := tandem.Register(tandem.New("asking", "1"), tandem.Operation{Name: "write_off"}, askTwice)
	call := &tandem.Call{Operation: op, Arguments: []byte(`{"pieces":1}`)}
	_, err := op.InvokeResumable(f.Context(), call, tandem.Resume{CanAsk: canAsk})
	var p *tandem.Pending
	if !errors.As(err, &p) {
		f.Fatal(err)
	}
	f.Add(p.State, string(accept(`{"sure":true}`)))
	f.Add(p.State+"x", string(accept(`{"sure":true}`)))
	f.Add(p.State[1:], `{"action":"decline"}`)
	f.Add(p.State+"\n", string(accept(`{"sure":true}`)))
	f.Add("", `7`)
	f.Fuzz(func(t *testing.T, state, answer string) {
		resume := tandem.Resume{State: state, CanAsk: canAsk, Answers: map[string]json.RawMessage{p.Questions[0].ID: json.RawMessage(answer)}}
		_, err := op.InvokeResumable(t.Context(), call, resume)
		switch {
		case state == "" || state == p.State:
		case !errors.Is(err, tandem.ErrBadAnswer):
			t.Errorf("%q was taken for a state: %v", state, err)
		}
	})
}
