package tandemtest

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
)

// newWaiting returns a service whose operation wait says that it runs, then waits
// until it is cancelled, and whose operation name returns its argument.
func newWaiting() (svc *tandem.Service, running, stopped chan struct{}) {
	running, stopped = make(chan struct{}, 1), make(chan struct{}, 1)
	svc = tandem.New("waiting", "1.0.0")
	tandem.Register(svc, tandem.Operation{Name: "wait"}, func(ctx context.Context, _ struct{}) (struct{}, error) {
		running <- struct{}{}
		<-ctx.Done()
		stopped <- struct{}{}
		return struct{}{}, ctx.Err()
	})
	type name struct {
		Name string `json:"name"`
	}
	tandem.Register(svc, tandem.Operation{Name: "name"}, func(_ context.Context, in name) (name, error) { return in, nil })
	return svc, running, stopped
}

// The end of its ctx ends a call, at the client and at the service, and leaves the
// client fit for the next one.
func TestCallEndsWithContext(t *testing.T) {
	for _, transport := range Transports() {
		t.Run(string(transport), func(t *testing.T) {
			svc, running, stopped := newWaiting()
			client := Dial(t, svc, transport)
			ctx, cancel := context.WithCancel(t.Context())
			go func() {
				<-running
				cancel()
			}()
			if _, err := client.Call(ctx, "wait", json.RawMessage(`{}`)); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want that it was cancelled", err)
			}
			select {
			case <-stopped:
			case <-time.After(10 * time.Second):
				t.Error("the operation goes on")
			}
			outcome, err := client.Call(t.Context(), "name", json.RawMessage(`{"name":"Ada"}`))
			if err != nil || string(outcome.Result) != `{"name":"Ada"}` {
				t.Errorf("the next call: %s, %v", outcome.Result, err)
			}
		})
	}
}

// Calls of one client may overlap, and each gets its own answer.
func TestCallsOverlap(t *testing.T) {
	for _, transport := range Transports() {
		t.Run(string(transport), func(t *testing.T) {
			svc, _, _ := newWaiting()
			client := Dial(t, svc, transport)
			var all sync.WaitGroup
			for _, arguments := range []string{`{"name":"Ada"}`, `{"name":"Bob"}`, `{"name":"Cyd"}`, `{"name":"Dan"}`} {
				all.Go(func() {
					outcome, err := client.Call(t.Context(), "name", json.RawMessage(arguments))
					if err != nil || string(outcome.Result) != arguments {
						t.Errorf("%s: got %s, %v", arguments, outcome.Result, err)
					}
				})
			}
			all.Wait()
		})
	}
}
