package securitytest

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/tandem-go/tandem"
)

// The scopes of the service. The last one implies the others.
const (
	read  = "notes:read"
	write = "notes:write"
	admin = "notes:admin"
)

type noteQuery struct {
	ID string `json:"id" maxLength:"200" default:"1"`
}

type note struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

type number struct {
	N int64   `json:"n"`
	F float64 `json:"f,omitzero"`
}

type tree struct {
	Data any `json:"data,omitzero"`
}

type answer struct {
	Sure bool `json:"sure"`
}

// What the errors and panics of the service hold that no caller may read.
const (
	hiddenDSN   = "postgres://app:hunter2@db.internal:5432/notes"
	hiddenSQL   = "SELECT * FROM notes WHERE owner"
	hiddenPanic = "index out of the secret ledger"
)

// newService returns a service with operations of several scopes, a resource and
// a prompt, whose handlers note that they ran.
func newService(l *ledger, logger *slog.Logger) *tandem.Service {
	svc := tandem.New("notes", "1.0.0")
	svc.Logger = logger
	svc.ImplyScopes(admin, read, write)
	addNotes(svc, l)
	addFeatures(svc, l)
	addTrouble(svc, l)
	return svc
}

func addNotes(svc *tandem.Service, l *ledger) {
	readNote := func(operation string) func(ctx context.Context, q noteQuery) (note, error) {
		return func(ctx context.Context, q noteQuery) (note, error) {
			l.note(ctx, operation, q.ID)
			return note{q.ID, "text of " + q.ID}, nil
		}
	}
	operation := func(name string, scopes ...string) tandem.Operation {
		return tandem.Operation{Name: name, Summary: "The operation " + name, Scopes: scopes}
	}
	tandem.Register(svc, operation("read_note", read), readNote("read_note"))
	tandem.Register(svc, operation("edit_note", read, write), readNote("edit_note"))
	tandem.Register(svc, operation("purge", admin), readNote("purge"))
	get := operation("get_note", read)
	get.Method, get.Path = "GET", "/notes/{id}"
	tandem.Register(svc, get, readNote("get_note"))
	root := operation("list_secrets", admin)
	root.Method, root.Path = "GET", "/secrets"
	tandem.Register(svc, root, readNote("list_secrets"))
	own := operation("own_note", read)
	own.Policy = tandem.PolicyOf(func(_ context.Context, p *tandem.Principal, q noteQuery) error {
		if !strings.HasPrefix(q.ID, p.Subject+"-") {
			return tandem.Errorf(tandem.PermissionDenied, "the note is somebody else's")
		}
		return nil
	})
	tandem.Register(svc, own, readNote("own_note"))
}

func addFeatures(svc *tandem.Service, l *ledger) {
	svcNote := func(operation string) func(ctx context.Context, q noteQuery) (tandem.Text, error) {
		return func(ctx context.Context, q noteQuery) (tandem.Text, error) {
			l.note(ctx, operation, q.ID)
			return tandem.Text{Text: "text of " + q.ID}, nil
		}
	}
	ids := map[string]tandem.Completer{"id": func(context.Context, string, map[string]string) ([]string, error) {
		return []string{"one", "two"}, nil
	}}
	for _, f := range []struct{ name, scope string }{{"open", ""}, {"shelf", read}, {"vault", admin}} {
		var scopes []string
		if f.scope != "" {
			scopes = []string{f.scope}
		}
		tandem.ResourceTemplate(svc, tandem.ResourceInfo{
			URI: f.name + "://{id}", Name: f.name + "_files", Description: "Files", Scopes: scopes, Complete: ids,
		}, svcNote(f.name+"_files"))
		tandem.Prompt(svc, tandem.PromptInfo{Name: f.name + "_prompt", Description: "Write", Scopes: scopes, Complete: ids},
			func(ctx context.Context, q noteQuery) ([]tandem.Message, error) {
				l.note(ctx, f.name+"_prompt", q.ID)
				return []tandem.Message{tandem.User.Says("Write about %s.", q.ID)}, nil
			})
	}
}

func addTrouble(svc *tandem.Service, l *ledger) {
	tandem.Register(svc, tandem.Operation{Name: "count", Summary: "Give a number back"},
		func(ctx context.Context, in number) (number, error) {
			l.note(ctx, "count", "")
			return in, nil
		})
	tandem.Register(svc, tandem.Operation{Name: "plant", Summary: "Take any JSON"},
		func(ctx context.Context, _ tree) (number, error) {
			l.note(ctx, "plant", "")
			return number{}, nil
		})
	tandem.Register(svc, tandem.Operation{Name: "confirm", Summary: "Ask first", Asks: true},
		func(ctx context.Context, q noteQuery) (note, error) {
			var a answer
			if err := tandem.Ask(ctx, tandem.Form("Really "+q.ID+"?", &a)); err != nil {
				return note{}, err
			}
			l.note(ctx, "confirm", q.ID)
			return note{ID: q.ID, Text: map[bool]string{true: "sure", false: "not sure"}[a.Sure]}, nil
		})
	tandem.Register(svc, tandem.Operation{Name: "crash", Summary: "Panic"},
		func(context.Context, struct{}) (number, error) { panic(hiddenPanic) })
	tandem.Register(svc, tandem.Operation{Name: "leak", Summary: "Fail"},
		func(context.Context, struct{}) (number, error) {
			return number{}, errors.New("dial " + hiddenDSN + ": " + hiddenSQL)
		})
	addStreams(svc, l)
}

// addStreams adds operations that go on until their caller ends them.
func addStreams(svc *tandem.Service, l *ledger) {
	tandem.Register(svc, tandem.Operation{Name: "watch", Summary: "Watch until the end"},
		func(ctx context.Context, _ struct{}) (number, error) {
			l.note(ctx, "watch", "begun")
			tandem.Progress(ctx, 1, 0, "watching")
			select {
			case <-ctx.Done():
			case <-l.over:
			}
			l.note(ctx, "watch", "ended")
			return number{}, ctx.Err()
		})
	tandem.Register(svc, tandem.Operation{Name: "pour", Summary: "Say very much"},
		func(ctx context.Context, _ struct{}) (number, error) {
			l.note(ctx, "pour", "begun")
			drop := strings.Repeat("drop ", 10_000)
			for i := 1; ctx.Err() == nil && !l.isOver(); i++ {
				tandem.Progress(ctx, float64(i), 0, drop)
				time.Sleep(time.Millisecond) // where nobody holds the call up, it should not take the machine
			}
			l.note(ctx, "pour", "ended")
			return number{}, ctx.Err()
		})
}

func (l *ledger) isOver() bool {
	select {
	case <-l.over:
		return true
	default:
		return false
	}
}
