package tandem_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

type none struct{}

func nothing(context.Context, none) (none, error) { return none{}, nil }

// A mistake in a registration panics, names the operation and says what is wrong.
func TestRegisterPanics(t *testing.T) {
	for name, c := range map[string]struct {
		register func(*tandem.Service)
		want     string
	}{
		"illegal name": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "grüße"}, nothing)
		}, "ASCII"},
		"no name": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{}, nothing)
		}, "name"},
		"name taken": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "ping"}, nothing)
		}, "taken"},
		"name taken in another case": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "PING", Path: "/other"}, nothing)
		}, `"ping"`},
		"route taken": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "pong", Path: "/ping"}, nothing)
		}, `pattern "POST /ping" conflicts with pattern "POST /ping"`},
		"a scope with a space": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x", Scopes: []string{"stock read"}}, nothing)
		}, `scope "stock read"`},
		"method": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x", Method: "FETCH"}, nothing)
		}, "FETCH"},
		"path variable with no argument": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x", Method: "GET", Path: "/things/{id}"}, nothing)
		}, "{id}"},
		"path without slash": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x", Path: "things"}, nothing)
		}, "slash"},
		"status of failure": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x", Status: 404}, nothing)
		}, "404"},
		"read-only and destructive": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x", ReadOnly: true, Destructive: true}, nothing)
		}, "read-only"},
		"read-only with keys": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x", Method: "GET", Idempotency: tandem.Optional}, nothing)
		}, "idempotency"},
		"idempotency": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x", Idempotency: 9}, nothing)
		}, "9"},
		"nil handler": {func(s *tandem.Service) {
			tandem.Register[none, none](s, tandem.Operation{Name: "x"}, nil)
		}, "nil"},
		"input is no struct": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x"}, func(context.Context, []string) (none, error) { return none{}, nil })
		}, "struct"},
		"input without a schema": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x"}, func(context.Context, struct {
				C chan int `json:"c"`
			}) (none, error) {
				return none{}, nil
			})
		}, "chan"},
		"output without a schema": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x"}, func(context.Context, none) (func(), error) { return nil, nil })
		}, "output"},
		"media types of JSON": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x", Produces: []string{"text/csv"}}, nothing)
		}, "Produces"},
		"a media type that is none": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x", Produces: []string{"image/*"}}, func(context.Context, none) (tandem.Image, error) {
				return tandem.Image{}, nil
			})
		}, "image/*"},
		"content that would be lost": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x", Status: 204}, func(context.Context, none) (tandem.Blocks, error) { return nil, nil })
		}, "204"},
		"default that its schema refuses": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x"}, func(context.Context, struct {
				N int `json:"n" minimum:"1" default:"0"`
			}) (none, error) {
				return none{}, nil
			})
		}, "default"},
		"example that its schema refuses": {func(s *tandem.Service) {
			tandem.Register(s, tandem.Operation{Name: "x"}, func(context.Context, struct {
				S string `json:"s" maxLength:"2" example:"long"`
			}) (none, error) {
				return none{}, nil
			})
		}, "example"},
	} {
		t.Run(name, func(t *testing.T) {
			svc := tandem.New("test", "1")
			tandem.Register(svc, tandem.Operation{Name: "ping"}, nothing)
			defer func() {
				text := fmt.Sprint(recover())
				if !strings.Contains(text, "tandem: operation") || !strings.Contains(text, c.want) {
					t.Errorf("panic %q does not name the operation and %q", text, c.want)
				}
				if n := len(svc.Operations()); n != 1 {
					t.Errorf("a refused operation was entered: there are %d", n)
				}
			}()
			c.register(svc)
		})
	}
}

// signal is written as JSON of its own, though it has no fields.
type signal struct{}

func (signal) MarshalText() ([]byte, error) { return []byte("go"), nil }
func (*signal) UnmarshalText([]byte) error  { return nil }

// An empty struct means no output, unless it makes JSON of its own.
func TestNoOutput(t *testing.T) {
	svc := tandem.New("test", "1")
	nothing := tandem.Register(svc, tandem.Operation{Name: "nothing"}, nothing)
	tandem.Register(svc, tandem.Operation{Name: "signal"}, func(context.Context, none) (signal, error) { return signal{}, nil })
	if nothing.HasOutput() {
		t.Error("an empty struct is an output")
	}
	if result, err := svc.Invoke(t.Context(), "signal", nil); err != nil || string(result.JSON) != `"go"` {
		t.Errorf("got %s, %v", result.JSON, err)
	}
}

// Methods imply annotations, and an operation with no method is POST /{name}.
func TestOperationDefaults(t *testing.T) {
	svc := tandem.New("test", "1")
	get := tandem.Register(svc, tandem.Operation{Name: "a", Method: "GET", Summary: "Get"}, nothing)
	del := tandem.Register(svc, tandem.Operation{Name: "b", Method: "DELETE"}, nothing)
	tool := tandem.Register(svc, tandem.Operation{Name: "c"}, nothing)
	if !get.ReadOnly || !get.Idempotent || get.Title != "Get" || get.Description != "Get" {
		t.Errorf("GET: %+v", get.Operation)
	}
	if !del.Destructive || !del.Idempotent || del.ReadOnly {
		t.Errorf("DELETE: %+v", del.Operation)
	}
	if tool.Method != "POST" || tool.Path != "/c" || tool.HasOutput() || tool.SuccessStatus() != 204 {
		t.Errorf("tool: %+v", tool.Operation)
	}
}

// A tag is described once: OpenAPI's tags are unique.
func TestTagTwice(t *testing.T) {
	svc := tandem.New("test", "1")
	svc.Tag("stock", "Movements")
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, `"stock"`) {
			t.Errorf("panic %q does not name the tag", text)
		}
	}()
	svc.Tag("stock", "Levels")
}
