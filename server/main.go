package server

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/auth"
	"github.com/tandem-go/tandem/session"
)

// The exit codes of [Main].
const (
	exitOK    = 0
	exitError = 1 // serving failed, the shared state cannot be reached, or the drain was not complete
	exitUsage = 2 // the flags, the environment or the configuration are wrong
)

// Main is the whole program of a service. It reads the environment (the flag -h
// lists the variables), serves until SIGTERM or an interrupt, drains, and exits.
// A second signal ends it at once. With the flag -stdio it serves MCP on stdin
// and stdout instead.
//
// Each configure may change what the environment says, and add what a variable
// cannot, such as middleware. It is called for -h as well.
func Main(svc *tandem.Service, configure ...func(*Config)) {
	p := program{lookup: os.LookupEnv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	if code := p.run(svc, os.Args, configure...); code != exitOK {
		os.Exit(code)
	}
}

// program is what Main takes from its process.
type program struct {
	lookup         func(string) (string, bool)
	stdin          io.Reader
	stdout, stderr io.Writer
}

func (p program) run(svc *tandem.Service, args []string, configure ...func(*Config)) int {
	stdio, err := p.flags(args, configure)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		return exitUsage // the flag package has said why
	}
	s, err := p.configure(svc, stdio, configure)
	if err != nil {
		return p.fail(exitOf(err), err)
	}
	ctx, release := untilSignal()
	defer release()
	if stdio {
		err = s.ServeStdio(ctx, p.stdin, p.stdout)
	} else {
		err = s.Run(ctx)
	}
	if err != nil {
		return p.fail(exitError, err)
	}
	return exitOK
}

// exitOf tells what may work the next time from what is wrong.
func exitOf(err error) int {
	if errors.Is(err, session.ErrUnavailable) {
		return exitError
	}
	return exitUsage
}

// untilSignal returns a context that ends at the first signal to stop. By then
// nobody listens for signals any more, so that the next one ends the process.
func untilSignal() (ctx context.Context, release func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	released := make(chan struct{})
	go func() {
		defer close(released)
		select {
		case <-signals:
		case <-ctx.Done():
		}
		signal.Stop(signals)
		cancel()
	}()
	return ctx, func() {
		cancel()
		<-released
	}
}

// configure makes the server of the environment.
func (p program) configure(svc *tandem.Service, stdio bool, configure []func(*Config)) (*Server, error) {
	cfg, err := FromEnv(p.lookup)
	if err != nil {
		return nil, err
	}
	logs, err := loggingFromEnv(p.lookup)
	if err != nil {
		return nil, err
	}
	if svc.Logger == nil {
		svc.Logger = logs.logger(p.stderr)
	}
	for _, f := range configure {
		f(&cfg)
	}
	if cfg.Tracing == TraceOTLP {
		logTraces(svc.Logger)
	}
	if stdio { // nothing listens, so nothing needs credentials
		cfg.Addr, cfg.MetricsAddr, cfg.Listener = "", "", nil
		cfg.StateURL = "" // and the one caller's session ends with the process
	} else if err := cfg.inherit(); err != nil {
		return nil, err
	}
	return New(svc, cfg)
}

func (p program) flags(args []string, configure []func(*Config)) (stdio bool, err error) {
	set := flag.NewFlagSet(args[0], flag.ContinueOnError)
	set.SetOutput(p.stderr)
	set.BoolVar(&stdio, "stdio", false, "serve MCP on stdin and stdout instead of HTTP")
	set.Usage = func() { p.usage(set, configure) }
	if err = set.Parse(args[1:]); err == nil && set.NArg() > 0 {
		err = fmt.Errorf("%s takes no arguments, but got %q", args[0], set.Args())
		_, _ = fmt.Fprintln(p.stderr, err)
	}
	return stdio, err
}

// usage configures nothing but to learn what the program adds.
func (p program) usage(set *flag.FlagSet, configure []func(*Config)) {
	var cfg Config
	for _, f := range configure {
		f(&cfg)
	}

	_, _ = fmt.Fprintf(p.stderr, "Usage: %s [-stdio]\n\n", set.Name())
	set.PrintDefaults()
	_, _ = fmt.Fprintln(p.stderr, "\nEnvironment:")
	line := func(name, about string) { _, _ = fmt.Fprintf(p.stderr, "  %-23s %s\n", name, about) }
	for _, v := range variables {
		line(v.name, v.about)
		if v.file {
			line(v.name+fileSuffix, "a file that holds "+v.name+" instead")
		}
	}
	line("LOG_LEVEL", "debug, info, warn or error; default: info")
	line("LOG_FORMAT", "text or json; default: text")
	line("OTEL_*", "traces by OTLP over HTTP, where OTEL_EXPORTER_OTLP_ENDPOINT is set")
	if cfg.Usage != "" {
		_, _ = fmt.Fprintf(p.stderr, "\n%s\n", strings.TrimSpace(cfg.Usage))
	}
}

// fail says on stderr why the program ends.
func (p program) fail(code int, err error) int {
	_, _ = fmt.Fprintln(p.stderr, err)
	return code
}

// withLocal is the context of a caller that needs no credentials.
func withLocal(ctx context.Context) context.Context {
	return tandem.WithPrincipal(ctx, auth.Local())
}
