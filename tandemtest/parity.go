package tandemtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/tandem-go/tandem"
)

// ParityConfig says what [Parity] compares; its zero value is good for a
// service whose results depend on nothing but its calls.
type ParityConfig struct {
	// Cases are further calls by operation, made before the generated ones.
	Cases map[string][]json.RawMessage
	// Valid is how many valid calls are generated for each operation; zero
	// means 6.
	Valid int
	// Invalid is at most how many invalid calls are generated for each
	// operation; zero means 60.
	Invalid int
	// Seed makes other calls; the same seed always makes the same ones.
	Seed uint64
	// Skip names operations that are not called.
	Skip []string
	// Ignore names by operation what may differ between two runs of the same
	// call: JSON Pointers into the result ("/uptime_seconds", "/items/*/id").
	Ignore map[string][]string
	// Transports are compared to the first of them; nil means all.
	Transports []Transport
}

func (c ParityConfig) withDefaults() ParityConfig {
	if c.Valid == 0 {
		c.Valid = 6
	}
	if c.Invalid == 0 {
		c.Invalid = 60
	}
	if c.Transports == nil {
		c.Transports = Transports()
	}
	return c
}

// Parity proves that a service answers alike through every transport. It calls
// newService once for each transport: every one must start in the same state
// (its managed resources are started and stopped) and then receives the same calls in the same order. Compared are the verdict,
// the error's code and text, each field error, and the result. Operations that
// are not served by both doors are left out.
func Parity(t *testing.T, newService func(testing.TB) *tandem.Service, cfg ParityConfig) {
	t.Helper()
	cfg = cfg.withDefaults()
	calls := plan(t, newService(t), cfg)
	if len(calls) == 0 {
		t.Fatal("no operation is served by both doors: there is nothing to compare")
	}
	var reference []answer
	for i, transport := range cfg.Transports {
		answers := run(t, newService(t), transport, calls)
		if i == 0 {
			reference = answers
			continue
		}
		t.Run(string(transport), func(t *testing.T) {
			compare(t, cfg, calls, reference, answers)
		})
	}
	report(t, cfg, calls, reference)
}

// call is one planned call; both credentials and arguments may be wrong.
type call struct {
	operation string
	name      string
	arguments json.RawMessage
	anonymous bool // by a principal with no scope at all
}

// answer is what a transport gave; err is [ErrInexpressible] or a fault.
type answer struct {
	Outcome
	err error
}

// plan generates the calls of every operation.
func plan(t testing.TB, svc *tandem.Service, cfg ParityConfig) []call {
	t.Helper()
	var calls []call
	for _, op := range svc.Operations() {
		if !op.Doors.Has(tandem.REST) || !op.Doors.Has(tandem.MCP) || slices.Contains(cfg.Skip, op.Name) {
			continue
		}
		for i, arguments := range cfg.Cases[op.Name] {
			calls = append(calls, call{operation: op.Name, name: fmt.Sprintf("case %d", i), arguments: arguments})
		}
		generated, err := generateCalls(op, cfg)
		if err != nil {
			t.Fatalf("operation %q: %v", op.Name, err)
		}
		calls = append(calls, generated...)
	}
	return calls
}

func generateCalls(op *tandem.Registered, cfg ParityConfig) ([]call, error) {
	root, err := parseSchema(op.InputSchema())
	if err != nil {
		return nil, err
	}
	g := &generator{rand: rand.New(rand.NewPCG(cfg.Seed, uint64(len(op.Name)))), root: root}
	var calls []call
	add := func(name string, arguments []byte) {
		calls = append(calls, call{operation: op.Name, name: name, arguments: arguments})
	}
	var last any
	for i := range cfg.Valid {
		last = g.value(root, 0)
		add(fmt.Sprintf("valid %d", i), encodeJSON(last))
	}
	for _, m := range g.sample(g.mutations(root, last), cfg.Invalid) {
		add(m.name, encodeJSON(m.value))
	}
	if doubled := duplicated(last); doubled != nil {
		add("a duplicate name", doubled)
	}
	calls = append(calls, call{operation: op.Name, name: "no scope", arguments: encodeJSON(last), anonymous: true})
	return calls, nil
}

// sample keeps at most n mutations, chosen at random, in their order.
func (g *generator) sample(all []mutation, n int) []mutation {
	for len(all) > n {
		i := g.rand.IntN(len(all))
		all = slices.Delete(all, i, i+1)
	}
	return all
}

// duplicated encodes v with its first member twice; nil if it has none.
func duplicated(v any) json.RawMessage {
	doc := encodeJSON(v)
	members, ok := v.(map[string]any)
	if !ok || len(members) == 0 {
		return nil
	}
	name := slices.Min(slices.Collect(maps.Keys(members)))
	doubled := fmt.Appendf(nil, "{%s:%s,", encodeJSON(name), encodeJSON(members[name]))
	return append(doubled, doc[1:]...)
}

// run makes every call through one transport.
func run(t *testing.T, svc *tandem.Service, transport Transport, calls []call) []answer {
	t.Helper()
	trusted := Dial(t, svc, transport)
	nobody := Dial(t, svc, transport, As(&tandem.Principal{Issuer: "tandemtest", Subject: "nobody"}))
	answers := make([]answer, len(calls))
	for i, c := range calls {
		client := trusted
		if c.anonymous {
			client = nobody
		}
		answers[i].Outcome, answers[i].err = client.Call(t.Context(), c.operation, c.arguments)
	}
	return answers
}

func compare(t *testing.T, cfg ParityConfig, calls []call, reference, answers []answer) {
	for i, c := range calls {
		want, got := reference[i], answers[i]
		if errors.Is(want.err, ErrInexpressible) || errors.Is(got.err, ErrInexpressible) {
			continue
		}
		if difference := differ(want, got, cfg.Ignore[c.operation]); difference != "" {
			t.Errorf("%s, %s: %s\narguments: %s", c.operation, c.name, difference, c.arguments)
		}
	}
}

// differ says in which way two answers to one call differ; empty for none.
func differ(want, got answer, ignore []string) string {
	switch {
	case want.err != nil:
		return fmt.Sprintf("the reference transport failed: %v", want.err)
	case got.err != nil:
		return fmt.Sprintf("the transport failed: %v", got.err)
	case want.Code() != got.Code():
		return fmt.Sprintf("want code %q, got %q (%+v)", want.Code(), got.Code(), got.Problem)
	case want.Problem != nil:
		return differProblems(*want.Problem, *got.Problem)
	}
	a, err := without(want.Result, ignore)
	if err != nil {
		return err.Error()
	}
	b, err := without(got.Result, ignore)
	if err != nil {
		return err.Error()
	}
	if string(a) != string(b) {
		return fmt.Sprintf("results differ\nwant %s\ngot  %s", a, b)
	}
	return ""
}

func differProblems(want, got tandem.Problem) string {
	want.CorrelationID, got.CorrelationID = "", ""
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return fmt.Sprintf("problems differ\nwant %s\ngot  %s", want.JSON(), got.JSON())
}

// report fails if the calls could not show a difference, and logs the counts.
func report(t *testing.T, cfg ParityConfig, calls []call, reference []answer) {
	t.Helper()
	succeeded, refused, inexpressible := 0, 0, 0
	for _, a := range reference {
		switch {
		case errors.Is(a.err, ErrInexpressible):
			inexpressible++
		case a.Problem != nil:
			refused++
		default:
			succeeded++
		}
	}
	t.Logf("parity: %d calls through each of %d transports: %d succeeded, %d were refused, %d cannot be written over %s",
		len(calls), len(cfg.Transports), succeeded, refused, inexpressible, cfg.Transports[0])
	if succeeded == 0 || refused == 0 {
		t.Errorf("parity proves little: %d calls succeeded and %d were refused; add Cases", succeeded, refused)
	}
}
