package redisstore_test

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-go/tandem/internal/redistest"
	"github.com/tandem-go/tandem/session"
	"github.com/tandem-go/tandem/session/redisstore"
)

// childEnv has what a replica in a process of its own is to work on: URL, prefix,
// session. Such a process begins a call, says so, and answers the call when it
// is told to.
const childEnv = "REDISSTORE_TEST_CHILD"

func childMain(work string) error {
	fields := strings.Fields(work)
	o := options()
	o.Prefix, o.AliveFor = fields[1], childAliveFor
	ctx := context.Background()
	s, err := redisstore.Open(ctx, fields[0], o)
	if err != nil {
		return err
	}
	c := start(fields[2], "1")
	if _, err := s.Begin(ctx, c); err != nil {
		return err
	}
	fmt.Println(c.Owner)
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	_, err = s.Append(ctx, output(c, true), []byte("the child's"))
	fmt.Println(err)
	return nil
}

const childAliveFor = 500 * time.Millisecond

// child is a replica in a process of its own.
type child struct {
	cmd   *exec.Cmd
	in    io.Writer
	out   *bufio.Scanner
	owner string
}

func startChild(t *testing.T, url, prefix, id string) *child {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{cmd: exec.Command(program)}
	c.cmd.Env = append(os.Environ(), childEnv+"="+url+" "+prefix+" "+id)
	c.cmd.Stderr = os.Stderr
	in, errIn := c.cmd.StdinPipe()
	out, errOut := c.cmd.StdoutPipe()
	if err := errors.Join(errIn, errOut, c.cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill() // it may have ended
		_ = c.cmd.Wait()
	})
	c.in, c.out = in, bufio.NewScanner(out)
	c.owner = c.line(t)
	return c
}

func (c *child) line(t *testing.T) string {
	t.Helper()
	if !c.out.Scan() {
		t.Fatalf("the child said nothing: %v", c.out.Err())
	}
	return c.out.Text()
}

func (c *child) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// takeOrphan takes the one call that is orphaned and answers it.
func takeOrphan(t *testing.T, s session.Store, owner string) {
	t.Helper()
	var found []session.Orphan
	began := time.Now()
	eventually(t, "a dead process leaves an orphan", func() bool {
		var err error
		found, err = s.Orphans(t.Context(), 9)
		return err == nil && len(found) == 1
	})
	t.Logf("found after %v", time.Since(began))
	o := found[0]
	if o.Call.Owner != owner {
		t.Fatalf("the orphan is %+v, not of owner %s", o, owner)
	}
	mine := rand.Text()
	if _, err := s.Take(t.Context(), session.Takeover{Session: o.Session, Call: o.Call.ID, From: owner, Owner: mine}); err != nil {
		t.Fatal(err)
	}
	taken := session.Output{Session: o.Session, Call: o.Call.ID, Owner: mine, Final: true}
	if _, err := s.Append(t.Context(), taken, []byte("the taker's")); err != nil {
		t.Fatal(err)
	}
}

// A process that is killed leaves an orphan; one that is halted does too, and when
// it wakes up, its answer is refused.
func TestProcesses(t *testing.T) {
	server := redistest.Start(t)
	for _, fate := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP} {
		t.Run(fate.String(), func(t *testing.T) {
			o := options()
			o.AliveFor = childAliveFor
			s := open(t, server.URL(), o)
			id := create(t, s)
			c := startChild(t, server.URL(), o.Prefix, id)
			c.signal(t, fate)
			takeOrphan(t, s, c.owner)
			if fate == syscall.SIGSTOP {
				c.signal(t, syscall.SIGCONT)
				if _, err := io.WriteString(c.in, "answer\n"); err != nil {
					t.Fatal(err)
				}
				if got := c.line(t); got != session.ErrFenced.Error() {
					t.Errorf("the late answer gives: %s", got)
				}
			}
			if got := texts(t, s, id, "of 1"); !slices.Equal(got, []string{"the taker's"}) {
				t.Errorf("the log has %q", got)
			}
		})
	}
}
