package tandem

import (
	"context"
	"encoding/json"
)

// Call is one invocation on its way from a door to a handler. Arguments and Meta
// are valid until Invoke returns: a door may use their memory again. Who keeps
// them longer, keeps a copy.
type Call struct {
	Operation *Registered
	Door      Doors // the one door through which it came; zero for none
	// Arguments is the arguments object as it was received: JSON of any quality,
	// not yet validated. Interceptors may read but not change the bytes.
	Arguments []byte
	// Invalid is what the door has already found wrong while it bound the
	// arguments. Such a call is authorized like any other and then refused, with
	// this and with what the validation finds.
	Invalid []FieldError
	// Started, if not nil, is called when the arguments are valid, right before
	// the handler runs: what fails until then has had no effect. Doors open their
	// streams by it.
	Started func()
	// Repair lets numbers, booleans, arrays and objects in the arguments come as
	// strings, as language models write them, where the schema takes no string. The
	// bytes of Arguments stay as they came.
	Repair bool
	// Repaired is how many values came so in a call that was valid but for that;
	// it is set before the handler runs.
	Repaired int
	// Meta is the _meta object of an MCP request; nil if there was none.
	Meta json.RawMessage
	// IdempotencyKey is the caller's name for this call: the header Idempotency-Key,
	// or "io.github.tandem-go/idempotency-key" in Meta; empty for none. Tries of one
	// call have the same.
	IdempotencyKey string
	// Completing is the argument whose values are to be suggested; empty for a call
	// proper. A completion passes the same interceptors, but its Arguments are none
	// and its handler does not run.
	Completing string

	complete func(ctx context.Context) error // in place of the handler; nil for a call proper
}

// Result is what an operation returned.
type Result struct {
	// JSON is the encoded output; nil where the operation has none.
	JSON json.RawMessage
	// Blocks are the output where it is content and not JSON.
	Blocks Blocks
	// Messages are the output of a prompt.
	Messages []Message
	// Replayed says that this is what an earlier try of the call returned, which
	// had the same [Call.IdempotencyKey].
	Replayed bool
}

// Invoker carries out a call. Its error always reaches the caller as an
// *[Error]: anything else is turned into one at the outermost layer.
type Invoker func(ctx context.Context, call *Call) (Result, error)

// Interceptor wraps an invoker, around every operation of a service
// ([Service.Use], [Service.Observe]) or around one ([Operation.Interceptors]).
// It is not composed per call, but whenever an operation or an interceptor is
// added; it must not call the service's own methods while it is composed.
type Interceptor func(next Invoker) Invoker

// compose wraps inner so that the first interceptor is outermost.
func compose(inner Invoker, interceptors ...Interceptor) Invoker {
	for i := len(interceptors) - 1; i >= 0; i-- {
		inner = interceptors[i](inner)
	}
	return inner
}
