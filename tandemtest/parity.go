package tandemtest

import (
	"cmp"
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
	// Answer answers what operations ask; nil means [Accept]. Transports whose
	// revision has no such questions make the call without, and their outcome is not
	// compared: unless it is the same, what comes after differs too.
	Answer AnswerFunc
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
	if c.Answer == nil {
		c.Answer = Accept
	}
	return c
}

// Parity proves that a service answers alike through every transport. It calls
// newService once to plan the calls and once for each transport: every service
// must start in the same state (its managed resources are started and stopped),
// and then receives the same calls in the same order. Compared are the verdict,
// the error's code and text, each field error, what is asked, and the result. Operations that
// are not served by both doors are left out.
func Parity(t *testing.T, newService func(testing.TB) *tandem.Service, cfg ParityConfig) {
	t.Helper()
	cfg = cfg.withDefaults()
	calls := plan(t, newService(t), cfg)
	if len(calls) == 0 {
		t.Fatal("no operation is served by both doors: there is nothing to compare")
	}
	answers := make([][]answer, len(cfg.Transports))
	for i, transport := range cfg.Transports {
		answers[i] = run(t, newService(t), transport, cfg.Answer, calls)
	}
	for i, transport := range cfg.Transports {
		t.Run(string(transport), func(t *testing.T) {
			for _, difference := range compare(cfg, calls, answers, i) {
				t.Error(difference)
			}
		})
	}
	report(t, cfg, calls, answers)
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

func (a answer) inexpressible() bool { return errors.Is(a.err, ErrInexpressible) }

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
		if m.value != nil { // over MCP "arguments": null means that there are none
			add(m.name, encodeJSON(m.value))
		}
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
func run(t *testing.T, svc *tandem.Service, transport Transport, questions AnswerFunc, calls []call) []answer {
	t.Helper()
	trusted := Dial(t, svc, transport, Answering(questions))
	nobody := Dial(t, svc, transport, Answering(questions), As(&tandem.Principal{Issuer: "tandemtest", Subject: "nobody"}))
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

// compare returns how the answers of one transport differ from those of the
// first transport that can express each call.
func compare(cfg ParityConfig, calls []call, answers [][]answer, transport int) []string {
	var differences []string
	for i, c := range calls {
		comparable := comparables(cfg.Transports, answers, i)
		if !slices.Contains(comparable, transport) {
			continue
		}
		reference := comparable[0]
		if difference := differ(answers[reference][i], answers[transport][i], cfg.between(reference, transport), cfg.Ignore[c.operation]); difference != "" {
			differences = append(differences, fmt.Sprintf("%s, %s: unlike %s, %s\narguments: %s",
				c.operation, c.name, cfg.Transports[reference], difference, c.arguments))
		}
	}
	return differences
}

func (c ParityConfig) between(a, b int) [2]Transport {
	return [2]Transport{c.Transports[a], c.Transports[b]}
}

// comparables returns the transports that can express a call, and be asked what it
// asks.
func comparables(transports []Transport, answers [][]answer, call int) []int {
	var asked []Question
	for _, a := range answers {
		if len(a[call].Asked) > len(asked) {
			asked = a[call].Asked
		}
	}
	var can []int
	for i, a := range answers {
		unable := slices.ContainsFunc(asked, func(q Question) bool { return !transports[i].canAnswer(q) })
		if !unable && !a[call].inexpressible() {
			can = append(can, i)
		}
	}
	return can
}

// differ says in which way two answers to one call differ; empty for none.
func differ(want, got answer, between [2]Transport, ignore []string) string {
	switch {
	case got.err != nil:
		return fmt.Sprintf("it failed: %v", got.err)
	case want.err != nil:
		return fmt.Sprintf("it answered where that failed: %v", want.err)
	case want.Code() != got.Code():
		return fmt.Sprintf("want code %q, got %q (%+v)", want.Code(), got.Code(), got.Problem)
	case want.Problem != nil:
		return cmp.Or(differProblems(*want.Problem, *got.Problem), differQuestions(want.Asked, got.Asked))
	}
	if difference := cmp.Or(differQuestions(want.Asked, got.Asked), differContent(want.Content, got.Content, between)); difference != "" {
		return difference
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
func report(t *testing.T, cfg ParityConfig, calls []call, answers [][]answer) {
	t.Helper()
	var succeeded, refused, inexpressible int
	for _, byCall := range answers {
		for _, a := range byCall {
			switch {
			case a.inexpressible():
				inexpressible++
			case a.Problem != nil:
				refused++
			case a.err == nil:
				succeeded++
			}
		}
	}
	t.Logf("parity: %d calls through each of %d transports: %d answers were results, %d were refusals, %d calls cannot be written over their transport",
		len(calls), len(cfg.Transports), succeeded, refused, inexpressible)
	if succeeded == 0 || refused == 0 {
		t.Errorf("parity proves little: %d results and %d refusals were compared; add Cases", succeeded, refused)
	}
}
