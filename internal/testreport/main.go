// Command testreport runs go test with the arguments that it is given and prints
// what a person wants to know of it: a line per package, the output of what
// failed, and at the end which tests were skipped, and why. It exits as go test
// does.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	status, err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		status = 2
	}
	os.Exit(status)
}

// run runs go test and returns its exit status.
func run(ctx context.Context, args []string, out io.Writer) (int, error) {
	command := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args...)...)
	command.Stderr = os.Stderr
	events, err := command.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := command.Start(); err != nil {
		return 0, err
	}
	r := newReport(out)
	readErr := r.read(events)
	err = command.Wait()
	r.close()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1), nil
	case err != nil:
		return 0, err
	case r.failed > 0:
		return 1, readErr
	}
	return 0, readErr
}

// read adds every event; what is not an event is printed as it is.
func (r *report) read(events io.Reader) error {
	reader := bufio.NewReader(events)
	for {
		line, err := reader.ReadBytes('\n')
		if len(line) > 0 {
			var e event
			if json.Unmarshal(line, &e) == nil && e.Action != "" {
				r.add(e)
			} else {
				r.print(string(line))
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
