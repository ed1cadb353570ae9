package tandemtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/tandem-go/tandem"
)

// stdioClient calls tools over a pair of pipes.
type stdioClient struct {
	caller
	version string
	answers *answers

	mu sync.Mutex // guards in: a message is a line
	in io.Writer
}

func dialStdio(t testing.TB, base caller, version string, cfg dialConfig) (*stdioClient, error) {
	door, err := newDoor(t, base.svc)
	if err != nil {
		return nil, err
	}
	serverIn, clientOut := io.Pipe()
	clientIn, serverOut := io.Pipe()
	ctx := tandem.WithPrincipal(context.WithoutCancel(t.Context()), cfg.principal)
	served := make(chan error, 1)
	go func() {
		err := door.ServeStdio(ctx, serverIn, serverOut)
		serverOut.CloseWithError(io.EOF)
		served <- err
	}()
	c := &stdioClient{caller: base, version: version, in: clientOut}
	c.answers = readAnswers(lines(clientIn), c.responder(ctx, c.send))
	t.Cleanup(func() {
		clientOut.Close()
		if err := <-served; err != nil {
			t.Errorf("stdio server: %v", err)
		}
		<-c.answers.ended
	})
	return c, c.initialize(t.Context())
}

// lines reads messages that are a line each.
func lines(r io.Reader) func() (rpcMessage, error) {
	buffered := bufio.NewReader(r)
	return func() (msg rpcMessage, err error) {
		line, err := buffered.ReadBytes('\n')
		if err != nil {
			return msg, fmt.Errorf("the server's output ended: %w", err)
		}
		if err := json.Unmarshal(line, &msg); err != nil {
			return msg, fmt.Errorf("%w: %s", err, line)
		}
		return msg, nil
	}
}

func (c *stdioClient) modern() bool { return c.version >= "2026-07-28" }

// initialize shakes hands where the revision has a handshake.
func (c *stdioClient) initialize(ctx context.Context) error {
	if c.modern() {
		return nil
	}
	answer, _, err := c.answers.roundTrip(ctx, c.send, "initialize", c.initializeParams(c.version))
	if err != nil {
		return err
	}
	if err := checkInitialized(answer, c.version); err != nil {
		return err
	}
	return c.send(ctx, encodeRPC(0, "notifications/initialized", nil))
}

func (c *stdioClient) Call(ctx context.Context, operation string, arguments json.RawMessage) (Outcome, error) {
	answer, asked, err := c.call(ctx, operation, arguments)
	if err != nil {
		return Outcome{}, err
	}
	outcome, err := c.toolOutcome(operation, answer, true)
	outcome.Asked = asked
	return outcome, err
}

func (c *stdioClient) call(ctx context.Context, operation string, arguments json.RawMessage) (rpcMessage, []Question, error) {
	if !c.modern() {
		return c.answers.roundTrip(ctx, c.send, "tools/call", callParams(operation, arguments, nil, nil))
	}
	return c.resumed(func(extra []byte) (rpcMessage, error) {
		answer, _, err := c.answers.roundTrip(ctx, c.send, "tools/call", callParams(operation, arguments, c.modernMeta(), extra))
		return answer, err
	})
}

func (c *stdioClient) send(_ context.Context, message []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.in.Write(append(message, '\n'))
	return err
}
