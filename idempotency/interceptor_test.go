package idempotency_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/idempotency"
)

type order struct {
	SKU string `json:"sku"`
	Qty int    `json:"qty"`
}

type receipt struct {
	ID   int    `json:"id"`
	Note string `json:"note"`
}

// shop is a service with one operation of each kind, and how often it was called.
type shop struct {
	*tandem.Service
	calls int
	do    func(ctx context.Context, o order) error // nil to succeed
}

func (s *shop) place(ctx context.Context, o order) (receipt, error) {
	s.calls++
	if s.do != nil {
		if err := s.do(ctx, o); err != nil {
			return receipt{}, err
		}
	}
	return receipt{ID: s.calls, Note: "<&> \u2028 ü"}, nil
}

func newShop(store idempotency.Store) *shop {
	s := &shop{Service: tandem.New("shop", "1")}
	s.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	s.Use(idempotency.Interceptor(store, idempotency.Options{Logger: s.Logger}))
	tandem.Register(s.Service, tandem.Operation{Name: "place", Idempotency: tandem.Required}, s.place)
	tandem.Register(s.Service, tandem.Operation{Name: "perhaps", Idempotency: tandem.Optional}, s.place)
	tandem.Register(s.Service, tandem.Operation{Name: "plain"}, s.place)
	tandem.Register(s.Service, tandem.Operation{Name: "nothing", Idempotency: tandem.Optional}, func(context.Context, order) (struct{}, error) {
		s.calls++
		return struct{}{}, nil
	})
	tandem.Register(s.Service, tandem.Operation{Name: "blocks", Idempotency: tandem.Optional}, func(context.Context, order) (tandem.Blocks, error) {
		s.calls++
		return tandem.Blocks{tandem.Text{Text: "<a>"}, tandem.Image{Data: []byte{0, 255}, MIMEType: "image/png"}, tandem.Link{URI: "u", Name: "n"},
			tandem.Audio{Data: []byte{1}, MIMEType: "audio/wav"}, tandem.Embedded{URI: "u", Data: []byte{}}}, nil
	})
	return s
}

func (s *shop) call(ctx context.Context, name, key, arguments string) (tandem.Result, *tandem.Error) {
	op, _ := s.Operation(name)
	result, err := op.Invoke(ctx, &tandem.Call{Operation: op, Arguments: []byte(arguments), IdempotencyKey: key})
	var e *tandem.Error
	errors.As(err, &e)
	return result, e
}

const args = `{"sku":"A","qty":9007199254740993}`

// What is tried again returns what the first try did, byte for byte, and says so;
// the handler does not run. That holds for every kind of output.
func TestReplay(t *testing.T) {
	for _, name := range []string{"place", "perhaps", "nothing", "blocks"} {
		t.Run(name, func(t *testing.T) {
			s := newShop(idempotency.NewMemory(idempotency.MemoryConfig{}))
			first, err := s.call(t.Context(), name, "k", args)
			if err != nil || first.Replayed {
				t.Fatalf("the first try: %+v, %v", first, err)
			}
			again, err := s.call(t.Context(), name, "k", args)
			if err != nil || !again.Replayed || s.calls != 1 {
				t.Errorf("the second try: %+v, %v; the handler ran %d times", again, err, s.calls)
			}
			if string(again.JSON) != string(first.JSON) || fmt.Sprint(again.Blocks) != fmt.Sprint(first.Blocks) {
				t.Errorf("the second try returned\n%s %v, the first\n%s %v", again.JSON, again.Blocks, first.JSON, first.Blocks)
			}
		})
	}
}

// A key stands for one set of arguments, however they are laid out, of one principal
// and one operation.
func TestWhatAKeyStandsFor(t *testing.T) {
	s := newShop(idempotency.NewMemory(idempotency.MemoryConfig{}))
	alice := tandem.WithPrincipal(t.Context(), &tandem.Principal{Issuer: "i", Subject: "alice"})
	bob := tandem.WithPrincipal(t.Context(), &tandem.Principal{Issuer: "i", Subject: "bob"})
	for _, c := range []struct {
		what      string
		ctx       context.Context
		name, key string
		arguments string
		status    int // of the error; 0 for none
		replayed  bool
	}{
		{"the first", alice, "place", "k", args, 0, false},
		{"another order of members", alice, "place", "k", ` { "qty" : 9007199254740993, "s\u006bu": "A" } `, 0, true},
		{"another argument", alice, "place", "k", `{"sku":"B","qty":9007199254740993}`, 422, false},
		{"a number that is the same as a float", alice, "place", "k", `{"sku":"A","qty":9007199254740992}`, 422, false},
		{"another operation", alice, "perhaps", "k", args, 0, false},
		{"another principal", bob, "place", "k", args, 0, false},
		{"nobody", t.Context(), "place", "k", args, 0, false},
		{"another key", alice, "place", "K", args, 0, false},
		{"no key where one is required", alice, "place", "", args, 400, false},
		{"no key where none is", alice, "perhaps", "", args, 0, false},
		{"no key again", alice, "perhaps", "", args, 0, false},
		{"a key where none is looked at", alice, "plain", "k", args, 0, false},
		{"that again", alice, "plain", "k", args, 0, false},
		{"a long key", alice, "place", strings.Repeat("k", 256), args, 400, false},
	} {
		before := s.calls
		result, err := s.call(c.ctx, c.name, c.key, c.arguments)
		status := 0
		if err != nil {
			status = err.Problem().Status
		}
		if status != c.status || result.Replayed != c.replayed {
			t.Errorf("%s: %v, replayed %v; want status %d, replayed %v", c.what, err, result.Replayed, c.status, c.replayed)
		}
		if ran := s.calls > before; ran != (c.status == 0 && !c.replayed) {
			t.Errorf("%s: the handler ran: %v", c.what, ran)
		}
	}
	_, err := s.call(alice, "place", "", args)
	if err == nil || !strings.Contains(err.Message, "Idempotency-Key") || !strings.Contains(err.Message, idempotency.MetaKey) {
		t.Errorf("the refusal does not tell how to send a key: %v", err)
	}
}

// A try that comes to nothing leaves the key as new: after an error, a panic, faulty
// arguments and a question to the caller.
func TestFailureIsNotKept(t *testing.T) {
	s := newShop(idempotency.NewMemory(idempotency.MemoryConfig{}))
	for what, do := range map[string]func(context.Context, order) error{
		"an error":   func(context.Context, order) error { return tandem.Errorf(tandem.FailedPrecondition, "none left") },
		"a panic":    func(context.Context, order) error { panic("oops") },
		"a question": func(context.Context, order) error { return &tandem.Pending{} },
	} {
		s.do = do
		op, _ := s.Operation("place")
		if _, err := op.Invoke(t.Context(), &tandem.Call{Operation: op, Arguments: []byte(args), IdempotencyKey: what}); err == nil {
			t.Errorf("%s is a success", what)
		}
		s.do = nil
		if result, err := s.call(t.Context(), "place", what, args); err != nil || result.Replayed {
			t.Errorf("the try after %s: %+v, %v", what, result, err)
		}
	}
	for _, faulty := range []string{`{"sku":1}`, `{`, `{"sku":"A","sku":"A","qty":1}`, ``} {
		if _, err := s.call(t.Context(), "place", "faulty", faulty); err == nil || err.Code != tandem.InvalidArgument || len(err.Fields) == 0 {
			t.Errorf("arguments %s are %v, want what is wrong with which", faulty, err)
		}
	}
	if result, err := s.call(t.Context(), "place", "faulty", args); err != nil || result.Replayed {
		t.Errorf("the try after faulty arguments: %+v, %v", result, err)
	}
}

// A try that comes while the first one is in flight is 409 and told to come back; and
// what the first one did is kept even if its caller has gone.
func TestInFlight(t *testing.T) {
	s := newShop(idempotency.NewMemory(idempotency.MemoryConfig{}))
	ctx, cancel := context.WithCancel(t.Context())
	s.do = func(context.Context, order) error {
		s.do = nil
		if _, err := s.call(t.Context(), "place", "k", args); err == nil || err.Problem().Status != 409 || err.RetryAfter == 0 {
			t.Errorf("a try in flight is %v", err)
		}
		cancel()
		return nil
	}
	first, err := s.call(ctx, "place", "k", args)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := s.call(t.Context(), "place", "k", args); err != nil || !again.Replayed || !slices.Equal(again.JSON, first.JSON) {
		t.Errorf("the try after the end: %+v, %v", again, err)
	}
}

// broken is a store whose engine does not do its work.
type broken struct {
	idempotency.Store
	begin, finish error
	swept         int
}

func (b *broken) Begin(ctx context.Context, s idempotency.Start) (idempotency.Begun, error) {
	if b.begin != nil {
		return idempotency.Begun{}, b.begin
	}
	begun, err := b.Store.Begin(ctx, s)
	if begun.Attempt != nil && b.finish != nil {
		begun.Attempt = brokenAttempt{begun.Attempt, b.finish}
	}
	return begun, err
}

func (b *broken) Sweep(ctx context.Context) (int, error) {
	b.swept++
	return b.Store.Sweep(ctx)
}

type brokenAttempt struct {
	idempotency.Attempt
	finish error
}

func (b brokenAttempt) Finish(context.Context, []byte) error { return b.finish }

// A store that fails is never an effect without a record: the call is refused before
// it, or said to have an outcome that is not known. What the engine said stays in the log.
func TestBrokenStore(t *testing.T) {
	down := fmt.Errorf("%w: dial tcp 10.1.2.3: refused", idempotency.ErrUnavailable)
	for what, c := range map[string]struct {
		store broken
		code  tandem.Code
		calls int
	}{
		"Begin":         {broken{begin: down}, tandem.Unavailable, 0},
		"a full store":  {broken{begin: idempotency.ErrFull}, tandem.ResourceExhausted, 0},
		"a lost caller": {broken{begin: context.Canceled}, tandem.Unavailable, 0},
		"Finish":        {broken{finish: down}, tandem.Unavailable, 1},
	} {
		c.store.Store = idempotency.NewMemory(idempotency.MemoryConfig{})
		s := newShop(&c.store)
		_, err := s.call(t.Context(), "place", "k", args)
		if err == nil || err.Code != c.code || err.RetryAfter == 0 || s.calls != c.calls {
			t.Errorf("%s: %v, the handler ran %d times", what, err, s.calls)
			continue
		}
		if strings.Contains(err.Message, "10.1.2.3") {
			t.Errorf("%s: the caller reads %s", what, err.Message)
		}
	}
}

// Old results are swept once a minute, however many calls there are.
func TestSweepsOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &broken{Store: idempotency.NewMemory(idempotency.MemoryConfig{})}
		s := newShop(store)
		for i := range 120 {
			if _, err := s.call(t.Context(), "place", fmt.Sprint(i), args); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if store.swept != 2 {
			t.Errorf("the store was swept %d times in two minutes, want 2", store.swept)
		}
	})
}

// A wrong option stops the program at its start.
func TestInterceptorPanics(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); !strings.Contains(got, "KeepFor") {
			t.Errorf("the panic does not name the option: %s", got)
		}
	}()
	idempotency.Interceptor(idempotency.NewMemory(idempotency.MemoryConfig{}), idempotency.Options{KeepFor: -1})
}
