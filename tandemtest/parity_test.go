package tandemtest

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/tandem-go/tandem"
)

type colour string

func (colour) Enum() []colour { return []colour{"red", "green"} }

type card struct {
	Number string `json:"number" minLength:"4" maxLength:"19"`
}

type transfer struct {
	IBAN  string `json:"iban" pattern:"^[A-Z]{2}[0-9]{2,30}$"`
	Delay *int   `json:"delay,omitempty" minimum:"0" maximum:"30"`
}

type payment struct {
	Card     *card     `json:"card"`
	Transfer *transfer `json:"transfer"`
}

func (payment) Discriminator() string { return "method" }

type tree struct {
	Name     string `json:"name"`
	Children []tree `json:"children,omitempty" maxItems:"3"`
}

// everything has an argument of each kind that schemas know.
type everything struct {
	Text     string            `json:"text" minLength:"2" maxLength:"12"`
	Code     string            `json:"code,omitempty" pattern:"^[a-f]{2}-[0-9]+$"`
	Int      int64             `json:"int" minimum:"-5" maximum:"9007199254740993"`
	Small    uint8             `json:"small,omitzero"`
	Float    float64           `json:"float,omitzero" exclusiveMinimum:"0" maximum:"10" multipleOf:"0.25"`
	Flag     bool              `json:"flag,omitzero"`
	When     time.Time         `json:"when,omitzero"`
	Wait     time.Duration     `json:"wait,omitzero" example:"1m30s"`
	Blob     []byte            `json:"blob,omitempty" example:"dGFuZGVt"`
	Addr     netip.Addr        `json:"addr,omitzero" example:"192.0.2.7"`
	Colour   colour            `json:"colour,omitempty"`
	Size     int               `json:"size" default:"7" minimum:"1"`
	Tags     []string          `json:"tags,omitempty" minItems:"1" maxItems:"4" uniqueItems:"true"`
	Labels   map[string]string `json:"labels,omitempty" maxProperties:"3"`
	Maybe    *string           `json:"maybe"`
	Pay      *payment          `json:"pay,omitempty"`
	Tree     *tree             `json:"tree,omitempty"`
	Raw      json.RawMessage   `json:"raw,omitempty"`
	Fixed    [2]int            `json:"fixed,omitzero"`
	Contact  string            `json:"contact,omitempty" format:"email"`
	Identity string            `json:"identity,omitempty" format:"uuid"`
}

type search struct {
	Shelf string   `json:"shelf" minLength:"1" maxLength:"20"`
	Limit int      `json:"limit,omitzero" minimum:"1" maximum:"50" default:"10"`
	Ratio float64  `json:"ratio,omitzero" minimum:"0" maximum:"1"`
	Exact *bool    `json:"exact,omitempty"`
	Tags  []string `json:"tags,omitempty" maxItems:"3"`
	Lang  string   `json:"lang,omitempty" in:"header" enum:"de,en"`
}

func echo[T any](_ context.Context, in T) (T, error) { return in, nil }

func newEcho(testing.TB) *tandem.Service {
	svc := tandem.New("echo", "1.0.0")
	tandem.Register(svc, tandem.Operation{Name: "everything", Scopes: []string{"all"}}, echo[everything])
	tandem.Register(svc, tandem.Operation{Name: "search", Method: "GET", Path: "/shelves/{shelf}"}, echo[search])
	tandem.Register(svc, tandem.Operation{Name: "put", Method: "PUT", Path: "/shelves/{shelf}", AllowUnknown: true}, echo[search])
	tandem.Register(svc, tandem.Operation{Name: "count", Method: "GET"}, func(_ context.Context, in search) (int, error) { return in.Limit, nil })
	tandem.Register(svc, tandem.Operation{Name: "list"}, func(_ context.Context, in search) ([]string, error) { return in.Tags, nil })
	tandem.Register(svc, tandem.Operation{Name: "any"}, func(_ context.Context, in search) (any, error) {
		return map[string]any{"limit": in.Limit}, nil // an object, though its schema does not promise one
	})
	tandem.Register(svc, tandem.Operation{Name: "forget", Method: "DELETE", Path: "/shelves/{shelf}"}, func(_ context.Context, in search) (struct{}, error) {
		if in.Limit > 40 {
			return struct{}{}, tandem.Errorf(tandem.Aborted, "too many at once")
		}
		return struct{}{}, nil
	})
	return svc
}

// A service with an argument of each kind, in each place that REST has, answers
// alike through every transport.
func TestParityOfEverything(t *testing.T) {
	for seed := range uint64(4) {
		Parity(t, newEcho, ParityConfig{Seed: seed, Invalid: 200})
	}
}

// A door that behaves otherwise is found: parity can fail.
func TestParityFindsDifferences(t *testing.T) {
	for name, sabotage := range map[string]func(tandem.Result, error) (tandem.Result, error){
		"result": func(r tandem.Result, err error) (tandem.Result, error) {
			if err == nil {
				r.JSON = json.RawMessage(strings.Replace(string(r.JSON), "limit", "lim", 1))
			}
			return r, err
		},
		"verdict": func(r tandem.Result, err error) (tandem.Result, error) {
			return r, tandem.Errorf(tandem.NotFound, "sabotaged")
		},
		"fields": func(r tandem.Result, err error) (tandem.Result, error) {
			if tandem.CodeOf(err) == tandem.InvalidArgument {
				err = tandem.Errorf(tandem.InvalidArgument, "something is wrong")
			}
			return r, err
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := ParityConfig{Transports: []Transport{REST, Modern}}.withDefaults()
			newSabotaged := func(t testing.TB) *tandem.Service {
				svc := newEcho(t)
				svc.Observe(func(next tandem.Invoker) tandem.Invoker {
					return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
						result, err := next(ctx, call)
						if call.Door != tandem.MCP {
							return result, err
						}
						return sabotage(result, err)
					}
				})
				return svc
			}
			calls := plan(t, newSabotaged(t), cfg)
			answers := [][]answer{run(t, newSabotaged(t), REST, cfg.Answer, calls), run(t, newSabotaged(t), Modern, cfg.Answer, calls)}
			if differences := compare(cfg, calls, answers, 1); len(differences) == 0 {
				t.Errorf("%d calls showed no difference", len(calls))
			}
		})
	}
}
