package health

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/tandem-go/tandem"
)

// An outage of what all replicas share takes none of them out of service; a
// resource of this one's own does.
func TestSharedState(t *testing.T) {
	down := errors.New("no route to host")
	for name, test := range map[string]struct {
		state, database error
		want            Status
		code            int
	}{
		"all is well":        {nil, nil, OK, http.StatusOK},
		"the state is away":  {down, nil, Degraded, http.StatusOK},
		"a resource is away": {nil, down, Failing, http.StatusServiceUnavailable},
		"everything is away": {down, down, Failing, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			svc := tandem.New("s", "1")
			svc.Manage("database", pinger(func(context.Context) error { return test.database }))
			h := NewReadiness(svc, ReadinessConfig{State: func(context.Context) error { return test.state }})
			report := h.Check(t.Context())
			if report.Status != test.want || report.Status.HTTPStatus() != test.code {
				t.Errorf("the whole is %s with %d", report.Status, report.Status.HTTPStatus())
			}
			if got := report.Components["state"].Status; got != of(test.state == nil) {
				t.Errorf("the state is %s", got)
			}
		})
	}
}

type pinger func(context.Context) error

func (p pinger) Ping(ctx context.Context) error { return p(ctx) }
func (p pinger) Close()                         {}

// While the state is away the door is not asked: its answer would take the time of
// the state's.
func TestDoorIsNotAskedWithoutState(t *testing.T) {
	svc := tandem.New("s", "1")
	asked := false
	protocol := NewProtocol(svc, ProtocolConfig{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked = true
		w.WriteHeader(http.StatusServiceUnavailable)
	})})
	h := NewReadiness(svc, ReadinessConfig{Protocol: protocol, State: func(context.Context) error { return errors.New("away") }})
	report := h.Check(t.Context())
	if _, there := report.Components[doorComponent]; asked || there || report.Status != Degraded {
		t.Errorf("asked %v, report %+v", asked, report)
	}
}

// A door that fails because the state went away meanwhile is no failure of its own.
func TestStateGoesDuringTheDoorsCheck(t *testing.T) {
	svc := tandem.New("s", "1")
	var away error
	protocol := NewProtocol(svc, ProtocolConfig{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	})})
	checks := 0
	h := NewReadiness(svc, ReadinessConfig{Protocol: protocol, State: func(context.Context) error {
		if checks++; checks > 1 {
			away = errors.New("away")
		}
		return away
	}})
	if got := h.Check(t.Context()).Status; got != Degraded {
		t.Errorf("the whole is %s", got)
	}
}
