package tandemtest

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/tandem-go/tandem"
)

type booking struct {
	Confirm bool     `json:"confirm" doc:"Whether to book"`
	Seats   int      `json:"seats" minimum:"1" maximum:"4"`
	Class   colour   `json:"class"`
	Email   string   `json:"email,omitzero" format:"email"`
	Note    string   `json:"note,omitzero" maxLength:"12"`
	Price   *float64 `json:"price,omitempty" minimum:"0.5"`
}

type book struct {
	Place string `json:"place" minLength:"1" maxLength:"12"`
	Sign  bool   `json:"sign,omitzero"`
}

// newAsking returns a service that asks a form, then another one together with a
// visit if that is wanted, and one that returns content of every kind.
func newAsking(testing.TB) *tandem.Service {
	svc := tandem.New("asking", "1.0.0")
	svc.Logger = slog.New(slog.DiscardHandler)
	type result struct {
		First, Second booking
	}
	tandem.Register(svc, tandem.Operation{Name: "book", Asks: true, Errors: []tandem.Code{tandem.FailedPrecondition}}, func(ctx context.Context, in book) (out result, err error) {
		if err := tandem.Ask(ctx, tandem.Form("Book "+in.Place+"?", &out.First)); err != nil || !in.Sign {
			return out, err
		}
		return out, tandem.Ask(ctx, tandem.Form("Who pays?", &out.Second), tandem.Visit("Sign here", "https://example.com/sign", "v1"))
	})
	tandem.Register(svc, tandem.Operation{Name: "show", Method: "GET"}, func(_ context.Context, in struct {
		Kinds []string `json:"kinds,omitempty" uniqueItems:"true"`
	}) (tandem.Blocks, error) {
		return tandem.Blocks{
			tandem.Text{Text: "grün"}, tandem.Image{Data: []byte("\x89PNG"), MIMEType: "image/png"}, tandem.Audio{Data: []byte("RIFF"), MIMEType: "audio/wav"},
			tandem.Link{URI: "shop://a", Name: "a"}, tandem.Embedded{URI: "shop://b", MIMEType: "text/csv", Text: strings.Join(in.Kinds, ",")},
		}, nil
	})
	tandem.Register(svc, tandem.Operation{Name: "picture"}, func(context.Context, struct{}) (tandem.Image, error) {
		return tandem.Image{Data: []byte{0, 1}, MIMEType: "image/gif"}, nil
	})
	return svc
}

// What operations ask, and what comes of the answers, is the same through every
// transport that has questions; so is content.
func TestParityOfQuestions(t *testing.T) {
	Parity(t, newAsking, ParityConfig{})
	t.Run("declined", func(t *testing.T) {
		decline := func(q Question) json.RawMessage {
			if q.URL != "" {
				return json.RawMessage(`{"action":"decline"}`)
			}
			return Accept(q)
		}
		Parity(t, newAsking, ParityConfig{Answer: decline, Seed: 3})
	})
}

// Every transport whose revision has forms is asked, and goes on with the answer;
// the others cannot be asked.
func TestAsked(t *testing.T) {
	for _, transport := range Transports() {
		t.Run(string(transport), func(t *testing.T) {
			client := Dial(t, newAsking(t), transport, Answering(Accept))
			outcome, err := client.Call(t.Context(), "book", json.RawMessage(`{"place":"Rome"}`))
			switch {
			case err != nil:
				t.Fatal(err)
			case !transport.canAnswer(Question{Schema: json.RawMessage(`{}`)}):
				if outcome.Code() != "failed_precondition" || outcome.Asked != nil {
					t.Errorf("got %+v", outcome)
				}
			case len(outcome.Asked) != 1 || outcome.Asked[0].Message != "Book Rome?" || !strings.Contains(string(outcome.Result), `"confirm":true`):
				t.Errorf("got %+v %s", outcome, outcome.Result)
			}
		})
	}
}

// A service that asks otherwise through one door is found.
func TestParityFindsQuestions(t *testing.T) {
	newOdd := func(t testing.TB) *tandem.Service {
		svc := newAsking(t)
		tandem.Register(svc, tandem.Operation{Name: "odd"}, func(ctx context.Context, in book) (string, error) {
			if err := tandem.Ask(ctx, tandem.Form(in.Place, new(booking))); err != nil {
				return "", err
			}
			return "done", nil
		})
		svc.Use(func(next tandem.Invoker) tandem.Invoker {
			return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
				if call.Operation.Name == "odd" && call.Door == tandem.MCP {
					if err := tandem.Ask(ctx, tandem.Form("Also", new(booking))); err != nil {
						return tandem.Result{}, err
					}
				}
				return next(ctx, call)
			}
		})
		return svc
	}
	cfg := ParityConfig{Transports: []Transport{REST, Session2025_11}, Skip: []string{"book", "show", "picture"}}.withDefaults()
	calls := plan(t, newOdd(t), cfg)
	answers := [][]answer{run(t, newOdd(t), REST, cfg.Answer, calls), run(t, newOdd(t), Session2025_11, cfg.Answer, calls)}
	differences := strings.Join(compare(cfg, calls, answers, 1), "\n")
	if !strings.Contains(differences, "questions differ") {
		t.Errorf("%d calls showed: %s", len(calls), differences)
	}
}

// A client that answers wrongly fails its own call and no other.
func TestBrokenAnswer(t *testing.T) {
	for _, transport := range []Transport{Session2025_11, Stdio} {
		client := Dial(t, newAsking(t), transport, Answering(func(Question) json.RawMessage { return json.RawMessage(`{"action":"maybe"}`) }))
		outcome, err := client.Call(t.Context(), "book", json.RawMessage(`{"place":"Rome"}`))
		if err == nil && outcome.Problem == nil {
			t.Errorf("%s: got %+v", transport, outcome)
		}
		if outcome, err := client.Call(t.Context(), "picture", json.RawMessage(`{}`)); err != nil || len(outcome.Content) != 1 {
			t.Errorf("%s: the next call: %+v, %v", transport, outcome, err)
		}
	}
}

// A call whose request is cut short tells the server too, which may have got it.
func TestCutRequestIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	a := &answers{ended: make(chan struct{}), waiting: map[int64]*waiting{}}
	var sent []string
	_, _, err := a.roundTrip(ctx, func(ctx context.Context, message []byte) error {
		sent = append(sent, string(message))
		cancel()
		return ctx.Err()
	}, "tools/call", []byte(`{}`))
	if !errors.Is(err, context.Canceled) || len(sent) != 2 || !strings.Contains(sent[1], `"notifications/cancelled","params":{"requestId":1}`) {
		t.Errorf("%v, sent %v", err, sent)
	}
}
