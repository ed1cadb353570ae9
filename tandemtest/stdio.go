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

// stdioClient calls tools over a pair of pipes, one call at a time.
type stdioClient struct {
	version string
	in      io.Writer
	out     *bufio.Reader

	mu     sync.Mutex
	lastID int64
}

func dialStdio(t testing.TB, svc *tandem.Service, version string, cfg dialConfig) (*stdioClient, error) {
	door, err := newDoor(t, svc)
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
	t.Cleanup(func() {
		clientOut.Close()
		if err := <-served; err != nil {
			t.Errorf("stdio server: %v", err)
		}
	})
	c := &stdioClient{version: version, in: clientOut, out: bufio.NewReader(clientIn)}
	return c, c.initialize()
}

func (c *stdioClient) modern() bool { return c.version >= "2026-07-28" }

// initialize shakes hands where the revision has a handshake.
func (c *stdioClient) initialize() error {
	if c.modern() {
		return nil
	}
	answer, err := c.roundTrip("initialize", initializeParams(c.version))
	if err != nil {
		return err
	}
	if err := checkInitialized(answer, c.version); err != nil {
		return err
	}
	return c.send(encodeRPC(0, "notifications/initialized", nil))
}

func (c *stdioClient) Call(_ context.Context, operation string, arguments json.RawMessage) (Outcome, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var meta []byte
	if c.modern() {
		meta = []byte(modernMeta)
	}
	answer, err := c.roundTrip("tools/call", callParams(operation, arguments, meta))
	if err != nil {
		return Outcome{}, err
	}
	return toolOutcome(answer, true)
}

func (c *stdioClient) roundTrip(method string, params []byte) (rpcMessage, error) {
	c.lastID++
	if err := c.send(encodeRPC(c.lastID, method, params)); err != nil {
		return rpcMessage{}, err
	}
	for {
		line, err := c.out.ReadBytes('\n')
		if err != nil {
			return rpcMessage{}, fmt.Errorf("the server's output ended: %w", err)
		}
		var msg rpcMessage
		if err := json.Unmarshal(line, &msg); err != nil {
			return rpcMessage{}, fmt.Errorf("%w: %s", err, line)
		}
		if msg.Method == "" && msg.ID != nil && *msg.ID == c.lastID {
			return msg, nil
		}
	}
}

func (c *stdioClient) send(message []byte) error {
	_, err := c.in.Write(append(message, '\n'))
	return err
}
