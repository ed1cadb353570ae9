package oidctest

import (
	"bufio"
	"bytes"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/tandem-go/tandem/internal/nodetools"
)

const (
	patience  = time.Minute // how long a loaded machine may take for one step
	leastNode = 22          // what oidc-provider needs
)

//go:embed provider.mjs
var script []byte

// child is the process of a server. It answers each line with a line.
type child struct {
	command *exec.Cmd
	stderr  bytes.Buffer // to be read after the end
	ended   chan struct{}

	mu      sync.Mutex // held for one question and its answer
	stdin   io.WriteCloser
	answers chan []byte // closed at the end of the output
}

func start(tb testing.TB, scopes []string) (*Server, error) {
	path := filepath.Join(tb.TempDir(), "provider.mjs")
	if err := os.WriteFile(path, script, 0o600); err != nil {
		return nil, err
	}
	library := nodetools.File(tb, "oidc-provider/lib/index.js")
	c, err := launch(nodetools.Script(tb.Context(), tb, leastNode, path, library))
	if err != nil {
		return nil, err
	}
	tb.Cleanup(func() {
		if err := c.close(); err != nil {
			tb.Errorf("stop the authorization server: %v", err)
		}
	})
	return greet(c, scopes)
}

// launch starts the process.
func launch(command *exec.Cmd) (*child, error) {
	c := &child{command: command, ended: make(chan struct{}), answers: make(chan []byte)}
	command.Cancel = func() error { return nil } // the end of its input ends it
	command.Stderr = &c.stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.stdin = stdin
	if err := command.Start(); err != nil {
		return nil, err
	}
	go c.read(stdout)
	return c, nil
}

// greet tells the process what it needs to know and learns where it listens.
func greet(c *child, scopes []string) (*Server, error) {
	s := &Server{secret: rand.Text(), child: c}
	told, err := json.Marshal(map[string]any{"scopes": scopes, "secret": s.secret})
	if err != nil {
		return nil, err
	}
	var hello struct {
		Issuer string `json:"issuer"`
	}
	err = c.ask(string(told), &hello)
	s.issuer = hello.Issuer
	return s, err
}

// read passes the lines of the process on until it ends.
func (c *child) read(stdout io.Reader) {
	defer close(c.ended)
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		c.answers <- bytes.Clone(lines.Bytes())
	}
	close(c.answers)
	_ = c.command.Wait() // what is wrong is in the text of stderr
}

// ask sends a line and stores the answer; nil discards it.
func (c *child) ask(question string, answer any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := io.WriteString(c.stdin, question+"\n"); err != nil {
		return err
	}
	select {
	case line, ok := <-c.answers:
		if !ok {
			<-c.ended
			return fmt.Errorf("it ended:\n%s", c.stderr.Bytes())
		}
		if answer == nil {
			return nil
		}
		return json.Unmarshal(line, answer)
	case <-time.After(patience):
		return errors.New("it did not answer in time")
	}
}

// close ends the process by the end of its input, or kills it.
func (c *child) close() error {
	_ = c.stdin.Close() // it may have ended by itself
	go func() {
		for range c.answers { // nobody asks for them any more
		}
	}()
	select {
	case <-c.ended:
		return nil
	case <-time.After(patience):
		return errors.Join(errors.New("it did not end in time and was killed"), c.command.Process.Kill())
	}
}
