package server

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-go/tandem"
)

// What came as strings is counted, value by value; a call that is right has no
// series.
func TestRepairedMetric(t *testing.T) {
	registry := prometheus.NewRegistry()
	svc := tandem.New("x", "1")
	svc.Observe(newCallMetrics(registry).intercept)
	type in struct {
		N []int `json:"n"`
	}
	op := tandem.Register(svc, tandem.Operation{Name: "sum"}, func(context.Context, in) (int, error) { return 0, nil })
	for _, c := range []struct {
		arguments string
		want      float64
	}{{`{"n":[1]}`, 0}, {`{"n":["1",2,"3"]}`, 2}, {`{"n":"[4]"}`, 3}} {
		if _, err := op.Invoke(t.Context(), &tandem.Call{Operation: op, Door: tandem.MCP, Arguments: []byte(c.arguments), Repair: true}); err != nil {
			t.Fatal(err)
		}
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		got := 0.0
		for _, f := range families {
			if f.GetName() == "tandem_arguments_repaired_total" {
				got = f.GetMetric()[0].GetCounter().GetValue()
			}
		}
		if got != c.want {
			t.Errorf("%s: %v counted, want %v", c.arguments, got, c.want)
		}
	}
}
