package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/alecthomas/kong"
)

// commands are the program's commands; each has a file of its own.
type commands struct {
	Keys keysCommand `cmd:"" help:"Make, list and revoke API keys."`
	Auth authCommand `cmd:"" help:"Find out what credentials are good for."`
}

// environment is what a command has to do with.
type environment struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	lookup         func(name string) (string, bool)
}

// note tells the user something that is not the command's output.
func (e *environment) note(format string, args ...any) {
	_, _ = fmt.Fprintf(e.stderr, format+"\n", args...) // there is nobody else to tell
}

// The statuses with which the program ends.
const (
	statusOK     = 0
	statusFailed = 1
	statusUsage  = 2
)

// usageError is a mistake in how the command was called.
type usageError struct{ error }

func usageErrorf(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errAnswered ends a command whose output says already that the answer is no.
var errAnswered = errors.New("the answer is no")

// ended is how kong's help ends the program.
type ended int

// run runs a command and returns the program's status.
func run(ctx context.Context, args []string, env *environment) (status int) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case ended:
			status = int(r)
		default:
			panic(r)
		}
	}()
	var all commands
	parser, err := kong.New(&all,
		kong.Name("tandem"),
		kong.Description("Tools for services that are made with Tandem."),
		kong.Writers(env.stdout, env.stderr),
		kong.Exit(func(code int) { panic(ended(code)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(env),
	)
	if err != nil {
		panic(err) // the commands above are wrong
	}
	command, err := parser.Parse(args)
	if err == nil {
		err = command.Run()
	} else {
		err = usageError{err}
	}
	return env.end(err)
}

// end says why a command failed.
func (e *environment) end(err error) int {
	switch {
	case err == nil:
		return statusOK
	case errors.Is(err, errAnswered):
		return statusFailed
	}
	e.note("tandem: %v", err)
	if _, ok := errors.AsType[usageError](err); ok {
		e.note("tandem COMMAND --help says how it is called.")
		return statusUsage
	}
	return statusFailed
}
