package tandem_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tandem-go/tandem"
)

type greetIn struct {
	Name  string `json:"name" minLength:"1" doc:"Who is greeted"`
	Times int    `json:"times,omitzero" default:"1" minimum:"1" maximum:"3"`
}

type greetOut struct {
	Text string `json:"text"`
}

func greet(_ context.Context, in greetIn) (greetOut, error) {
	return greetOut{Text: strings.Repeat("Hello "+in.Name+"!", in.Times)}, nil
}

func newGreeter(t *testing.T, o tandem.Operation, h tandem.Handler[greetIn, greetOut]) (*tandem.Service, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	svc := tandem.New("greeter", "1.0.0")
	svc.Logger = slog.New(slog.NewJSONHandler(&log, nil))
	o.Name = "greet"
	tandem.Register(svc, o, h)
	return svc, &log
}

func errorDocument(err error) string {
	var e *tandem.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return string(e.Problem().JSON())
}

// A call decodes strictly, fills defaults and encodes what the handler returned.
func TestInvoke(t *testing.T) {
	svc, _ := newGreeter(t, tandem.Operation{}, greet)
	result, err := svc.Invoke(t.Context(), "greet", []byte(`{"name":"Ada"}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"text":"Hello Ada!"}`; string(result.JSON) != want {
		t.Errorf("got %s, want %s", result.JSON, want)
	}
	if _, err := svc.Invoke(t.Context(), "greet", nil); tandem.CodeOf(err) != tandem.InvalidArgument || !strings.Contains(errorDocument(err), `"/name"`) {
		t.Errorf("no arguments are not an empty object: %s", errorDocument(err))
	}
	if _, err := svc.Invoke(t.Context(), "no_such", nil); tandem.CodeOf(err) != tandem.NotFound {
		t.Errorf("an unknown operation: %v", err)
	}
}

// Everything that is wrong with the arguments is reported at once, by pointer.
func TestInvokeReportsEveryField(t *testing.T) {
	svc, _ := newGreeter(t, tandem.Operation{}, greet)
	_, err := svc.Invoke(t.Context(), "greet", []byte(`{"times":9,"nmae":"x"}`))
	var e *tandem.Error
	if !errors.As(err, &e) || e.Code != tandem.InvalidArgument {
		t.Fatalf("got %v, want an invalid argument", err)
	}
	var pointers []string
	for _, f := range e.Fields {
		pointers = append(pointers, f.Pointer)
		if f.Detail == "" {
			t.Errorf("%s has no detail", f.Pointer)
		}
	}
	slices.Sort(pointers)
	if diff := cmp.Diff([]string{"/name", "/nmae", "/times"}, pointers); diff != "" {
		t.Errorf("pointers (-want +got):\n%s", diff)
	}
}

// Scopes are checked from the principal of the call, all missing ones at once,
// before the arguments are looked at.
func TestInvokeAuthorizes(t *testing.T) {
	svc, _ := newGreeter(t, tandem.Operation{Scopes: []string{"greet:read", "greet:loud"}}, greet)
	for _, c := range []struct {
		name      string
		principal *tandem.Principal
		want      tandem.Code
	}{
		{"nobody", nil, tandem.Unauthenticated},
		{"one scope of two", &tandem.Principal{Subject: "a", Scopes: []string{"greet:read"}}, tandem.PermissionDenied},
		{"both", &tandem.Principal{Subject: "a", Scopes: []string{"greet:loud", "greet:read"}}, tandem.InvalidArgument},
		{"all", &tandem.Principal{Subject: "a", Scopes: []string{tandem.AllScopes}}, tandem.InvalidArgument},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := t.Context()
			if c.principal != nil {
				ctx = tandem.WithPrincipal(ctx, c.principal)
			}
			_, err := svc.Invoke(ctx, "greet", []byte(`{}`))
			if tandem.CodeOf(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if c.want == tandem.PermissionDenied && !strings.Contains(err.Error(), "greet:read greet:loud") {
				t.Errorf("%q does not name every scope that is needed", err)
			}
		})
	}
}

// An error that is not the domain's, and a panic, reach the caller as a generic
// text with a correlation id under which the log has the cause.
func TestInvokeHidesCauses(t *testing.T) {
	const secret = "postgres://app:hunter2@db/stock"
	for name, h := range map[string]tandem.Handler[greetIn, greetOut]{
		"error": func(context.Context, greetIn) (greetOut, error) { return greetOut{}, errors.New(secret) },
		"panic": func(context.Context, greetIn) (greetOut, error) { panic(secret) },
		"deadline of its own": func(context.Context, greetIn) (greetOut, error) {
			return greetOut{}, fmt.Errorf("%s: %w", secret, context.DeadlineExceeded)
		},
		"cancelled, but not by the caller": func(context.Context, greetIn) (greetOut, error) {
			return greetOut{}, fmt.Errorf("%s: %w", secret, context.Canceled)
		},
		"cause": func(context.Context, greetIn) (greetOut, error) {
			return greetOut{}, tandem.Errorf(tandem.Unavailable, "try later").WithCause(errors.New(secret))
		},
	} {
		t.Run(name, func(t *testing.T) {
			svc, log := newGreeter(t, tandem.Operation{}, h)
			_, err := svc.Invoke(tandem.WithRequestID(t.Context(), "req-1"), "greet", []byte(`{"name":"Ada"}`))
			var e *tandem.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %T", err)
			}
			doc := string(e.Problem().JSON())
			if strings.Contains(doc, "hunter2") {
				t.Errorf("the caller reads the cause: %s", doc)
			}
			if !strings.Contains(log.String(), secret) {
				t.Errorf("the log lacks the cause: %s", log)
			}
			if e.CorrelationID != "req-1" || !strings.Contains(log.String(), "req-1") {
				t.Errorf("correlation id %q, log %s", e.CorrelationID, log)
			}
		})
	}
}

// A nil *Error that a handler returns as an error is none.
func TestInvokeNilError(t *testing.T) {
	svc, _ := newGreeter(t, tandem.Operation{}, func(ctx context.Context, in greetIn) (greetOut, error) {
		var failure *tandem.Error
		return greetOut{Text: in.Name}, failure
	})
	result, err := svc.Invoke(t.Context(), "greet", []byte(`{"name":"Ada"}`))
	if err != nil || string(result.JSON) != `{"text":"Ada"}` {
		t.Errorf("got %s, %v", result.JSON, err)
	}
}

type checked struct {
	Kind string `json:"kind"`
}

func (c checked) Validate(context.Context) error {
	switch c.Kind {
	case "message":
		return tandem.Errorf(tandem.FailedPrecondition, "no such kind")
	case "nil":
		var none *tandem.Error
		return none
	case "panic":
		panic("kaboom")
	}
	return nil
}

// Whatever error a Validate method returns refuses the call, one without field
// errors too; a nil *Error is none, and a panic is a fault of the service.
func TestInvokeValidate(t *testing.T) {
	svc := tandem.New("test", "1")
	svc.Logger = slog.New(slog.DiscardHandler)
	tandem.Register(svc, tandem.Operation{Name: "check"}, func(context.Context, checked) (none, error) { return none{}, nil })
	for kind, want := range map[string]tandem.Code{"message": tandem.InvalidArgument, "nil": 0, "panic": tandem.Internal, "good": 0} {
		_, err := svc.Invoke(t.Context(), "check", []byte(`{"kind":"`+kind+`"}`))
		if tandem.CodeOf(err) != want {
			t.Errorf("%s: got %v, want %s", kind, err, want)
		}
		var e *tandem.Error
		if kind == "message" && (!errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Detail != "no such kind") {
			t.Errorf("the refusal does not say why: %v", err)
		}
	}
}

// A call is authorized by the operation that is invoked, whichever one it names.
func TestInvokeForeignCall(t *testing.T) {
	svc, _ := newGreeter(t, tandem.Operation{Scopes: []string{"greet"}}, greet)
	open := tandem.Register(svc, tandem.Operation{Name: "open"}, nothing)
	op, _ := svc.Operation("greet")
	for name, call := range map[string]*tandem.Call{
		"another operation": {Operation: open, Arguments: []byte(`{"name":"Ada"}`)},
		"none":              {Arguments: []byte(`{"name":"Ada"}`)},
	} {
		if _, err := op.Invoke(t.Context(), call); tandem.CodeOf(err) != tandem.Unauthenticated {
			t.Errorf("a call of %s: got %v", name, err)
		}
	}
}

// recover ▸ observers ▸ authorize ▸ used ▸ the operation's own ▸ handler; and a
// refused call is seen by the observers alone.
func TestInterceptorOrder(t *testing.T) {
	var trail []string
	mark := func(name string) tandem.Interceptor {
		return func(next tandem.Invoker) tandem.Invoker {
			return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
				trail = append(trail, name)
				return next(ctx, call)
			}
		}
	}
	svc, _ := newGreeter(t, tandem.Operation{Scopes: []string{"greet"}, Interceptors: []tandem.Interceptor{mark("own")}}, greet)
	svc.Use(mark("used 1"), mark("used 2"))
	svc.Observe(mark("observer"))
	if _, err := svc.Invoke(t.Context(), "greet", []byte(`{"name":"Ada"}`)); err == nil {
		t.Fatal("nobody may call")
	}
	if diff := cmp.Diff([]string{"observer"}, trail); diff != "" {
		t.Errorf("a refused call (-want +got):\n%s", diff)
	}
	trail = nil
	ctx := tandem.WithPrincipal(t.Context(), &tandem.Principal{Subject: "a", Scopes: []string{"greet"}})
	if _, err := svc.Invoke(ctx, "greet", []byte(`{"name":"Ada"}`)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"observer", "used 1", "used 2", "own"}, trail); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An operation's timeout ends the handler's context and is told as such.
func TestInvokeTimeout(t *testing.T) {
	svc, _ := newGreeter(t, tandem.Operation{Timeout: time.Millisecond}, func(ctx context.Context, _ greetIn) (greetOut, error) {
		<-ctx.Done()
		return greetOut{}, ctx.Err()
	})
	if _, err := svc.Invoke(t.Context(), "greet", []byte(`{"name":"Ada"}`)); tandem.CodeOf(err) != tandem.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
}

// Progress reaches the sink of the call, and does nothing without one.
func TestProgress(t *testing.T) {
	tandem.Progress(t.Context(), 1, 2, "nobody listens")
	var got []tandem.ProgressUpdate
	ctx := tandem.WithProgress(t.Context(), func(u tandem.ProgressUpdate) { got = append(got, u) })
	tandem.Progress(ctx, 1, 2, "half")
	if diff := cmp.Diff([]tandem.ProgressUpdate{{Done: 1, Total: 2, Message: "half"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The problem document is JSON whatever its texts hold.
func TestProblemJSON(t *testing.T) {
	e := tandem.Errorf(tandem.InvalidArgument, "bad \xff text")
	e.Fields = []tandem.FieldError{{Pointer: "/a~1b", Detail: "\xfe"}}
	var back tandem.Problem
	if err := json.Unmarshal(e.Problem().JSON(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Status != 400 || back.Code != "invalid_argument" || back.Errors[0].Pointer != "/a~1b" {
		t.Errorf("got %+v", back)
	}
}
