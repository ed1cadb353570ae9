package tandem_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/tandem-go/tandem"
)

// Every code survives its wire name and has an HTTP status of failure.
func TestCodesRoundTrip(t *testing.T) {
	seen := map[string]bool{}
	for _, code := range tandem.Codes() {
		text, err := code.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back tandem.Code
		if err := back.UnmarshalText(text); err != nil || back != code {
			t.Errorf("%s came back as %s (%v)", code, back, err)
		}
		if seen[code.String()] {
			t.Errorf("two codes are named %s", code)
		}
		seen[code.String()] = true
		if code.HTTPStatus() < 400 || code.Title() == "" {
			t.Errorf("%s has status %d and title %q", code, code.HTTPStatus(), code.Title())
		}
	}
	if len(seen) != 16 {
		t.Errorf("there are %d codes; gRPC and Connect have 16", len(seen))
	}
	var c tandem.Code
	if err := c.UnmarshalText([]byte("teapot")); err == nil {
		t.Error("an unknown name was accepted")
	}
	if tandem.Code(0).String() != "unknown" || tandem.Code(200).HTTPStatus() != 500 {
		t.Error("what is not a code must be treated as unknown")
	}
}

// The operands of %w are private causes, one or several.
func TestErrorfCause(t *testing.T) {
	a, b := errors.New("a"), errors.New("b")
	if err := tandem.Errorf(tandem.Aborted, "x: %w", a); !errors.Is(err, a) {
		t.Error("one cause is lost")
	}
	if err := tandem.Errorf(tandem.Aborted, "x: %w, %w", a, b); !errors.Is(err, a) || !errors.Is(err, b) {
		t.Error("of two causes one is lost")
	}
	if err := tandem.Errorf(tandem.Aborted, "x: %v", a); errors.Unwrap(err) != nil {
		t.Error("a cause out of nowhere")
	}
}

// CodeOf finds the code under wrapping, and knows the context's errors.
func TestCodeOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want tandem.Code
	}{
		{nil, 0},
		{tandem.Errorf(tandem.NotFound, "gone"), tandem.NotFound},
		{fmt.Errorf("query: %w", tandem.Errorf(tandem.Aborted, "conflict")), tandem.Aborted},
		{context.Canceled, tandem.Canceled},
		{fmt.Errorf("slow: %w", context.DeadlineExceeded), tandem.DeadlineExceeded},
		{errors.New("disk on fire"), tandem.Internal},
	} {
		if got := tandem.CodeOf(c.err); got != c.want {
			t.Errorf("CodeOf(%v) = %s, want %s", c.err, got, c.want)
		}
	}
}

// An error may have another status over HTTP than its code's; its title follows.
func TestHTTPStatus(t *testing.T) {
	e := tandem.Errorf(tandem.InvalidArgument, "used before")
	e.HTTPStatus = 422
	if p := e.Problem(); p.Status != 422 || p.Title != "Unprocessable Entity" || p.Code != "invalid_argument" {
		t.Errorf("the document is %+v", p)
	}
}
