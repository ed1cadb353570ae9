package tandem

import (
	"context"
	"strings"
	"testing"
)

// TestCallInvalid protects that what a door refused is reported with what the validation finds, once per argument.
func TestCallInvalid(t *testing.T) {
	type in struct {
		A int `json:"a"`
		B int `json:"b"`
	}
	s := New("test", "1")
	op := Register(s, Operation{Name: "op"}, func(context.Context, in) (struct{}, error) {
		t.Error("the handler ran")
		return struct{}{}, nil
	})
	call := &Call{Operation: op, Arguments: []byte("{}"), Invalid: []FieldError{{Pointer: "/a", Detail: "is given twice"}}}
	call.Started = func() { t.Error("the call counts as started") }
	_, err := op.Invoke(t.Context(), call)
	var pointers []string
	for _, f := range err.(*Error).Fields {
		pointers = append(pointers, f.Pointer)
	}
	if got := strings.Join(pointers, " "); got != "/a /b" {
		t.Errorf("got errors at %s", got)
	}
}

// TestCallStarted protects that a door learns when the handler is about to run.
func TestCallStarted(t *testing.T) {
	s := New("test", "1")
	started := false
	op := Register(s, Operation{Name: "op"}, func(context.Context, struct{}) (struct{}, error) {
		if !started {
			t.Error("the handler ran first")
		}
		return struct{}{}, nil
	})
	if _, err := op.Invoke(t.Context(), &Call{Operation: op, Arguments: []byte("{}"), Started: func() { started = true }}); err != nil || !started {
		t.Errorf("started %v, %v", started, err)
	}
}

// TestStatusWithoutBody protects that an output is never lost to a status that has no body.
func TestStatusWithoutBody(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "the output would be lost") {
			t.Errorf("got panic %q", text)
		}
	}()
	Register(New("test", "1"), Operation{Name: "op", Status: 204}, func(context.Context, struct{}) (int, error) { return 1, nil })
}
