package securitytest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// stdioClient speaks to the program on a pair of pipes. Whoever started it needs
// no credentials.
type stdioClient struct {
	testing testing.TB
	in      io.Writer
	lines   chan string
}

func openStdio(t testing.TB, w *world, _ credentials) (conversation, outcome) {
	in, toServer := io.Pipe()
	fromServer, out := io.Pipe()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		err := w.server.ServeStdio(ctx, in, out)
		_ = out.Close() // a pipe's Close returns nil
		ended <- err
	}()
	c := &stdioClient{testing: t, in: toServer, lines: make(chan string, 64)}
	go c.read(fromServer)
	t.Cleanup(func() {
		w.ledger.finish()
		_ = toServer.Close()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("stdio: %v", err)
			}
		case <-time.After(patience):
			t.Error("stdio did not end")
		}
		cancel()
	})
	o := c.request(credentials{}, "initialize", initialize(rev20251125))
	if !o.ok() {
		return nil, o
	}
	c.write(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	return c, o
}

func (c *stdioClient) read(r io.Reader) {
	defer close(c.lines)
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if strings.TrimSpace(line) != "" {
			c.lines <- line
		}
		if err != nil {
			return
		}
	}
}

func (c *stdioClient) write(line string) {
	if _, err := io.WriteString(c.in, line+"\n"); err != nil {
		c.testing.Errorf("stdio: %v", err)
	}
}

func (c *stdioClient) call(by credentials, operation, arguments string) outcome {
	return c.request(by, "tools/call", callParams(operation, arguments))
}

func (c *stdioClient) request(_ credentials, method, params string) outcome {
	body, id := newMessage(method, params)
	return c.say(body, fmt.Sprintf(`"id":%d`, id))
}

func (c *stdioClient) raw(_ credentials, operation, arguments, rest string) outcome {
	body, id := newMessage("tools/call", callParams(operation, arguments))
	return c.say(body+rest, fmt.Sprintf(`"id":%d`, id))
}

// say sends a line and waits for the answer that contains the text, or one to a
// message whose id could not be read.
func (c *stdioClient) say(line, mark string) outcome {
	c.write(line)
	end := time.After(patience)
	for {
		select {
		case answer, ok := <-c.lines:
			if !ok {
				c.testing.Error("stdio ended")
				return outcome{}
			}
			if strings.Contains(answer, mark) || strings.Contains(answer, `"id":null`) {
				return readMessage(outcome{status: http.StatusOK, body: answer})
			}
		case <-end:
			c.testing.Errorf("no answer came over stdio for %.100s", line)
			return outcome{}
		}
	}
}
