package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/tandem-go/tandem/auth/apikey"
)

// keysCommand are the commands for API keys.
type keysCommand struct {
	Create keysCreate `cmd:"" help:"Make a key and print it, once."`
	List   keysList   `cmd:"" help:"List the keys; the keys themselves are not kept."`
	Revoke keysRevoke `cmd:"" help:"Revoke a key; services refuse it within about a second."`
}

// where says where keys are kept.
type where struct {
	File     string `placeholder:"FILE" help:"The file of keys; default: $$API_KEYS_FILE."`
	Database string `placeholder:"URL" help:"The service's database instead: sqlite:PATH or postgres://USER@HOST/DATABASE (the password from $$PGPASSWORD or ~/.pgpass)."`
}

// place is where keys are kept, open.
type place struct {
	apikey.Keeper
	name    string // for people
	flags   string // how to call another command for the same place
	close   func() error
	migrate func(context.Context) error
}

const fileVariable = "API_KEYS_FILE"

// open opens the place. A command that makes the first key may create it.
func (w where) open(env *environment, create bool) (*place, error) {
	switch {
	case w.File != "" && w.Database != "":
		return nil, usageErrorf("--file and --database are two places: give one of them")
	case w.Database != "":
		return openDatabase(w.Database, create)
	}
	flags := " --file " + quoted(w.File)
	if w.File == "" {
		w.File, _ = env.lookup(fileVariable)
		flags = ""
	}
	if w.File == "" {
		return nil, usageErrorf("say where the keys are: --file FILE (or $%s), or --database URL", fileVariable)
	}
	return &place{
		Keeper: apikey.NewFile(w.File, apikey.Options{Logger: slog.New(slog.DiscardHandler)}),
		name:   w.File, flags: flags,
		close:   func() error { return nil }, // the commands use no key
		migrate: func(context.Context) error { return nil },
	}, nil
}

// use opens the place for a command.
func (w where) use(env *environment, create bool, command func(*place) error) (err error) {
	p, err := w.open(env, create)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	return p.explain(command(p), create)
}

// explain says what to do about an error of the place.
func (p *place) explain(err error, create bool) error {
	switch {
	case errors.Is(err, fs.ErrNotExist) && create:
		return fmt.Errorf("%w: make the folder first", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: make a first key by tandem keys create%s", err, p.flags)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: run this as the owner of %s", err, p.name)
	}
	return err
}

// quoted is a path as a shell takes it, if it is an ordinary one.
func quoted(path string) string {
	for _, c := range path {
		if c <= ' ' || c == '\'' || c == '"' || c == '$' || c == '\\' {
			return fmt.Sprintf("%q", path)
		}
	}
	return path
}
