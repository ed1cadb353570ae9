package health

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-go/tandem"
)

// Component is the state of one managed resource.
type Component struct {
	Status    Status  `json:"status"`
	LatencyMS float64 `json:"latency_ms"`
	// Error is a generic text; the cause is in the log.
	Error string `json:"error,omitempty"`

	cause error
}

var (
	errTimeout = errors.New("the check did not answer in time")
	errBusy    = errors.New("the last check has not answered yet")
)

// component runs the checks of one resource, or of the shared state, one at a time.
type component struct {
	name string
	ping func(context.Context) error
	busy chan struct{} // holds a token while a check runs
}

func newComponent(name string, ping func(context.Context) error) *component {
	return &component{name: name, ping: ping, busy: make(chan struct{}, 1)}
}

// check runs the resource's check until it answers or ctx ends. A check that
// ignores its context keeps its goroutine, so no second one is started beside it.
func (c *component) check(ctx context.Context) Component {
	if c.ping == nil {
		return Component{Status: OK}
	}
	select {
	case c.busy <- struct{}{}:
	default:
		return failed(0, errBusy)
	}
	start := time.Now()
	done := make(chan error, 1)
	go func() {
		defer func() { <-c.busy }()
		done <- recovered(ctx, c.ping)
	}()
	select {
	case err := <-done:
		if err != nil {
			return failed(time.Since(start), err)
		}
		return Component{Status: OK, LatencyMS: milliseconds(time.Since(start))}
	case <-ctx.Done():
		return failed(time.Since(start), errTimeout)
	}
}

func failed(took time.Duration, cause error) Component {
	text := "the check failed; the log has the cause"
	if errors.Is(cause, errTimeout) || errors.Is(cause, errBusy) {
		text = cause.Error()
	}
	return Component{Status: Failing, LatencyMS: milliseconds(took), Error: text, cause: cause}
}

// withCause returns the text for the log, where a public error has its private
// cause beside it.
func withCause(err error) string {
	var public *tandem.Error
	if errors.As(err, &public) && public.Unwrap() != nil {
		return err.Error() + ": " + public.Unwrap().Error()
	}
	return err.Error()
}

// recovered turns a panic of the check into its error.
func recovered(ctx context.Context, ping func(context.Context) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return ping(ctx)
}
